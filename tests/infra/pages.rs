//! What people read about the template says what it is.

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
