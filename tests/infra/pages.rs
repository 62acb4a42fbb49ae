//! What people read about the template, and what its cost is computed from, says what it is.

use std::{fs, path::Path};

use crate::template;

#[test]
fn the_readme_names_every_parameter_and_output() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let template = template();
    for section in ["Parameters", "Outputs"] {
        for (name, is) in template.section(section) {
            assert!(readme.contains(&format!("`{name}`")), "{section}: {name}");
            assert!(is["Description"].is_string(), "{section}: {name}");
        }
    }
}

#[test]
fn every_parameter_is_used() {
    let template = template();
    let mut rest = template.value().clone();
    rest.as_object_mut().unwrap().remove("Parameters");
    let rest = rest.to_string();
    for (name, _) in template.section("Parameters") {
        let reference = rest.contains(&format!("{{\"Ref\":\"{name}\"}}"));
        assert!(
            reference || rest.contains(&format!("${{{name}}}")),
            "{name}"
        );
    }
}

#[test]
fn the_cost_is_that_of_this_template() {
    let assumed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/cost/assumptions.toml");
    let assumed: toml::Table = fs::read_to_string(assumed).unwrap().parse().unwrap();
    let number = |section: &str, name: &str| assumed[section][name].as_float().unwrap();
    let template = template();
    let count = |kind: &str| f64::from(u32::try_from(template.of_type(kind).len()).unwrap());
    for (name, kind, of_each) in [
        ("alarms", "AWS::CloudWatch::Alarm", 1.0),
        ("dashboards", "AWS::CloudWatch::Dashboard", 1.0),
        ("keys", "AWS::KMS::Key", 1.0),
        // Nobody waits at the queues of dead letters.
        ("queues", "AWS::SQS::Queue", 2.0),
    ] {
        assert_eq!(number("standing", name) * of_each, count(kind), "{name}");
    }
    for (name, parameter) in [
        ("envelope_days", "EnvelopeDays"),
        ("history_days", "HistoryDays"),
        ("log_days", "LogRetentionDays"),
    ] {
        let default = &template.value()["Parameters"][parameter]["Default"];
        assert_eq!(
            number("standing", name),
            default.as_f64().unwrap(),
            "{name}"
        );
    }
    let api = template.properties(template.function("api").unwrap());
    assert_eq!(
        number("functions", "api_memory_mb"),
        api["MemorySize"].as_f64().unwrap()
    );
}
