//! When the security support of releases ends. After that their advisories stop, and silence is not health.
//!
//! A release that is not here has no end that its publisher told, or one that could not be confirmed, and nothing is
//! said of it. Rolling distributions (Wolfi, Chainguard OS, Tumbleweed, Alpine edge, Debian sid) have none.

mod ends;

use schemas::{Timestamp, inventory::OperatingSystem};

use self::ends::{
    ALMALINUX, ALPINE, AMAZON, AZURE, CENTOS, CENTOS_STREAM, DEBIAN, Ends, OPENSUSE_LEAP, ORACLE,
    PHOTON, REDHAT, ROCKY, SLE_MICRO, SLES, UBUNTU, UBUNTU_PRO,
};

/// The ends that a system is held against; the first that knows its release decides.
fn tables(os: &OperatingSystem, ecosystem: &str, subscribed: bool) -> &'static [Ends] {
    let stream = os
        .pretty_name
        .as_deref()
        .is_some_and(|name| name.contains("Stream"));
    match (os.id.as_str(), ecosystem) {
        ("centos", _) if stream => &[CENTOS_STREAM],
        ("centos", _) => &[CENTOS],
        // Judged by the data of another edition, and supported for longer or shorter than it.
        ("sles_sap" | "sle_hpc" | "sle-micro-rancher", _) => &[],
        (_, "debian") => &[DEBIAN],
        (_, "ubuntu") if subscribed => &[UBUNTU_PRO, UBUNTU],
        (_, "ubuntu") => &[UBUNTU],
        (_, "alpine") => &[ALPINE],
        (_, "almalinux") => &[ALMALINUX],
        (_, "rocky") => &[ROCKY],
        (_, "redhat") => &[REDHAT],
        (_, "oracle") => &[ORACLE],
        (_, "amazon") => &[AMAZON],
        (_, "sles") => &[SLES],
        (_, "sle-micro") => &[SLE_MICRO],
        (_, "opensuse-leap") => &[OPENSUSE_LEAP],
        (_, "azurelinux") => &[AZURE],
        (_, "photon") => &[PHOTON],
        _ => &[],
    }
}

/// What to tell of a release whose support ended before this moment. `subscribed` says that the place gets what only
/// subscribers get.
pub(super) fn ended(
    os: &OperatingSystem,
    ecosystem: &str,
    release: &str,
    subscribed: bool,
    at: Timestamp,
) -> Option<String> {
    let (_, end) = tables(os, ecosystem, subscribed)
        .iter()
        .find_map(|table| table.iter().find(|(number, _)| *number == release))?;
    let last: Timestamp = format!("{end}T23:59:59Z").parse().ok()?;
    let name = match os.id.as_str() {
        "" => ecosystem,
        id => id,
    };
    (at > last).then(|| {
        format!(
            "security support of {name} {release} ended on {end}: later vulnerabilities have no advisories, so \
             finding none says nothing"
        )
    })
}

#[cfg(test)]
mod tests {
    use schemas::inventory::OsFamily;

    use super::*;

    fn system(id: &str, pretty: &str) -> OperatingSystem {
        OperatingSystem {
            family: OsFamily::Linux,
            id: id.to_owned(),
            id_like: Vec::new(),
            version_id: None,
            codename: None,
            pretty_name: Some(pretty.to_owned()),
            architecture: None,
            windows: None,
        }
    }

    #[test]
    fn every_end_is_a_date_and_passes() {
        for (id, ecosystem, subscribed) in [
            ("debian", "debian", false),
            ("ubuntu", "ubuntu", false),
            ("ubuntu", "ubuntu", true),
            ("alpine", "alpine", false),
            ("almalinux", "almalinux", false),
            ("rocky", "rocky", false),
            ("rhel", "redhat", false),
            ("centos", "redhat", false),
            ("ol", "oracle", false),
            ("amzn", "amazon", false),
            ("sles", "sles", false),
            ("sl-micro", "sle-micro", false),
            ("opensuse-leap", "opensuse-leap", false),
            ("mariner", "azurelinux", false),
            ("photon", "photon", false),
        ] {
            let os = system(id, "");
            let table = tables(&os, ecosystem, subscribed)[0];
            let releases: std::collections::BTreeSet<_> = table.iter().map(|row| row.0).collect();
            assert_eq!(
                releases.len(),
                table.len(),
                "a release of {id} is there twice"
            );
            for (release, end) in table {
                let last: Timestamp = format!("{end}T00:00:00Z").parse().unwrap();
                assert_eq!(ended(&os, ecosystem, release, subscribed, last), None);
                let later = last.plus_ms(48 * 3600 * 1000);
                let told = ended(&os, ecosystem, release, subscribed, later);
                assert!(told.unwrap().contains(end));
            }
        }
    }

