//! Metrics as lines of the log, in CloudWatch's embedded metric format: no request of their own, and no cost but the line's.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! Namespace `Bulkhead`, dimensions `Stage` and `Function`. A metric costs a month's price for each combination of
//! dimensions that has a value in an hour, so no tenant is a dimension, and what is nothing is left out: `Failures`,
//! `GivenUp` and `ItemsMatched` have values only where there were some. How long an invocation took is a field of the line
//! and no metric, since AWS/Lambda has it for nothing.

use handlers::Count;
use serde_json::{Map, Value, json};

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
                assert!(["Count", "Milliseconds"].contains(&unit));
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
        assert!(!json.to_string().contains('\n'));
    }
}
