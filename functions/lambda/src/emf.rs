//! Metrics as lines of the log, in CloudWatch's embedded metric format: no request of their own.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! Namespace `Bulkhead`, dimensions `Stage` and `Function`. A metric costs a month's price for each combination of
//! dimensions that has a value in an hour, so no tenant is a dimension, and what is nothing is left out: `Failures`,
//! `GivenUp` and `ItemsMatched` have values only where there were some, and `FeedAgeHours` has them of the function `feed`
//! alone, from the first document on. How long an invocation took is a field of the line
//! and no metric, since AWS/Lambda has it for nothing.

use handlers::{Count, FeedSources};
use platform::Platform;
use records::{Feeds, RecordError};
use serde_json::{Map, Value, json};

/// An hour in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// What one invocation did.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Name of the site.
    pub stage: &'a str,
    /// Name of the function.
    pub function: &'a str,
    /// Lambda's id of the invocation.
    pub request_id: &'a str,
    /// When it ended, in milliseconds since 1970.
    pub at_ms: u64,
    /// What it did.
    pub did: Count,
    /// Age of the oldest message when its work began, in milliseconds; of a queue only.
    pub oldest_ms: Option<u64>,
    /// Age of the advisories in whole hours; of the function `feed` only.
    pub feed_age_hours: Option<u64>,
}

/// How old the advisories are, in whole hours: for how long now the feed that is worst off was not read, or its publisher not
/// asked, without an error. A feed that never was good has no age; `None` where no feed has.
///
/// # Errors
/// When the table fails.
pub async fn feed_age_hours(
    platform: &Platform,
    sources: &FeedSources,
) -> Result<Option<u64>, RecordError> {
    let feeds = Feeds(platform);
    let states = feeds.states().await?;
    let mut good: Vec<_> = states.iter().filter_map(|state| state.good_at).collect();
    if let FeedSources::Download(downloads) = sources {
        let noted = feeds.downloads().await?;
        // Nobody asks the publisher of a feed that is no longer in use, and nobody has to.
        let in_use = noted
            .iter()
            .filter(|noted| downloads.feeds.iter().any(|feed| feed.name == noted.name));
        good.extend(in_use.filter_map(|noted| noted.good_at));
    }
    let now_ms = platform.clock.now_ms();
    Ok(good.into_iter().min().map(|oldest| {
        let then_ms = u64::try_from(oldest.as_ms()).unwrap_or(0);
        now_ms.saturating_sub(then_ms) / HOUR_MS
    }))
}

/// What was done between two counts of one function.
pub fn between(before: Count, after: Count) -> Count {
    Count {
        messages: after.messages.saturating_sub(before.messages),
        failures: after.failures.saturating_sub(before.failures),
        given_up: after.given_up.saturating_sub(before.given_up),
        duration_ms: after.duration_ms.saturating_sub(before.duration_ms),
        age_ms: after.age_ms,
        items: after.items.saturating_sub(before.items),
    }
}

