//! Advisory documents in their publishers' forms, about packages that the test images really hold.

use std::{fs, path::Path};

use anyhow::Result;
use serde_json::json;

/// Writes a small set of documents into a folder: Debian tracker, Alpine secdb, KEV, EPSS.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_all(folder: &Path) -> Result<()> {
    write_debian(folder, "1:99.0-1")?;
    let alpine = json!({
        "apkurl": "{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk",
        "archs": ["x86_64"],
        "urlprefix": "https://dl-cdn.alpinelinux.org/alpine",
        "reponame": "main",
        "distroversion": "v3.18",
        "packages": [
            {"pkg": {"name": "busybox", "secfixes": {"1.36.1-r6": ["CVE-2023-42366"], "0": ["CVE-2000-0001"]}}},
            {"pkg": {"name": "musl", "secfixes": {"1.2.4-r0": ["CVE-2023-0001"]}}}
        ]
    });
    fs::write(folder.join("a"), alpine.to_string())?;
    let kev = json!({
        "title": "CISA Catalog of Known Exploited Vulnerabilities",
        "catalogVersion": "2026.11.20",
        "dateReleased": "2026-11-20T14:00:00.0000Z",
        "count": 1,
        "vulnerabilities": [{
            "cveID": "CVE-2023-42366", "vendorProject": "BusyBox", "product": "BusyBox",
            "vulnerabilityName": "v", "dateAdded": "2026-11-01", "shortDescription": "d",
            "requiredAction": "a", "dueDate": "2026-11-22",
            "knownRansomwareCampaignUse": "Known", "notes": "", "cwes": []
        }]
    });
    fs::write(folder.join("b"), kev.to_string())?;
    fs::write(
        folder.join("c"),
        "#model_version:v2025.03.14,score_date:2026-11-22T00:00:00+0000\ncve,epss,percentile\n\
         CVE-2023-42366,0.51000,0.97000\nCVE-2024-10001,0.02000,0.40000\n",
    )?;
    Ok(())
}

/// Writes the Debian tracker alone, with the version that fixes `bash`.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_debian(folder: &Path, bash_fixed: &str) -> Result<()> {
    let release = |status: &str, fixed: Option<&str>, urgency: &str| {
        let mut row = json!({
            "status": status, "repositories": {"bookworm": "5.2.15-2"}, "urgency": urgency
        });
        if let Some(fixed) = fixed {
            row["fixed_version"] = json!(fixed);
        }
        json!({"description": "a weakness", "scope": "local", "releases": {"bookworm": row}})
    };
    let tracker = json!({
        "bash": {
            "CVE-2024-10001": release("resolved", Some(bash_fixed), "medium"),
            "CVE-2024-10002": release("resolved", Some("0"), "medium"),
        },
        "apt": {"CVE-2024-10003": release("open", None, "low")},
        "glibc": {"CVE-2024-10004": release("open", None, "unimportant")},
    });
    fs::write(folder.join("d"), tracker.to_string())?;
    Ok(())
}
