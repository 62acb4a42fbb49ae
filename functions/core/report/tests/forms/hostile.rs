//! Names, versions and texts that want to be more than text.

use std::io::{self, Write};

use proptest::prelude::*;
use report::{Form, write};
use schemas::{Severity, report::Report};

use super::fixture::{empty, finding, full, json, package, written};

/// Markup, links, placeholders, control characters, escapes of terminals, a reversal of the direction of writing.
const NASTY: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)>]]>'\"&{0}[a](javascript:b)\
                     \u{1b}[2J\u{7}\u{0}\u{202e}\u{fffe}\u{ffff}\r\n<!-- -->|`";

fn nasty() -> Report {
    let mut report = full();
    let mut package = package(NASTY, NASTY);
    package.purl = format!("pkg:npm/{NASTY}");
    package.path = format!("../../{NASTY}");
    package.source_name = Some(NASTY.to_owned());
    let mut found = finding("CVE-2026-1", &package, Severity::High);
    found.summary = Some(NASTY.to_owned());
    found.fixed_version = Some(NASTY.to_owned());
    found.evidence.source.url = Some(format!("javascript:{NASTY}"));
    found.evidence.source.feed = NASTY.to_owned();
    found.evidence.comparison = NASTY.to_owned();
    report.target.name = NASTY.to_owned();
    report.packages.push(package);
    report.findings.push(found);
    report.coverage.gaps[0].detail = NASTY.to_owned();
    report.coverage.gaps[0].path = Some(NASTY.to_owned());
    report.suppressed[0].by.reason = NASTY.to_owned();
    report.cannot_judge[0].detail = NASTY.to_owned();
    report.remedies[0].action = NASTY.to_owned();
    report.feeds[0].name = NASTY.to_owned();
    if let Some(policy) = &mut report.policy {
        policy.violations[1].reason = NASTY.to_owned();
        policy.notices[0].detail = NASTY.to_owned();
    }
    report
}

#[test]
fn markup_stays_text() {
    let html = written(&nasty(), Form::Html);
    let scripts = html.matches("<script").count();
    assert_eq!(
        scripts,
        written(&full(), Form::Html).matches("<script").count()
    );
    assert!(!html.contains("<img"), "an element was made");
    assert!(!html.contains("href=\"javascript"), "a link was made");
    let junit = written(&nasty(), Form::Junit);
    assert!(!junit.contains("<script") && !junit.contains("<img"));
}

#[test]
fn no_control_character_is_written() {
    for form in Form::ALL {
        let text = written(&nasty(), form);
        let bad = text
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}'));
        assert_eq!(
            bad.filter(|c| c.is_control() || matches!(form, Form::Junit | Form::Html)),
            None,
            "{form:?}"
        );
    }
}

#[test]
fn messages_hold_neither_links_nor_placeholders() {
    let sarif = json(&nasty(), Form::Sarif);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let text = results
        .iter()
        .find(|r| r["ruleId"] == "CVE-2026-1")
        .and_then(|r| r["message"]["text"].as_str())
        .unwrap();
    assert!(text.contains("{{0}}\\[a\\](javascript:b)"), "{text}");
    let uri = results
        .iter()
        .find(|r| r["ruleId"] == "CVE-2026-1")
        .map(|r| &r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        .unwrap();
    assert!(!uri.as_str().unwrap().contains([':', '<', ' ']), "{uri}");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for form in Form::ALL {
        assert_eq!(written(&nasty(), form), written(&nasty(), form), "{form:?}");
    }
    let mut later = full();
    later.scanned_at = later.scanned_at.plus_ms(1);
    let serial = |report: &Report| json(report, Form::CycloneDx)["serialNumber"].clone();
    assert_ne!(
        serial(&full()),
        serial(&later),
        "each document has an identity of its own"
    );
}

/// Counts, and remembers the largest piece.
#[derive(Default)]
struct Meter {
    bytes: usize,
    largest: usize,
}

impl Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        self.largest = self.largest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn large_reports_are_written_in_small_pieces() {
    let mut report = empty();
    for at in 0..2_000 {
        let package = package(&format!("package-{at}"), "1.0");
        report.findings.push(finding(
            &format!("CVE-2026-{}", 10_000 + at),
            &package,
            Severity::High,
        ));
        report.packages.push(package);
    }
    for form in Form::ALL {
        let mut meter = Meter::default();
        write(&report, form, &mut meter).unwrap();
        assert!(meter.bytes > 200_000, "{form:?} {}", meter.bytes);
        assert!(meter.largest < 32 * 1024, "{form:?} {}", meter.largest);
    }
}

#[test]
fn a_writer_that_fails_is_reported() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for form in Form::ALL {
        let error = write(&full(), form, &mut Broken).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{form:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_text_can_be_written(name in any::<String>(), version in any::<String>(), path in any::<String>()) {
        let mut report = full();
        let mut package = package("p", "1");
        package.name.clone_from(&name);
        package.version.clone_from(&version);
        package.path.clone_from(&path);
        package.purl.clone_from(&name);
        report.findings.push(finding("CVE-2026-1", &package, Severity::Low));
        report.packages.push(package);
        for form in [Form::Sarif, Form::CycloneDx, Form::Spdx] {
            json(&report, form);
        }
        for form in [Form::Junit, Form::Html] {
            let text = written(&report, form);
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
