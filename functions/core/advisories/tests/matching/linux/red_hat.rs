//! Red Hat's words for what it will not mend, and the fixes of its extended channels.

use super::*;

/// A VEX document of Red Hat's about one vulnerability: fixed in two channels, unfixed twice, and not affecting one.
pub(super) fn red_hat() -> String {
    let named = |id: &str, cpe: &str| {
        format!(
            r#"{{"product":{{"product_id":"{id}","product_identification_helper":{{"cpe":"{cpe}"}}}}}}"#
        )
    };
    let mut statuses: [Vec<String>; 3] = Default::default();
    let mut parts = Vec::new();
    for (list, component, product) in [
        (0, "openssl-libs-1:3.0.7-27.el9.x86_64", "BaseOS-9.4"),
        (0, "openssl-1:3.0.7-27.el9.src", "BaseOS-9.4"),
        (0, "openssl-1:3.0.7-18.el9_2.src", "BaseOS-9.2.EUS"),
        // Of a module, and says nothing of the package outside of it.
        (
            0,
            "bash-doc-5.3-1.module+el9.4.0+1+abc.x86_64",
            "BaseOS-9.4",
        ),
        (1, "bash", "el9"),
        (1, "edk2", "el9"),
        (2, "shim", "el9"),
    ] {
        parts.push(format!(r#"{{"full_product_name":{{"product_id":"{product}:{component}"}},"product_reference":"{component}","relates_to_product_reference":"{product}"}}"#));
        statuses[list].push(format!("\"{product}:{component}\""));
    }
    format!(
        r#"{{"document":{{"category":"csaf_vex","csaf_version":"2.0","publisher":{{"name":"Red Hat Product Security"}},"title":"t","tracking":{{"id":"CVE-2023-0001"}}}},
        "product_tree":{{"branches":[{},{},{}],"relationships":[{}]}},
        "vulnerabilities":[{{"cve":"CVE-2023-0001","product_status":{{"fixed":[{}],"known_affected":[{}],"known_not_affected":[{}]}},
        "remediations":[{{"category":"no_fix_planned","details":"Will not fix","product_ids":["el9:bash"]}}],"threats":[{{"category":"impact","details":"Important"}}]}}]}}"#,
        named("BaseOS-9.4", "cpe:/o:redhat:enterprise_linux:9::baseos"),
        named("BaseOS-9.2.EUS", "cpe:/o:redhat:rhel_eus:9.2::baseos"),
        named("el9", "cpe:/o:redhat:enterprise_linux:9"),
        parts.join(","),
        statuses[0].join(","),
        statuses[1].join(","),
        statuses[2].join(","),
    )
}

#[test]
fn red_hats_words_are_kept_apart_and_extended_channels_mend() {
    let document = red_hat();
    let (_out, shards) = shards(&[("r", &document)]);
    let rows = [
        "rhel 9.2 | openssl-libs 1:3.0.7-6.el9_2 of openssl at 3.0.7-6.el9_2 | CVE-2023-0001 fixed 1:3.0.7-27.el9",
        "centos 9.2 | openssl-libs 1:3.0.7-6.el9 of openssl at 3.0.7-6.el9 | CVE-2023-0001 fixed 1:3.0.7-27.el9",
        "rhel 9.2 | openssl-libs 1:3.0.7-27.el9 of openssl at 3.0.7-27.el9 | nothing",
        // The fix of the extended channel, in its own minor release.
        "rhel 9.2 | openssl-libs 1:3.0.7-18.el9_2 of openssl at 3.0.7-18.el9_2 | nothing",
        "rhel 9.2 | openssl-libs 1:3.0.7-20.el9_3 of openssl at 3.0.7-20.el9_3 | CVE-2023-0001 fixed 1:3.0.7-27.el9",
        // Unfixed ones are named by source, and every package of it is concerned.
        "rhel 9.2 | bash-doc 5.1-1.el9 of bash | CVE-2023-0001 will_not_fix -",
        "rhel 9.2 | bash-doc 5.2-1.module+el9.4.0+1+abc of bash | CVE-2023-0001 fixed 5.3-1.module+el9.4.0+1+abc",
        "rhel 9.2 | edk2-ovmf 5.1-1.el9 of edk2 | CVE-2023-0001 open -",
        "rhel 9.2 | shim-x64 5.1-1.el9 of shim | nothing",
    ];
    assert_told(&shards, &rows);
}