    #[test]
    fn published_ends_are_kept_to_the_day() {
        for (id, pretty, ecosystem, release, subscribed, end) in [
            ("debian", "", "debian", "11", false, "2026-08-31"),
            ("ubuntu", "", "ubuntu", "20.04", false, "2025-05-29"),
            ("ubuntu", "", "ubuntu", "25.10", false, "2026-07-09"),
            ("ubuntu", "", "ubuntu", "25.10", true, "2026-07-09"),
            ("ubuntu", "", "ubuntu", "14.04", true, "2024-04-25"),
            ("alpine", "", "alpine", "v3.21", false, "2026-11-01"),
            ("alpine", "", "alpine", "v3.24", false, "2028-06-01"),
            ("rhel", "", "redhat", "7", false, "2024-06-30"),
            (
                "centos",
                "CentOS Stream 9",
                "redhat",
                "9",
                false,
                "2027-05-31",
            ),
            ("ol", "", "oracle", "7", false, "2024-12-31"),
            ("amzn", "", "amazon", "2", false, "2026-06-30"),
            ("sled", "", "sles", "15.6", false, "2025-12-31"),
            ("sl-micro", "", "sle-micro", "6.1", false, "2028-11-30"),
            ("mariner", "", "azurelinux", "1.0", false, "2023-08-31"),
            ("azurelinux", "", "azurelinux", "3.0", false, "2027-08-31"),
            ("photon", "", "photon", "3.0", false, "2025-10-02"),
            ("photon", "", "photon", "4.0", false, "2027-10-11"),
        ] {
            let os = system(id, pretty);
            let at = |text: String| text.parse::<Timestamp>().unwrap();
            let told = |moment| ended(&os, ecosystem, release, subscribed, moment);
            assert_eq!(told(at(format!("{end}T23:59:59Z"))), None, "{id} {release}");
            let next = at(format!("{end}T23:59:59Z")).plus_ms(1000);
            let text = told(next).unwrap();
            assert!(text.contains(&format!("ended on {end}")), "{text}");
        }
    }

    #[test]
    fn nothing_is_said_where_no_end_is_known() {
        for (id, pretty, ecosystem, release) in [
            ("debian", "", "debian", "sid"),
            ("alpine", "", "alpine", "edge"),
            ("wolfi", "", "wolfi", ""),
            ("chainguard", "", "chainguard", ""),
            ("opensuse-tumbleweed", "", "opensuse-tumbleweed", ""),
            ("photon", "", "photon", "5.0"),
            // Not by the end of Red Hat's release, which comes years later.
            ("centos", "CentOS Stream 10", "redhat", "10"),
            ("sles_sap", "", "sles", "15.4"),
        ] {
            let end_of_time = Timestamp::from_ms(i64::MAX);
            let told = ended(&system(id, pretty), ecosystem, release, false, end_of_time);
            assert_eq!(told, None, "{id} {release}");
        }
    }

    #[test]
    fn a_system_judged_by_anothers_data_ends_by_its_own_date() {
        let at: Timestamp = "2022-06-01T00:00:00Z".parse().unwrap();
        let told = |os: &OperatingSystem| ended(os, "redhat", "8", false, at);
        assert!(
            told(&system("centos", "CentOS Linux 8"))
                .unwrap()
                .contains("centos 8 ended on 2021")
        );
        assert_eq!(told(&system("centos", "CentOS Stream 8")), None);
        assert_eq!(told(&system("rhel", "Red Hat Enterprise Linux 8.6")), None);
        let ubuntu = system("ubuntu", "Ubuntu 18.04");
        let at: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        assert!(ended(&ubuntu, "ubuntu", "18.04", false, at).is_some());
        assert_eq!(ended(&ubuntu, "ubuntu", "18.04", true, at), None);
    }
}
