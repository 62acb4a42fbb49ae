//! Ubuntu's fixes for subscribers and for everyone.

use schemas::{advisory::AdvisoryStatus, inventory::GapReason};

use super::*;

const UBUNTU: &str = "Candidate: CVE-2023-0001\nPublicDate: 2023-07-27\nPriority: medium\n\
    bionic_curl: ignored (end of standard support, was needed)\nesm-infra/bionic_curl: released (7.58.0-2ubuntu3.24+esm1)\n\
    jammy_curl: released (7.81.0-1ubuntu1.10)\njammy_ffmpeg: needed\nesm-apps/jammy_ffmpeg: released (7:4.4.2-0ubuntu0.22.04.1+esm4)\njammy_snapd: needs-triage\njammy_vim: deferred\njammy_bash: DNE\n";

#[test]
fn ubuntus_fix_for_subscribers_is_no_fix_for_others() {
    let (_out, shards) = shards(&[("u", UBUNTU)]);
    let on = |release: &str, packages: Vec<Package>| judged(&shards, "ubuntu", release, packages);
    let jammy = on(
        "22.04",
        vec![
            deb("libcurl4", "7.81.0-1ubuntu1.9", "curl"),
            deb("ffmpeg", "7:4.4.2-0ubuntu0.22.04.1", "ffmpeg"),
            deb("snapd", "2.1", "snapd"),
            deb("vim", "9", "vim"),
            deb("bash", "5", "bash"),
        ],
    );
    assert_eq!(
        told(&jammy),
        [
            "ffmpeg CVE-2023-0001 open -",
            "libcurl4 CVE-2023-0001 fixed 7.81.0-1ubuntu1.10",
            "vim CVE-2023-0001 open -",
            "snapd CVE-2023-0001 ?",
        ]
    );
    let ffmpeg = jammy
        .findings
        .iter()
        .find(|f| f.package == "ffmpeg")
        .unwrap();
    assert_eq!(ffmpeg.evidence.fix_requires.as_deref(), Some("Ubuntu Pro"));
    assert_eq!(ffmpeg.fixed_at, None);
    assert!(
        ffmpeg.evidence.comparison.contains("+esm4"),
        "{}",
        ffmpeg.evidence.comparison
    );

    let old = on("18.04", vec![deb("curl", "7.58.0-2ubuntu3.24", "curl")]);
    assert_eq!(told(&old), ["curl CVE-2023-0001 end_of_life -"]);
    assert!(
        old.gaps
            .iter()
            .any(|gap| gap.reason == GapReason::EndOfLife)
    );
    // A place that has other updates for subscribers can get this one.
    let subscribed = on(
        "18.04",
        vec![
            deb("curl", "7.58.0-2ubuntu3.24", "curl"),
            deb("tar", "1.29b-2ubuntu0.4+esm1", "tar"),
        ],
    );
    assert_eq!(
        told(&subscribed),
        ["curl CVE-2023-0001 fixed 7.58.0-2ubuntu3.24+esm1"]
    );
    assert_eq!(subscribed.findings[0].status, AdvisoryStatus::Fixed);
    assert!(
        !subscribed
            .gaps
            .iter()
            .any(|gap| gap.reason == GapReason::EndOfLife)
    );
    let mended = on(
        "18.04",
        vec![deb("curl", "7.58.0-2ubuntu3.24+esm1", "curl")],
    );
    assert_eq!(told(&mended), [""; 0]);
}
