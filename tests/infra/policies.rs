//! A function may do what the roster says that it does, and no more.

use std::collections::BTreeSet;

use bulkhead_tests::template::{Allowed, list, text};
use records::messages::QUEUES;
use roster::{FUNCTIONS, Needs, Records};

use crate::{queue, readers, template};

const TABLE: &str =
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table}";
const READ: [&str; 3] = [
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
];
// Conditions, and the writes of a transaction, are permitted one by one.
const WRITE: [&str; 4] = [
    "dynamodb:PutItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
];
/// Paths whose blobs expire, by the tag that they are stored with.
const EXPIRING: [&str; 3] = ["t/*/envelopes/*", "t/*/exports/*", "t/*/uploads/*"];

/// What a function is to be allowed.
struct Expected(BTreeSet<Allowed>);

impl Expected {
    fn add(&mut self, resource: &str, actions: &[&str]) {
        self.0.extend(actions.iter().map(|action| Allowed {
            action: (*action).to_owned(),
            resource: resource.to_owned(),
            through: Vec::new(),
        }));
    }

    /// By the needs of a function, beside its log and the queues that start it.
    fn of(template: &bulkhead_tests::template::Template, needs: &Needs) -> Self {
        let mut expected = Self(BTreeSet::new());
        match needs.records {
            Records::None => {}
            Records::Read => expected.add(TABLE, &READ),
            Records::Write => {
                expected.add(TABLE, &READ);
                expected.add(TABLE, &WRITE);
            }
        }
        let blob = |path: &str| format!("${{Bucket.Arn}}/{path}");
        for path in needs.reads {
            expected.add(&blob(path), &["s3:GetObject"]);
        }
        for path in needs.writes {
            expected.add(&blob(path), &["s3:PutObject", "s3:AbortMultipartUpload"]);
            if EXPIRING.contains(path) {
                expected.add(&blob(path), &["s3:PutObjectTagging"]);
            }
        }
        for path in needs.deletes {
            expected.add(&blob(path), &["s3:DeleteObject"]);
        }
        // What SQS gave up becomes records.
        if !needs.gathers.is_empty() {
            expected.add(TABLE, &["dynamodb:PutItem"]);
        }
        for name in needs.gathers {
            let dead = format!("${{{}.Arn}}", queue(template, &format!("{name}-dead")));
            expected.add(
                &dead,
                &[
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                ],
            );
        }
        let blobs = [needs.reads, needs.writes, needs.deletes];
        let blobs = blobs.iter().any(|paths| !paths.is_empty());
        if blobs {
            // Who may not list is told 403 of a blob that is not there, in place of 404.
            expected.add("${Bucket.Arn}", &["s3:ListBucket"]);
        }
        if blobs || needs.records != Records::None || !needs.gathers.is_empty() {
            let actions = [
                "kms:Decrypt",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:DescribeKey",
            ];
            expected.0.extend(actions.map(|action| {
                Allowed {
                    action: action.to_owned(),
                    resource: "${Key.Arn}".to_owned(),
                    through: ["dynamodb", "s3"]
                        .map(|service| format!("{service}.${{AWS::Region}}.${{AWS::URLSuffix}}"))
                        .to_vec(),
                }
            }));
        }
        if needs.keys {
            expected.add("${Key.Arn}", &["kms:Encrypt", "kms:Decrypt"]);
        }
        for name in needs.sends {
            let queue = queue(template, name);
            expected.add(&format!("${{{queue}.Arn}}"), &["sqs:SendMessage"]);
        }
        expected
    }

    fn log(&mut self, template: &bulkhead_tests::template::Template, name: &str) {
        let function = template.properties(template.function(name).unwrap());
        let log = function["LoggingConfig"]["LogGroup"]["Ref"]
            .as_str()
            .unwrap();
        self.add(
            &format!("${{{log}.Arn}}"),
            &["logs:CreateLogStream", "logs:PutLogEvents"],
        );
    }
}

fn compare(name: &str, allowed: &BTreeSet<Allowed>, expected: &Expected) {
    let more: Vec<_> = allowed.difference(&expected.0).collect();
    let less: Vec<_> = expected.0.difference(allowed).collect();
    assert!(
        more.is_empty(),
        "{name} may do what the roster does not know: {more:#?}"
    );
    assert!(
        less.is_empty(),
        "{name} may not do what the roster says: {less:#?}"
    );
}

#[test]
fn functions_of_the_roster_may_do_what_they_need() {
    let template = template();
    for function in &FUNCTIONS {
        let name = function.name;
        let mut expected = Expected::of(template, &function.needs);
        expected.log(template, name);
        for (_, queued) in readers().filter(|(reader, _)| reader.name == name) {
            let own = format!("${{{}.Arn}}", queue(template, queued));
            expected.add(
                &own,
                &[
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:ChangeMessageVisibility",
                    "sqs:GetQueueAttributes",
                ],
            );
        }
        compare(name, &template.allowed(name).unwrap(), &expected);
    }
}

#[test]
fn the_api_and_the_setup_may_do_what_they_need() {
    let template = template();
    let mut expected = Expected::of(template, &Needs::API);
    expected.log(template, "api");
    for name in QUEUES {
        let own = format!("${{{}.Arn}}", queue(template, name));
        expected.add(&own, &["sqs:GetQueueAttributes"]);
    }
    compare("api", &template.allowed("api").unwrap(), &expected);

    let mut expected = Expected::of(template, &Needs::SETUP);
    expected.log(template, "setup");
    compare("setup", &template.allowed("setup").unwrap(), &expected);
}

#[test]
fn nothing_is_allowed_on_everything() {
    let template = template();
    let names = FUNCTIONS.iter().map(|function| function.name);
    for name in names.chain(["api", "setup"]) {
        for allowed in template.allowed(name).unwrap() {
            let Allowed {
                action, resource, ..
            } = &allowed;
            assert!(!action.contains('*'), "{name}: {allowed:?}");
            // A resource is one of the stack's own.
            assert!(
                resource.starts_with("${") || resource == TABLE,
                "{name}: {allowed:?}"
            );
        }
    }
}

#[test]
fn roles_are_for_functions_alone_and_one_for_each() {
    let template = template();
    let mut used = BTreeSet::new();
    for function in template.of_type("AWS::Serverless::Function") {
        let role = text(&template.properties(function)["Role"]);
        assert!(used.insert(role), "{function} shares its role");
    }
    for role in template.of_type("AWS::IAM::Role") {
        let trust = &template.properties(role)["AssumeRolePolicyDocument"];
        let statements = list(&trust["Statement"]);
        assert_eq!(statements.len(), 1, "{role}");
        assert_eq!(
            statements[0]["Principal"]["Service"], "lambda.amazonaws.com",
            "{role}"
        );
        assert!(
            used.remove(&format!("${{{role}.Arn}}")),
            "{role} is nobody's"
        );
    }
    assert!(used.is_empty(), "from outside of the template: {used:?}");
}