impl Line<'_> {
    /// The line, without its end.
    pub fn to_json(&self) -> Value {
        let mut definitions = Vec::new();
        let mut values = Map::new();
        let mut metric = |name: &str, unit: &str, value: u64| {
            definitions.push(json!({"Name": name, "Unit": unit}));
            values.insert(name.to_owned(), value.into());
        };
        metric("Messages", "Count", self.did.messages);
        if let Some(oldest_ms) = self.oldest_ms {
            metric("AgeMs", "Milliseconds", oldest_ms);
        }
        if let Some(hours) = self.feed_age_hours {
            // CloudWatch has no unit of hours.
            metric("FeedAgeHours", "None", hours);
        }
        for (name, value) in [
            ("Failures", self.did.failures),
            ("GivenUp", self.did.given_up),
            ("ItemsMatched", self.did.items),
        ] {
            if value > 0 {
                metric(name, "Count", value);
            }
        }
        let mut line = json!({
            "_aws": {
                "Timestamp": self.at_ms,
                "CloudWatchMetrics": [{
                    "Namespace": "Bulkhead",
                    "Dimensions": [["Stage", "Function"]],
                    "Metrics": definitions,
                }],
            },
            "Stage": self.stage,
            "Function": self.function,
            "request_id": self.request_id,
            "DurationMs": self.did.duration_ms,
        });
        if let Some(line) = line.as_object_mut() {
            line.extend(values);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use platform::{Embedded, ManualClock};
    use records::feeds::{DownloadState, FeedState};
    use schemas::Timestamp;

    use super::*;

    /// The rules of the specification that CloudWatch drops a line for when it breaks them.
    fn check(line: &Value) {
        let aws = &line["_aws"];
        assert!(aws["Timestamp"].is_u64());
        for directive in aws["CloudWatchMetrics"].as_array().unwrap() {
            let namespace = directive["Namespace"].as_str().unwrap();
            assert!((1..=1024).contains(&namespace.len()));
            for set in directive["Dimensions"].as_array().unwrap() {
                let set = set.as_array().unwrap();
                assert!(set.len() <= 30);
                for name in set {
                    let value = line[name.as_str().unwrap()].as_str().unwrap();
                    assert!((1..=1024).contains(&value.len()));
                }
            }
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()));
            for metric in metrics {
                assert!(line[metric["Name"].as_str().unwrap()].is_number());
                let unit = metric["Unit"].as_str().unwrap();
                assert!(["Count", "Milliseconds", "None"].contains(&unit));
            }
        }
    }

    #[test]
    fn a_line_is_of_the_specified_form_and_leaves_out_what_is_nothing() {
        let before = Count {
            messages: 7,
            items: 100,
            ..Count::default()
        };
        let after = Count {
            messages: 10,
            failures: 1,
            duration_ms: 25,
            items: 100,
            ..Count::default()
        };
        let line = Line {
            stage: "prod",
            function: "scan",
            request_id: "r-1",
            at_ms: 1_780_000_000_000,
            did: between(before, after),
            oldest_ms: Some(1200),
            feed_age_hours: None,
        };
        let json = line.to_json();
        check(&json);
        assert_eq!(json["Messages"], 3);
        assert_eq!(json["Failures"], 1);
        assert_eq!(json["AgeMs"], 1200);
        assert_eq!(json["DurationMs"], 25);
        assert!(json.get("GivenUp").is_none() && json.get("ItemsMatched").is_none());
        let names = &json["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(names.as_array().unwrap().len(), 3);
        assert!(json.get("FeedAgeHours").is_none());
        assert!(!json.to_string().contains('\n'));
        let of_feeds = Line {
            feed_age_hours: Some(0),
            ..line
        };
        check(&of_feeds.to_json());
        assert_eq!(of_feeds.to_json()["FeedAgeHours"], 0);
    }

    #[tokio::test]
    async fn advisories_are_as_old_as_the_feed_that_is_worst_off() {
        const NOW_MS: i64 = 1_780_000_000_000;
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW_MS.unsigned_abs()));
        let platform = Embedded::open(folder.path().join("store"), clock).unwrap();
        let feeds = Feeds(&platform);
        let ago = |hours: i64| Some(Timestamp::from_ms(NOW_MS - hours * 3_600_000 - 1));
        let downloads = crate::feeds::sources("download").unwrap();
        let FeedSources::Download(in_use) = &downloads else {
            panic!("feeds are downloaded");
        };
        let age = async |sources| feed_age_hours(&platform, sources).await.unwrap();
        assert_eq!(age(&downloads).await, None);

        for (feed, good_at) in [("debian-tracker", ago(3)), ("never-good", None)] {
            let state = FeedState {
                version: 1,
                feed: feed.to_owned(),
                documents: Vec::new(),
                rows: 0,
                as_of: None,
                good_at,
                checked_at: Timestamp::from_ms(NOW_MS),
                error: None,
            };
            feeds.put_state(&state).await.unwrap();
        }
        assert_eq!(age(&downloads).await, Some(3));
        for (name, hours) in [(in_use.feeds[0].name, 50), ("no-longer-in-use", 900)] {
            let state = DownloadState {
                version: 1,
                name: name.to_owned(),
                error: Some("503".to_owned()),
                good_at: ago(hours),
                ..DownloadState::default()
            };
            feeds.put_download(&state).await.unwrap();
        }
        assert_eq!(age(&downloads).await, Some(50));
        assert_eq!(age(&FeedSources::None).await, Some(3));
    }
}
