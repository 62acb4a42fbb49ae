//! Data outlives the stack, is encrypted, is nobody else's, and expires when it is to.

use std::collections::BTreeSet;

use bulkhead_tests::template::{list, text};

use crate::template;

#[test]
fn data_stays_when_the_stack_or_a_line_of_it_goes() {
    let template = template();
    let kinds = [
        ("AWS::DynamoDB::Table", 1),
        // One of data, and one of the portal's files.
        ("AWS::S3::Bucket", 2),
        // A bucket that stays is to stay closed.
        ("AWS::S3::BucketPolicy", 2),
        ("AWS::KMS::Key", 1),
    ];
    for (kind, number) in kinds {
        let found = template.of_type(kind);
        assert_eq!(found.len(), number, "{kind}");
        for name in found {
            let resource = template.resource(name);
            assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
        }
    }
    let table = template.properties("Table");
    assert_eq!(table["DeletionProtectionEnabled"], true);
    let recovery = &table["PointInTimeRecoverySpecification"];
    assert_eq!(recovery["PointInTimeRecoveryEnabled"], true);
    // A restored table names blobs of its time: both reach back equally far.
    assert_eq!(text(&recovery["RecoveryPeriodInDays"]), "${HistoryDays}");
    let bucket = template.properties("Bucket");
    assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
    let history = rule("history");
    assert_eq!(
        text(&history["NoncurrentVersionExpiration"]["NoncurrentDays"]),
        "${HistoryDays}"
    );
    // Names of their own would hinder a replacement, and a second stack after the first one went.
    for (name, property) in [("Table", "TableName"), ("Bucket", "BucketName")] {
        assert!(template.properties(name)[property].is_null(), "{name}");
    }
    assert_eq!(template.properties("Key")["PendingWindowInDays"], 30);
}

fn rule(id: &str) -> serde_json::Value {
    let template = template();
    let rules = &template.properties("Bucket")["LifecycleConfiguration"]["Rules"];
    let found = list(rules).into_iter().find(|rule| rule["Id"] == id);
    found.unwrap_or_else(|| panic!("no rule {id}")).clone()
}

#[test]
fn data_is_encrypted_and_nobody_elses() {
    let template = template();
    let table = &template.properties("Table")["SSESpecification"];
    assert_eq!(table["SSEEnabled"], true);
    assert_eq!(text(&table["KMSMasterKeyId"]), "${Key.Arn}");
    let bucket = template.properties("Bucket");
    let encryption = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    // Without it each request for a blob is one to the key as well.
    assert_eq!(encryption["BucketKeyEnabled"], true);
    let default = &encryption["ServerSideEncryptionByDefault"];
    assert_eq!(default["SSEAlgorithm"], "aws:kms");
    assert_eq!(text(&default["KMSMasterKeyID"]), "${Key.Arn}");
    for closed in [
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "IgnorePublicAcls",
        "RestrictPublicBuckets",
    ] {
        assert_eq!(
            bucket["PublicAccessBlockConfiguration"][closed], true,
            "{closed}"
        );
    }
    assert_eq!(
        bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
        "BucketOwnerEnforced"
    );
    assert_eq!(template.properties("Key")["EnableKeyRotation"], true);
    for queue in template.of_type("AWS::SQS::Queue") {
        assert_eq!(
            template.properties(queue)["SqsManagedSseEnabled"],
            true,
            "{queue}"
        );
    }
    assert_eq!(
        text(&template.properties("AlarmTopic")["KmsMasterKeyId"]),
        "${Key}"
    );
}

#[test]
fn only_encrypted_connections_reach_data() {
    let template = template();
    for (policy, action) in [("BucketPolicy", "s3:*"), ("QueuePolicy", "sqs:*")] {
        let statements = list(&template.properties(policy)["PolicyDocument"]["Statement"]);
        let refused = statements.iter().any(|statement| {
            statement["Effect"] == "Deny"
                && statement["Principal"] == "*"
                && statement["Action"] == action
                && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
        });
        assert!(refused, "{policy}");
        // Nobody is given anything by these: what is allowed stands in the roles.
        assert!(
            statements
                .iter()
                .all(|statement| statement["Effect"] == "Deny")
        );
    }
    let bucket = &template.properties("BucketPolicy")["PolicyDocument"]["Statement"][0];
    let covered: Vec<_> = list(&bucket["Resource"]).into_iter().map(text).collect();
    assert_eq!(covered, ["${Bucket.Arn}", "${Bucket.Arn}/*"]);
    let covered: BTreeSet<_> = list(&template.properties("QueuePolicy")["Queues"])
        .into_iter()
        .map(text)
        .collect();
    let all: BTreeSet<_> = template
        .of_type("AWS::SQS::Queue")
        .into_iter()
        .map(|queue| format!("${{{queue}}}"))
        .collect();
    assert_eq!(covered, all);
}

#[test]
fn the_table_has_the_keys_of_its_adapter() {
    let template = template();
    let table = template.properties("Table");
    let keys = |of: &serde_json::Value| -> Vec<String> {
        list(&of["KeySchema"])
            .into_iter()
            .map(|key| format!("{} {}", text(&key["AttributeName"]), text(&key["KeyType"])))
            .collect()
    };
    assert_eq!(keys(table), ["p HASH", "s RANGE"]);
    let indexes = list(&table["GlobalSecondaryIndexes"]);
    let names: Vec<_> = indexes
        .iter()
        .map(|index| text(&index["IndexName"]))
        .collect();
    assert_eq!(names, ["one", "two", "three"]);
    for (number, index) in (1..).zip(indexes) {
        assert_eq!(
            keys(index),
            [format!("p{number} HASH"), format!("s{number} RANGE")]
        );
        assert_eq!(index["Projection"]["ProjectionType"], "KEYS_ONLY");
    }
    // Bytewise order is that of strings in UTF-8.
    for attribute in list(&table["AttributeDefinitions"]) {
        assert_eq!(attribute["AttributeType"], "S");
    }
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], "t");
    assert_eq!(table["TimeToLiveSpecification"]["Enabled"], true);
}

#[test]
fn what_is_not_to_stay_expires() {
    let parts = &rule("history")["AbortIncompleteMultipartUpload"];
    assert_eq!(parts["DaysAfterInitiation"], 1);
    for (id, tag, days) in [
        ("exports-and-unclaimed-uploads", "day", "1"),
        ("envelopes", "envelope", "${EnvelopeDays}"),
    ] {
        let rule = rule(id);
        // A rule that applied to all blobs would delete findings.
        assert_eq!(rule["TagFilters"][0]["Key"], "keep", "{id}");
        assert_eq!(rule["TagFilters"][0]["Value"], tag, "{id}");
        assert_eq!(text(&rule["ExpirationInDays"]), days, "{id}");
    }
    let template = template();
    for rule in list(&template.properties("Bucket")["LifecycleConfiguration"]["Rules"]) {
        assert_eq!(rule["Status"], "Enabled");
        assert!(
            rule["ExpirationInDays"].is_null() || !rule["TagFilters"].is_null(),
            "a rule expires blobs of every kind: {rule}"
        );
    }
}
