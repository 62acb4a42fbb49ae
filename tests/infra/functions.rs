//! Each line of the roster has one function of the stack, with its name, trigger, bounds and queue.

use std::collections::BTreeSet;

use bulkhead_tests::template::{attribute, list, text};
use records::messages::QUEUES;
use roster::{FUNCTIONS, Trigger};

use crate::{queue, readers, template};

/// Functions that no line of the roster is: nothing but requests and operators starts them.
const OTHERS: [&str; 2] = ["api", "setup"];
/// Longest time that an HTTP API waits for an answer, in seconds.
const HTTP_S: u64 = 30;
/// How long SQS keeps a message at most, in seconds (14 days).
const KEPT_S: u64 = 14 * 86_400;

#[test]
fn the_stack_has_the_functions_of_the_roster() {
    let template = template();
    let deployed: BTreeSet<_> = template
        .of_type("AWS::Serverless::Function")
        .into_iter()
        .map(|function| template.function_name(function).expect(function))
        .collect();
    let known: BTreeSet<_> = FUNCTIONS
        .iter()
        .map(|function| function.name)
        .chain(OTHERS)
        .collect();
    assert_eq!(deployed, known);
    for name in known {
        let function = template.properties(template.function(name).unwrap());
        assert_eq!(
            text(&function["FunctionName"]),
            format!("${{AWS::StackName}}-{name}")
        );
    }
}

/// Lambda stops a function that starts itself by messages after some sixteen times, unless it is told to.
#[test]
fn functions_that_go_on_by_messages_to_themselves_are_not_stopped() {
    let template = template();
    for function in &FUNCTIONS {
        let Trigger::Queue(own) = function.trigger else {
            continue;
        };
        let deployed = template.properties(template.function(function.name).unwrap());
        let goes_on = function.needs.sends.contains(&own);
        let allowed = deployed["RecursiveLoop"] == "Allow";
        assert_eq!(allowed, goes_on, "{}", function.name);
    }
}

#[test]
fn bounds_are_those_of_the_roster() {
    let template = template();
    for function in &FUNCTIONS {
        let deployed = template.properties(template.function(function.name).unwrap());
        let name = function.name;
        // The host ends a message a little before its instance ends.
        assert_eq!(
            deployed["Timeout"].as_u64().unwrap() * 1000,
            function.timeout_ms,
            "{name}"
        );
        assert_eq!(deployed["MemorySize"], function.memory_mb, "{name}");
    }
    for name in OTHERS {
        let deployed = template.properties(template.function(name).unwrap());
        assert!(deployed["Timeout"].as_u64().unwrap() <= HTTP_S, "{name}");
    }
}

#[test]
fn each_queue_starts_its_function_and_has_dead_letters() {
    let template = template();
    let mut queues = BTreeSet::new();
    for (function, name) in readers() {
        let deployed = template.properties(template.function(function.name).unwrap());
        let events: Vec<_> = deployed["Events"].as_object().unwrap().values().collect();
        let [event] = events[..] else {
            panic!("{} is started by {} events", function.name, events.len());
        };
        assert_eq!(event["Type"], "SQS");
        let event = &event["Properties"];
        let own = queue(template, name);
        assert_eq!(attribute(&event["Queue"], "Arn").as_deref(), Some(own));
        assert_eq!(event["BatchSize"], function.batch_size, "{name}");
        // Without this one message that fails brings all of its batch again.
        assert_eq!(
            list(&event["FunctionResponseTypes"]),
            ["ReportBatchItemFailures"]
        );
        // Fewer than 2 SQS does not take; without a bound one queue may take all instances of the account.
        assert!(
            (2..=1000).contains(
                &event["ScalingConfig"]["MaximumConcurrency"]
                    .as_u64()
                    .unwrap()
            )
        );

        let dead = queue(template, &format!("{name}-dead"));
        let (own_is, dead_is) = (template.properties(own), template.properties(dead));
        assert_eq!(
            own_is["VisibilityTimeout"], function.visibility_timeout_s,
            "{name}"
        );
        assert!(
            own_is["VisibilityTimeout"].as_u64().unwrap()
                >= 6 * deployed["Timeout"].as_u64().unwrap(),
            "{name}"
        );
        let redrive = &own_is["RedrivePolicy"];
        assert_eq!(
            attribute(&redrive["deadLetterTargetArn"], "Arn").as_deref(),
            Some(dead)
        );
        // The host gives up first, with a reason; this is for messages under which the host itself dies.
        assert!(
            redrive["maxReceiveCount"].as_u64().unwrap() > u64::from(function.max_receives),
            "{name}"
        );
        for is in [own_is, dead_is] {
            assert_eq!(is["MessageRetentionPeriod"], KEPT_S, "{name}");
        }
        queues.extend([own, dead]);
    }
    let all: BTreeSet<_> = template.of_type("AWS::SQS::Queue").into_iter().collect();
    assert_eq!(all, queues, "queues that nobody reads");
    assert_eq!(queues.len(), 2 * QUEUES.len());
}

#[test]
fn schedules_are_those_of_the_roster() {
    let template = template();
    for function in &FUNCTIONS {
        let Trigger::Schedule { every_s } = function.trigger else {
            continue;
        };
        let deployed = template.properties(template.function(function.name).unwrap());
        let events: Vec<_> = deployed["Events"].as_object().unwrap().values().collect();
        let [event] = events[..] else {
            panic!("{} is started by {} events", function.name, events.len());
        };
        assert_eq!(event["Type"], "ScheduleV2");
        let rate = text(&event["Properties"]["ScheduleExpression"]);
        assert_eq!(seconds(&rate), every_s, "{}: {rate}", function.name);
        // What is late by more than its interval is overtaken by the next.
        let late = event["Properties"]["RetryPolicy"]["MaximumEventAgeInSeconds"].as_u64();
        assert!(late.unwrap() <= u64::from(every_s).max(300));
    }
}

