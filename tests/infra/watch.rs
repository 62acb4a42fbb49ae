//! Somebody is told when it breaks: logs that end, alarms for what a person must do something about, a dashboard.

use std::{collections::BTreeSet, fs, path::Path};

use bulkhead_tests::template::{list, text};
use roster::{FUNCTIONS, Trigger};
use serde_json::Value;

use crate::{queue, readers, template};

/// Alarms on a metric of a service, as the value of their dimension.
fn alarms_on(metric: &str, dimension: &str) -> BTreeSet<String> {
    let template = template();
    template
        .of_type("AWS::CloudWatch::Alarm")
        .into_iter()
        .map(|alarm| template.properties(alarm))
        .filter(|alarm| alarm["MetricName"] == metric)
        .filter_map(|alarm| {
            let mut dimensions = list(&alarm["Dimensions"]).into_iter();
            dimensions.find(|is| is["Name"] == dimension)
        })
        .map(|dimension| text(&dimension["Value"]))
        .collect()
}

#[test]
fn every_function_has_a_log_that_ends() {
    let template = template();
    let mut used = BTreeSet::new();
    for name in template.of_type("AWS::Serverless::Function") {
        let log = template.properties(name)["LoggingConfig"]["LogGroup"]["Ref"].as_str();
        assert!(used.insert(log.expect(name)), "{name} shares its log");
    }
    for log in template.of_type("AWS::Logs::LogGroup") {
        let retention = &template.properties(log)["RetentionInDays"];
        assert_eq!(text(retention), "${LogRetentionDays}", "{log}");
        used.remove(log);
    }
    assert!(used.is_empty(), "from outside of the template: {used:?}");
    let all = &template.value()["Globals"]["Function"]["LoggingConfig"];
    assert_eq!(all["LogFormat"], "JSON");
    // Metrics are lines of the log: none may be held back by its level.
    assert_eq!(all["ApplicationLogLevel"], "TRACE");
}

#[test]
fn the_log_of_requests_has_no_secrets() {
    let template = template();
    let format = text(&template.properties("HttpStage")["AccessLogSettings"]["Format"]);
    let line: Value = serde_json::from_str(&format).expect("a line is JSON");
    let known = [
        "$context.requestId",
        "$context.requestTime",
        "$context.identity.sourceIp",
        "$context.httpMethod",
        "$context.path",
        "$context.status",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.integrationErrorMessage",
    ];
    for value in line.as_object().unwrap().values() {
        assert!(known.contains(&value.as_str().unwrap()), "{value}");
    }
}

#[test]
fn every_queue_has_its_alarms() {
    let template = template();
    let (dead, age) = (
        alarms_on("ApproximateNumberOfMessagesVisible", "QueueName"),
        alarms_on("ApproximateAgeOfOldestMessage", "QueueName"),
    );
    let given_up = alarms_on("GivenUp", "Function");
    for (function, name) in readers() {
        let of = |name: &str| format!("${{{}.QueueName}}", queue(template, name));
        assert!(
            dead.contains(&of(&format!("{name}-dead"))),
            "{name}: dead letters"
        );
        assert!(age.contains(&of(name)), "{name}: age");
        assert!(given_up.contains(function.name), "{name}: given up");
    }
}

#[test]
fn what_no_queue_starts_has_an_alarm_for_crashes() {
    let template = template();
    let errors = alarms_on("Errors", "FunctionName");
    // Under whose messages a function crashes, those come again and are given up in the end, and that has its alarm.
    let scheduled = FUNCTIONS
        .iter()
        .filter(|function| matches!(function.trigger, Trigger::Schedule { .. }));
    for name in scheduled.map(|function| function.name).chain(["api"]) {
        let function = template.function(name).unwrap();
        assert!(errors.contains(&format!("${{{function}}}")), "{name}");
    }
}

#[test]
fn advisories_that_nothing_renews_have_an_alarm() {
    let template = template();
    assert!(alarms_on("FeedAgeHours", "Function").contains("feed"));
    let alarm = template.properties("FeedStale");
    assert_eq!(alarm["MetricName"], "FeedAgeHours");
    // Nothing that tells an age is nothing that is fresh.
    assert_eq!(alarm["TreatMissingData"], "breaching");
    let refresh = FUNCTIONS.iter().find(|is| is.name == "feed-refresh");
    let Some(Trigger::Schedule { every_s }) = refresh.map(|is| is.trigger) else {
        panic!("feeds are refreshed by a schedule");
    };
    let period_s = alarm["Period"].as_u64().unwrap();
    assert!(
        period_s >= 2 * u64::from(every_s),
        "a late refresh is no alarm"
    );
}

#[test]
fn every_alarm_tells_somebody_and_says_where_to_read_on() {
    let template = template();
    let runbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/RUNBOOK.md");
    let runbook = fs::read_to_string(runbook).ok();
    for name in template.of_type("AWS::CloudWatch::Alarm") {
        let alarm = template.properties(name);
        assert_eq!(
            list(&alarm["AlarmActions"])[0]["Ref"],
            "AlarmTopic",
            "{name}"
        );
        assert_eq!(
            text(&alarm["AlarmName"]),
            format!("${{AWS::StackName}}-{name}")
        );
        assert!(!alarm["TreatMissingData"].is_null(), "{name}");
        let says = text(&alarm["AlarmDescription"]);
        let (_, heading) = says.split_once("See infra/RUNBOOK.md, ").expect(name);
        let heading = heading.trim_end_matches('.');
        assert!(name.ends_with(heading), "{name} is told by {heading}");
        if let Some(runbook) = &runbook {
            let told = runbook.lines().any(|line| {
                line.starts_with('#')
                    && line
                        .split(|c: char| !c.is_ascii_alphanumeric())
                        .any(|word| word == heading)
            });
            assert!(
                told,
                "infra/RUNBOOK.md has no heading with {heading}, of {name}"
            );
        }
    }
}

#[test]
fn metrics_have_no_tenant() {
    let template = template();
    for name in template.of_type("AWS::CloudWatch::Alarm") {
        let alarm = template.properties(name);
        if alarm["Namespace"] == "Bulkhead" {
            let dimensions: Vec<_> = list(&alarm["Dimensions"])
                .into_iter()
                .map(|dimension| text(&dimension["Name"]))
                .collect();
            assert_eq!(dimensions, ["Stage", "Function"], "{name}");
        }
    }
}

#[test]
fn the_dashboard_shows_every_queue_and_function() {
    let template = template();
    let body = text(&template.properties("Dashboard")["DashboardBody"]);
    serde_json::from_str::<Value>(&body).expect("the dashboard is JSON");
    for name in template.of_type("AWS::SQS::Queue") {
        assert!(
            body.contains(&format!("\"${{{name}.QueueName}}\"")),
            "{name}"
        );
    }
    for name in template.of_type("AWS::Serverless::Function") {
        if template.function_name(name) != Some("setup") {
            assert!(body.contains(&format!("\"${{{name}}}\"")), "{name}");
        }
    }
}
