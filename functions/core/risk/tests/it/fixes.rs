//! Where findings of Windows are fixed, and marks of findings.

use risk::{factors, finding_facts, fixed_in, lasting_factors};
use schemas::{
    Place,
    finding::{Finding, FixAt},
    risk::{Answer, Exposure, Factor, PlaceFacts, VulnerabilityFacts},
};
use serde_json::json;

fn finding(fix_at: Option<&str>) -> Finding {
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    serde_json::from_value(json!({
        "vulnerability": "CVE-2024-38063", "package": "Windows Server 2019 (Server Core installation)",
        "installed_version": "10.0.17763.6189", "fixed_version": "10.0.17763.6293", "severity": "critical",
        "ratings": [{"source": "vendor", "severity": "critical", "cvss_score": 9.8, "cvss_vector": vector}],
        "kev": false, "kb": "KB5043050", "status": "fixed", "fix_at": fix_at,
        "summary": "Windows TCP/IP Remote Code Execution Vulnerability",
        "evidence": {"ecosystem": {"name": "windows", "release": "17763"}, "matched_name": "11572",
            "matched_version": "10.0.17763.6189", "comparison": "10.0.17763.6189 < 10.0.17763.6293",
            "product_id": "11572", "source": {"feed": "msrc-cvrf", "document": "2024-Aug"}}
    }))
    .unwrap()
}

fn image() -> Place {
    format!("image/sha256:{}", "1".repeat(64)).parse().unwrap()
}

#[test]
fn a_host_takes_the_update_and_an_image_the_build() {
    let host: Place = "host/win-1".parse().unwrap();
    let plain = PlaceFacts::default();
    let on_host = fixed_in(&finding(None), &host, &plain).unwrap();
    assert_eq!(
        (on_host.at, on_host.kb.as_deref()),
        (FixAt::Host, Some("KB5043050"))
    );
    assert_eq!(on_host.build.as_deref(), Some("10.0.17763.6293"));
    assert!(
        on_host.advice.contains("install KB5043050"),
        "{}",
        on_host.advice
    );

    let of_image = fixed_in(&finding(Some("image")), &image(), &plain).unwrap();
    assert_eq!(
        (of_image.at, of_image.kb),
        (FixAt::Image, None),
        "KBs are for hosts"
    );
    assert!(
        of_image.advice.contains("base of build 10.0.17763.6293"),
        "{}",
        of_image.advice
    );
    let both = fixed_in(&finding(Some("both")), &image(), &plain).unwrap();
    assert!(
        both.advice.contains("anew") && both.advice.contains("KB5043050"),
        "{}",
        both.advice
    );
}

#[test]
fn the_kernel_of_an_image_is_its_host_s_unless_hyper_v_gives_it_one() {
    let kernel = finding(Some("host"));
    let process = PlaceFacts {
        own_kernel: Answer::No,
        ..PlaceFacts::default()
    };
    let found = fixed_in(&kernel, &image(), &process).unwrap();
    assert_eq!(
        (found.at, found.kb.as_deref()),
        (FixAt::Host, Some("KB5043050"))
    );
    assert!(
        found.advice.contains("process isolation"),
        "{}",
        found.advice
    );
    let apart = PlaceFacts {
        own_kernel: Answer::Yes,
        ..PlaceFacts::default()
    };
    let found = fixed_in(&kernel, &image(), &apart).unwrap();
    assert_eq!(found.at, FixAt::Image);
    assert!(found.advice.contains("Hyper-V"), "{}", found.advice);
}

#[test]
fn what_is_no_finding_of_windows_says_nothing() {
    let mut other = finding(None);
    other.evidence.product_id = None;
    assert_eq!(fixed_in(&other, &image(), &PlaceFacts::default()), None);
}

#[test]
fn a_finding_s_marks_come_from_its_facts() {
    let finding = finding(None);
    let known = VulnerabilityFacts {
        known_exploited: true,
        exploitation: Some("poc".to_owned()),
        ..VulnerabilityFacts::default()
    };
    let place = PlaceFacts {
        exposure: Exposure::Observed,
        listening: Answer::Yes,
        root: Answer::Unknown,
        no_security_profile: Answer::Yes,
        ..PlaceFacts::default()
    };
    let facts = finding_facts(&finding, &known);
    let marks = factors(&finding.vulnerability, &facts, true, &place, 2025);
    assert_eq!(
        marks.iter().collect::<Vec<_>>(),
        [
            Factor::CriticalSeverity,
            Factor::FixAvailable,
            Factor::RemoteExecution,
            Factor::Recent,
            Factor::ExploitPublic,
            Factor::KnownExploited,
            Factor::AttackComplexityLow,
            Factor::AttackVectorNetwork,
            Factor::InternetReachable,
            Factor::Listening,
            Factor::NoSecurityProfile,
        ]
    );
    // The vector that everybody knows goes before the finding's own.
    let local = lasting_factors(
        &finding,
        Some("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:H"),
    );
    let wanted = [Factor::RemoteExecution, Factor::DenialOfService];
    assert_eq!(local.iter().collect::<Vec<_>>(), wanted);
    // Only Microsoft's titles are a vendor's word.
    let mut other = finding;
    other.evidence.source.feed = "debian-tracker".to_owned();
    assert!(!lasting_factors(&other, None).has(Factor::RemoteExecution));
}
