//! Every form is valid by its published schema.

use std::{fs, path::Path, process::Command};

use jsonschema::Validator;
use report::Form;
use schemas::report::Report;
use serde_json::Value;

use super::fixture::{empty, full, gate_lacks, json, windows, written};

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/schemas")
        .join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[track_caller]
fn valid(validator: &Validator, document: &Value) {
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

fn reports() -> [Report; 4] {
    [empty(), full(), windows(), gate_lacks()]
}

#[test]
fn sarif_is_valid() {
    let validator = jsonschema::validator_for(&schema("sarif-2.1.0.schema.json")).unwrap();
    for report in reports() {
        valid(&validator, &json(&report, Form::Sarif));
    }
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0"})));
}

#[test]
fn cyclonedx_is_valid() {
    let registry = jsonschema::Registry::new()
        .add(
            "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json",
            schema("cyclonedx-spdx.schema.json"),
        )
        .unwrap()
        .add(
            "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json",
            schema("cyclonedx-jsf-0.82.schema.json"),
        )
        .unwrap()
        .prepare()
        .unwrap();
    let validator = jsonschema::options()
        .with_registry(&registry)
        .build(&schema("cyclonedx-1.6.schema.json"))
        .unwrap();
    for report in reports() {
        valid(&validator, &json(&report, Form::CycloneDx));
    }
    assert!(
        !validator.is_valid(&serde_json::json!({"bomFormat": "CycloneDX", "specVersion": 1.6}))
    );
}

#[test]
fn spdx_is_valid() {
    let validator = jsonschema::validator_for(&schema("spdx-2.3.schema.json")).unwrap();
    for report in reports() {
        valid(&validator, &json(&report, Form::Spdx));
    }
    assert!(!validator.is_valid(&serde_json::json!({"spdxVersion": "SPDX-2.3"})));
}

#[test]
fn junit_is_valid() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/junit-10.xsd");
    let folder = tempfile::tempdir().unwrap();
    for (at, report) in reports().iter().enumerate() {
        let file = folder.path().join(format!("{at}.xml"));
        fs::write(&file, written(report, Form::Junit)).unwrap();
        let mut xmllint = Command::new("xmllint");
        xmllint
            .args(["--nonet", "--noout", "--schema"])
            .arg(&schema)
            .arg(&file);
        match xmllint.output() {
            Ok(output) => assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            ),
            Err(_) => return at_hand::missing(at_hand::Need::Peers, "no xmllint (libxml2-utils)"),
        }
    }
}
