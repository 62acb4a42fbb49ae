//! When the security support of releases ends. After that their advisories stop, and silence is not health.
//!
//! Sources: the distributions' own life-cycle pages: Debian (`wiki.debian.org/LTS`), Ubuntu (`ubuntu.com/about/release-cycle`),
//! Alpine (`alpinelinux.org/releases`), AlmaLinux (`wiki.almalinux.org/release-notes`), Rocky Linux
//! (`wiki.rockylinux.org/rocky/version`), Red Hat (`access.redhat.com/support/policy/updates/errata`), CentOS
//! (`centos.org/cl-vs-cs`), Oracle (`oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf`), Amazon
//! (`docs.aws.amazon.com/linux`), SUSE (`suse.com/lifecycle`), openSUSE (`en.opensuse.org/Lifetime`), Azure Linux
//! (`learn.microsoft.com/lifecycle`), Photon OS (`vmware.github.io/photon`).

use schemas::{Timestamp, inventory::OperatingSystem};

/// Ecosystem (or the system's own id where it ends earlier than the data that it is judged by), release, last day of
/// support for everybody.
static ENDS: &[(&str, &str, &str)] = &[
    ("debian", "7", "2018-05-31"),
    ("debian", "8", "2020-06-30"),
    ("debian", "9", "2022-06-30"),
    ("debian", "10", "2024-06-30"),
    ("debian", "11", "2026-08-31"),
    ("debian", "12", "2028-06-30"),
    ("debian", "13", "2030-06-30"),
    ("ubuntu", "12.04", "2017-04-28"),
    ("ubuntu", "14.04", "2019-04-30"),
    ("ubuntu", "16.04", "2021-04-30"),
    ("ubuntu", "18.04", "2023-05-31"),
    ("ubuntu", "20.04", "2025-05-31"),
    ("ubuntu", "22.04", "2027-04-30"),
    ("ubuntu", "24.04", "2029-05-31"),
    ("ubuntu", "19.10", "2020-07-17"),
    ("ubuntu", "20.10", "2021-07-22"),
    ("ubuntu", "21.04", "2022-01-20"),
    ("ubuntu", "21.10", "2022-07-14"),
    ("ubuntu", "22.10", "2023-07-20"),
    ("ubuntu", "23.04", "2024-01-25"),
    ("ubuntu", "23.10", "2024-07-11"),
    ("ubuntu", "24.10", "2025-07-10"),
    ("ubuntu", "25.04", "2026-01-15"),
    // Extended security maintenance, for places that show that they get it.
    ("ubuntu-pro", "14.04", "2026-04-30"),
    ("ubuntu-pro", "16.04", "2026-04-30"),
    ("ubuntu-pro", "18.04", "2028-04-30"),
    ("ubuntu-pro", "20.04", "2030-04-30"),
    ("ubuntu-pro", "22.04", "2032-04-30"),
    ("ubuntu-pro", "24.04", "2034-04-30"),
    ("alpine", "v3.5", "2018-11-01"),
    ("alpine", "v3.6", "2019-05-01"),
    ("alpine", "v3.7", "2019-11-01"),
    ("alpine", "v3.8", "2020-05-01"),
    ("alpine", "v3.9", "2020-11-01"),
    ("alpine", "v3.10", "2021-05-01"),
    ("alpine", "v3.11", "2021-11-01"),
    ("alpine", "v3.12", "2022-05-01"),
    ("alpine", "v3.13", "2022-11-01"),
    ("alpine", "v3.14", "2023-05-01"),
    ("alpine", "v3.15", "2023-11-01"),
    ("alpine", "v3.16", "2024-05-23"),
    ("alpine", "v3.17", "2024-11-22"),
    ("alpine", "v3.18", "2025-05-09"),
    ("alpine", "v3.19", "2025-11-01"),
    ("alpine", "v3.20", "2026-04-01"),
    ("alpine", "v3.21", "2026-11-01"),
    ("alpine", "v3.22", "2027-05-01"),
    ("alpine", "v3.23", "2027-11-01"),
    ("almalinux", "8", "2029-03-01"),
    ("almalinux", "9", "2032-05-31"),
    ("almalinux", "10", "2035-05-31"),
    ("rocky", "8", "2029-05-31"),
    ("rocky", "9", "2032-05-31"),
    ("rocky", "10", "2035-05-31"),
    ("redhat", "5", "2017-03-31"),
    ("redhat", "6", "2020-11-30"),
    ("redhat", "7", "2024-06-30"),
    ("redhat", "8", "2029-05-31"),
    ("redhat", "9", "2032-05-31"),
    ("redhat", "10", "2035-05-31"),
    ("centos", "6", "2020-11-30"),
    ("centos", "7", "2024-06-30"),
    ("centos", "8", "2021-12-31"),
    ("centos-stream", "8", "2024-05-31"),
    ("centos-stream", "9", "2027-05-31"),
    ("oracle", "5", "2017-06-30"),
    ("oracle", "6", "2021-03-31"),
    ("oracle", "7", "2024-12-31"),
    ("oracle", "8", "2029-07-31"),
    ("oracle", "9", "2032-06-30"),
    ("oracle", "10", "2035-06-30"),
    ("amazon", "1", "2023-12-31"),
    ("amazon", "2", "2026-06-30"),
    // Never more than a preview of 2023.
    ("amazon", "2022", "2023-03-15"),
    ("amazon", "2023", "2029-06-30"),
    ("sles", "11.4", "2019-03-31"),
    ("sles", "12", "2016-06-30"),
    ("sles", "12.1", "2017-05-31"),
    ("sles", "12.2", "2018-03-31"),
    ("sles", "12.3", "2019-06-30"),
    ("sles", "12.4", "2020-06-30"),
    ("sles", "12.5", "2024-10-31"),
    ("sles", "15", "2019-12-31"),
    ("sles", "15.1", "2021-01-31"),
    ("sles", "15.2", "2021-12-31"),
    ("sles", "15.3", "2022-12-31"),
    ("sles", "15.4", "2023-12-31"),
    ("sles", "15.5", "2024-12-31"),
    ("sles", "15.6", "2025-12-31"),
    ("sles", "15.7", "2031-07-31"),
    ("sle-micro", "5.1", "2025-10-31"),
    ("sle-micro", "5.2", "2026-04-30"),
    ("sle-micro", "5.3", "2026-10-30"),
    ("sle-micro", "5.4", "2027-04-30"),
    ("sle-micro", "5.5", "2027-10-31"),
    ("opensuse-leap", "42.3", "2019-07-01"),
    ("opensuse-leap", "15.0", "2019-12-03"),
    ("opensuse-leap", "15.1", "2021-02-02"),
    ("opensuse-leap", "15.2", "2022-01-04"),
    ("opensuse-leap", "15.3", "2022-12-31"),
    ("opensuse-leap", "15.4", "2023-12-07"),
    ("opensuse-leap", "15.5", "2024-12-31"),
    ("opensuse-leap", "15.6", "2026-04-30"),
    ("azurelinux", "1.0", "2023-07-31"),
    ("azurelinux", "2.0", "2025-07-31"),
    ("photon", "1.0", "2022-02-28"),
    ("photon", "2.0", "2022-12-31"),
    ("photon", "3.0", "2024-03-01"),
    ("photon", "4.0", "2026-03-01"),
];

