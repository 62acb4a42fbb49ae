//! The portal is there where it is asked for, serves its files under its own policy, and leaves the API's answers as they are.

use std::{fs, path::Path};

use bulkhead_tests::template::{list, text};
use serde_json::Value;

use crate::template;

fn distribution() -> &'static Value {
    &template().properties("PortalDistribution")["DistributionConfig"]
}

/// A file of the project.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// Whether a pattern of a behaviour, which ends with `*` or has none, is one of a path.
fn takes(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => path.starts_with(beginning),
        None => path == pattern,
    }
}

#[test]
fn nothing_of_it_is_there_where_it_is_not_asked_for() {
    let template = template();
    let mut found = 0;
    for (name, resource) in template.section("Resources") {
        let kind = resource["Type"].as_str().unwrap();
        if name.starts_with("Portal") || kind.starts_with("AWS::CloudFront::") {
            assert_eq!(resource["Condition"], "HasPortal", "{name}");
            found += 1;
        }
    }
    assert!(found > 0);
    assert_eq!(template.value()["Parameters"]["Portal"]["Default"], "false");
}

#[test]
fn its_files_are_read_through_its_distribution_alone() {
    let template = template();
    let bucket = template.properties("PortalBucket");
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
    assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
    assert!(bucket["BucketName"].is_null());
    let statements =
        list(&template.properties("PortalBucketPolicy")["PolicyDocument"]["Statement"]);
    let (refusals, permissions): (Vec<&Value>, Vec<&Value>) = statements
        .into_iter()
        .partition(|statement| statement["Effect"] == "Deny");
    assert_eq!(
        refusals[0]["Condition"]["Bool"]["aws:SecureTransport"],
        "false"
    );
    assert_eq!(permissions.len(), 1);
    let permission = permissions[0];
    assert_eq!(permission["Action"], "s3:GetObject");
    assert_eq!(
        permission["Principal"]["Service"],
        "cloudfront.amazonaws.com"
    );
    let source = text(&permission["Condition"]["StringEquals"]["aws:SourceArn"]);
    assert!(
        source.ends_with(":distribution/${PortalDistribution}"),
        "{source}"
    );
    let origins = list(&distribution()["Origins"]);
    let files = origins
        .iter()
        .find(|origin| origin["Id"] == "files")
        .unwrap();
    assert_eq!(text(&files["OriginAccessControlId"]), "${PortalAccess.Id}");
}

#[test]
fn browsers_are_told_what_the_server_tells_them() {
    let template = template();
    let headers = &template.properties("PortalHeaders")["ResponseHeadersPolicyConfig"];
    let security = &headers["SecurityHeadersConfig"];
    let policy = &security["ContentSecurityPolicy"]["ContentSecurityPolicy"];
    let tried = read("frontend/csp.ts");
    let parts: Vec<&str> = tried.split('"').skip(1).step_by(2).collect();
    let (_, parts) = parts.split_last().unwrap();
    assert_eq!(parts.join("; "), policy.as_str().unwrap());

    let server = read("functions/server/src/portal.rs");
    let said = |text: &str| assert!(server.contains(&format!("\"{text}\"")), "{text}");
    said(
        security["ReferrerPolicy"]["ReferrerPolicy"]
            .as_str()
            .unwrap(),
    );
    for item in list(&headers["CustomHeadersConfig"]["Items"]) {
        said(item["Value"].as_str().unwrap());
    }
    let default = &distribution()["DefaultCacheBehavior"];
    assert_eq!(
        text(&default["ResponseHeadersPolicyId"]),
        "${PortalHeaders}"
    );
}

#[test]
fn every_path_of_the_api_is_answered_by_it_and_no_answer_is_kept_or_replaced() {
    let distribution = distribution();
    assert_eq!(
        distribution["DefaultCacheBehavior"]["TargetOriginId"],
        "files"
    );
    // An error page of the distribution would stand in for problems of the API.
    assert!(distribution["CustomErrorResponses"].is_null());
    let behaviours = list(&distribution["CacheBehaviors"]);
    for behaviour in &behaviours {
        let pattern = &behaviour["PathPattern"];
        assert_eq!(behaviour["TargetOriginId"], "api", "{pattern}");
        assert_eq!(behaviour["ViewerProtocolPolicy"], "https-only", "{pattern}");
        assert_eq!(list(&behaviour["AllowedMethods"]).len(), 7, "{pattern}");
        // Amazon's own that keeps nothing, and the one that hands on all but the host.
        assert_eq!(
            behaviour["CachePolicyId"],
            "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
        );
        assert_eq!(
            behaviour["OriginRequestPolicyId"],
            "b689b0a8-53d0-40ab-baf2-68738e2966ac"
        );
        // Answers that may show a secret (BREACH).
        assert_eq!(behaviour["Compress"], false, "{pattern}");
    }
    let answered = |path: &str| {
        behaviours
            .iter()
            .any(|behaviour| takes(behaviour["PathPattern"].as_str().unwrap(), path))
    };
    let described: Value = serde_json::from_str(&read("schemas/openapi.json")).unwrap();
    for path in described["paths"].as_object().unwrap().keys() {
        assert!(answered(path), "{path}");
    }
    for page in [
        "/",
        "/agents",
        "/vulnerabilities/CVE-2024-38063",
        "/assets/a-1.js",
    ] {
        assert!(!answered(page), "{page}");
    }
}

#[test]
fn old_protocols_are_refused_under_a_name_of_ones_own() {
    let certificate = &distribution()["ViewerCertificate"]["Fn::If"];
    assert_eq!(certificate[0], "HasPortalDomain");
    assert_eq!(certificate[1]["MinimumProtocolVersion"], "TLSv1.2_2021");
}
