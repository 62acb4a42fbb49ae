//! The databases that languages keep themselves, by small documents in their form.

use super::*;

const CRATE: &str = r#"```toml
[advisory]
id = "RUSTSEC-2026-0258"
package = "H2_like"
date = "2026-08-17"
aliases = ["CVE-2026-1000", "GHSA-q83h-524g-xf6h"]
cvss = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N"

[versions]
patched = ["^0.3.27", ">= 0.4.16"]
unaffected = ["< 0.2.0"]
```

# Unbounded empty frames

Text.
"#;

#[test]
fn crates_are_affected_where_nothing_says_that_they_are_sound() {
    assert_eq!(
        good(CRATE, "rustsec"),
        [
            "as of 2026-08-17T00:00:00.000Z",
            "crates.io h2-like CVE-2026-1000 RUSTSEC-2026-0258 fixed [0.2.0..0.3.27 0.4.0..0.4.16]  high",
        ]
    );
    let front = |more: &str| CRATE.replace("date =", &format!("{more}\ndate ="));
    for silent in [
        front("informational = \"unmaintained\""),
        front("withdrawn = \"2026-09-01\""),
    ] {
        assert_eq!(good(&silent, "rustsec").len(), 1);
    }
    assert_eq!(
        good(
            &CRATE.replace("RUSTSEC-2026-0258", "CVE-2026-1001"),
            "rustsec"
        )[1],
        "not judged: rust toolchain"
    );
    let malicious = front("categories = [\"malicious\"]").replace("\"^0.3.27\", \">= 0.4.16\"", "");
    assert_eq!(
        good(&malicious, "rustsec")[1],
        "crates.io h2-like CVE-2026-1000 RUSTSEC-2026-0258 open [0.2.0..]  critical"
    );
}

#[test]
fn gems_have_patched_and_unaffected_requirements() {
    let gem = "---\ngem: rails-like\ncve: 2026-1001\nghsa: aaaa-bbbb-cccc\nurl: https://example.org/a\ntitle: Something\n\
               date: 2026-02-03\ncvss_v3: 8.8\nunaffected_versions:\n  - \"< 4.0\"\npatched_versions:\n  - \"~> 4.2.5, >= \
               4.2.5.1\"\n  - \">= 5.0.0.beta1.1\"\n";
    assert_eq!(
        good(gem, "ruby-advisory-db"),
        [
            "as of 2026-02-03T00:00:00.000Z",
            "rubygems rails-like CVE-2026-1001 - fixed [4.0..4.2.5.1 4.3..5.0.0.beta1.1]  high",
        ]
    );
    assert_eq!(
        good(
            &gem.replace("gem: rails-like", "engine: ruby"),
            "ruby-advisory-db"
        )[1],
        "not judged: ruby engine"
    );
}

#[test]
fn branches_of_php_packages_are_united() {
    let package = "title: Something\nlink: https://example.org/b\ncve: CVE-2026-1002\nbranches:\n  1.x:\n    time: 2026-01-02 \
                   03:04:05\n    versions: ['>=1.0', '<1.2.5']\n  2.x:\n    time: 2026-01-03 00:00:00\n    versions: \
                   ['>=2.0-dev', '<2.0.1']\nreference: composer://Vendor/Package\n";
    assert_eq!(
        good(package, "friends-of-php"),
        [
            "as of 2026-01-03T00:00:00.000Z",
            "packagist vendor/package CVE-2026-1002 - fixed [1.0..1.2.5 2.0-dev..2.0.1]  -",
        ]
    );
}

#[test]
fn node_and_its_packages_have_npm_requirements() {
    let npm = r#"{"id":1,"updated_at":"2016-04-28","module_name":"base","cves":["CVE-2014-1001"],"vulnerable_versions":"<=1.5.1 || 2.x","cvss_score":6.5}"#;
    let row = "npm base CVE-2014-1001 NSWG-ECO-1 fixed [0..=1.5.1 2..3.0.0]  medium";
    assert_eq!(good(npm, "nodejs-security")[1], row);
    assert_eq!(good(&format!("[{npm}]"), "nodejs-security")[1], row);
    assert_eq!(good(&format!("{npm}\n{npm}\n"), "nodejs-security")[3], row);
    let core = r#"{"1":{"cve":["CVE-2017-1001"],"vulnerable":"8.x || ^6.0.0","patched":"^8.1.4","severity":"high"},
        "2":{"cve":[],"vulnerable":"unknown"}}"#;
    assert_eq!(
        good(core, "nodejs-security"),
        [
            "nodejs node CVE-2017-1001 NSWG-COR-1 fixed [6.0.0..7.0.0 8..9.0.0]  high",
            "problem at NSWG-COR-2: `unknown` is not a version",
        ]
    );
}

#[test]
fn a_release_of_dotnet_fixes_every_part_of_it() {
    let channel = r#"{"channel-version":"8.0","latest-release":"8.0.28","latest-release-date":"2026-06-09","releases":[
        {"release-date":"2026-06-09","cve-list":[{"cve-id":"CVE-2026-45591"}],"runtime":{"version":"8.0.28"},
         "sdk":{"version":"8.0.422"},"sdks":[{"version":"8.0.422"},{"version":"8.0.128"}],
         "aspnetcore-runtime":{"version":"8.0.28"},"windowsdesktop":null},
        {"release-date":"2026-05-01","cve-list":null,"runtime":{"version":"8.0.27"}}]}"#;
    assert_eq!(
        good(channel, "dotnet-releases"),
        [
            "title .NET 8.0",
            "as of 2026-06-09T00:00:00.000Z",
            "dotnet Microsoft.NETCore.App CVE-2026-45591 - fixed [8.0.0-0..8.0.28]  -",
            "dotnet Microsoft.AspNetCore.App CVE-2026-45591 - fixed [8.0.0-0..8.0.28]  -",
            "dotnet Microsoft.NET.Sdk CVE-2026-45591 - fixed [8.0.0-0..8.0.128 8.0.200-0..8.0.422]  -",
        ]
    );
}

#[test]
fn osv_ranges_of_their_own_kinds() {
    let entry = |id: &str, affected: &str| {
        format!(r#"{{"id":"{id}","modified":"2024-05-01T00:00:00Z","affected":[{affected}]}}"#)
    };
    // Go: what the module proxy does not know is said in the project's numbers.
    let go = entry(
        "GO-2024-2442",
        r#"{"package":{"ecosystem":"Go","name":"github.com/Owner/Tool"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
        "ecosystem_specific":{"custom_ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"13.0.0"},{"fixed":"13.4.13"}]}]}}"#,
    );
    assert_eq!(
        good(&go, "osv")[1],
        "go github.com/owner/tool GO-2024-2442 - fixed [13.0.0..13.4.13]  -"
    );
    let limited = entry(
        "X-1",
        r#"{"package":{"ecosystem":"Maven","name":"a:b"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.1"},{"introduced":"1.5"},{"limit":"2.0"}]},
        {"type":"GIT","repo":"x","events":[{"introduced":"0"}]}]}"#,
    );
    assert_eq!(
        good(&limited, "osv")[1],
        "maven a:b X-1 - fixed [0..1.1 1.5..2.0]  -"
    );
    let malicious = entry(
        "MAL-2024-1",
        r#"{"package":{"ecosystem":"npm","name":"evil"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}"#,
    );
    assert_eq!(
        good(&malicious, "osv")[1],
        "npm evil MAL-2024-1 - open [0..]  critical"
    );
    let unmaintained = entry(
        "RUSTSEC-2020-1",
        r#"{"package":{"ecosystem":"crates.io","name":"old"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0.0.0-0"}]}],
        "database_specific":{"informational":"unmaintained"}}"#,
    );
    assert_eq!(good(&unmaintained, "osv").len(), 1);
}

#[test]
fn a_cut_or_senseless_document_is_an_error_that_says_where() {
    for (document, part) in [
        (CRATE.split("\n```").next().unwrap().to_owned(), "the fence"),
        (CRATE.replace("^0.3.27", "=> x"), "its versions"),
        (CRATE.replace("id = ", "id "), "its facts"),
    ] {
        let error = read(&document).2.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}