/// What to tell of a release whose support ended before this moment. `subscribed` says that the place gets what only
/// subscribers get.
pub(super) fn ended(
    os: &OperatingSystem,
    ecosystem: &str,
    release: &str,
    subscribed: bool,
    at: Timestamp,
) -> Option<String> {
    let stream = os
        .pretty_name
        .as_deref()
        .is_some_and(|name| name.contains("Stream"));
    let first = match (os.id.as_str(), ecosystem) {
        ("centos", _) if stream => "centos-stream",
        (_, "ubuntu") if subscribed => "ubuntu-pro",
        (id, _) => id,
    };
    let find = |wanted: &str| {
        ENDS.iter()
            .find(|(name, number, _)| *name == wanted && *number == release)
    };
    let &(.., end) = find(first).or_else(|| find(ecosystem))?;
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
        for (ecosystem, release, end) in ENDS {
            let last: Timestamp = format!("{end}T00:00:00Z").parse().unwrap();
            let os = system(ecosystem, "");
            assert_eq!(ended(&os, ecosystem, release, false, last), None);
            let later = last.plus_ms(48 * 3600 * 1000);
            let told = ended(&os, ecosystem, release, false, later);
            assert!(told.unwrap().contains(end));
        }
        let sid = system("debian", "");
        assert_eq!(
            ended(&sid, "debian", "sid", false, Timestamp::from_ms(i64::MAX)),
            None
        );
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