/// Seconds of `rate(N UNIT)`.
fn seconds(rate: &str) -> u32 {
    let inside = rate
        .strip_prefix("rate(")
        .unwrap()
        .strip_suffix(')')
        .unwrap();
    let (count, unit) = inside.split_once(' ').unwrap();
    let unit = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        other => panic!("{other}"),
    };
    count.parse::<u32>().unwrap() * unit
}

#[test]
fn every_function_knows_where_its_data_is() {
    let template = template();
    let all = &template.value()["Globals"]["Function"];
    let variables = &all["Environment"]["Variables"];
    for (name, value) in [
        ("BULKHEAD_TABLE", "${Table}"),
        ("BULKHEAD_BUCKET", "${Bucket}"),
        (
            "BULKHEAD_QUEUES",
            "https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/${AWS::StackName}-",
        ),
        ("BULKHEAD_KEY", "${Key.Arn}"),
        ("BULKHEAD_STAGE", "${Stage}"),
    ] {
        assert_eq!(text(&variables[name]), value, "{name}");
    }
    assert_eq!(all["Runtime"], "provided.al2023");
    assert_eq!(all["Handler"], "bootstrap");
    // A cache that fills the disk of an instance leaves no room for anything else.
    for name in template.of_type("AWS::Serverless::Function") {
        let function = template.properties(name);
        let own = &function["Environment"]["Variables"]["BULKHEAD_CACHE_BYTES"];
        let cache: u64 = text(if own.is_null() {
            &variables["BULKHEAD_CACHE_BYTES"]
        } else {
            own
        })
        .parse()
        .unwrap();
        let disk = function["EphemeralStorage"]["Size"].as_u64().unwrap_or(512) << 20;
        assert!(cache <= disk * 3 / 4, "{name}: {cache} of {disk}");
    }
}

#[test]
fn the_api_is_reached_by_routes_with_bounds() {
    let template = template();
    let only = |kind: &str| {
        let found = template.of_type(kind);
        assert_eq!(found.len(), 1, "{kind}");
        template.properties(found[0]).clone()
    };
    // Who may do what is decided by the API itself, which knows tenants and agents. What has a route of its own is what strangers
    // may ask and is dear to answer, and has a bound of its own.
    let routes = template.of_type("AWS::ApiGatewayV2::Route");
    let target = text(&template.properties(routes[0])["Target"]);
    let keys: BTreeSet<_> = routes
        .iter()
        .map(|route| {
            let route = template.properties(route);
            let of = text(&route["Target"]);
            assert_eq!(of, target, "the same function");
            text(&route["RouteKey"])
        })
        .collect();
    let own = [
        "GET /api/v1/sign-in/{proxy+}",
        "POST /api/v1/invitations/accept",
        "POST /api/v1/session",
        "POST /api/v1/token/exchange",
    ];
    let expected = own.iter().chain(["$default"].iter());
    assert_eq!(keys, expected.map(|key| (*key).to_owned()).collect());
    let described = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi.json");
    let described = std::fs::read_to_string(described).unwrap();
    let described: serde_json::Value = serde_json::from_str(&described).unwrap();
    for (path, method) in [
        ("/api/v1/invitations/accept", "post"),
        ("/api/v1/session", "post"),
        ("/api/v1/sign-in/callback", "get"),
        ("/api/v1/sign-in/{id}", "get"),
        ("/api/v1/token/exchange", "post"),
    ] {
        let security = &described["paths"][path][method]["security"];
        assert_eq!(*security, serde_json::json!([{}]), "{path} asks nobody");
    }
    let integration = only("AWS::ApiGatewayV2::Integration");
    let api = template.function("api").unwrap();
    assert_eq!(
        attribute(&integration["IntegrationUri"], "Arn").as_deref(),
        Some(api)
    );
    assert_eq!(integration["PayloadFormatVersion"], "2.0");
    assert_eq!(integration["TimeoutInMillis"], HTTP_S * 1000);
    let may = only("AWS::Lambda::Permission");
    assert_eq!(text(&may["FunctionName"]), format!("${{{api}}}"));
    assert!(
        text(&may["SourceArn"]).ends_with(":${Http}/*"),
        "of this API alone"
    );
    let stage = only("AWS::ApiGatewayV2::Stage");
    for bound in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
        assert!(!stage["DefaultRouteSettings"][bound].is_null(), "{bound}");
        for key in own {
            let own = &stage["RouteSettings"][key][bound];
            assert!(text(own).contains("SignIn"), "{key} {bound}");
        }
    }
    let settings = stage["RouteSettings"].as_object().unwrap();
    assert_eq!(settings.len(), own.len());
    // The stage is made after its routes.
    let stage = template.of_type("AWS::ApiGatewayV2::Stage")[0];
    let after = template.resource(stage)["DependsOn"].as_array().unwrap();
    let after: BTreeSet<_> = after.iter().filter_map(|name| name.as_str()).collect();
    for route in routes {
        let key = text(&template.properties(route)["RouteKey"]);
        assert_eq!(after.contains(route), key != "$default", "{route}");
    }
}
