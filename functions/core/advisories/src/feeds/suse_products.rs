//! SUSE's names of products, and the releases of its distributions that they are about.
//!
//! One release has many products (modules, extensions, long-term support); a package of any of them may be installed
//! on a machine of that release, so all of them speak of it. Source: the product names in
//! `https://ftp.suse.com/pub/projects/security/oval/` and `.../csaf/`.

use super::rpm_names::digits;

/// The ecosystem, and its release where it has releases: `SUSE Linux Enterprise Module for Basesystem 15 SP4` is
/// `sles`, `15.4`. None for products that run on top of a distribution, such as Manager or Storage.
pub(super) fn place(product: &str) -> Option<(&'static str, Option<String>)> {
    let product = product.trim();
    if product.starts_with("openSUSE Tumbleweed") {
        return Some(("opensuse-tumbleweed", None));
    }
    let after = |prefix: &str| product.strip_prefix(prefix).and_then(number);
    if let Some(release) = after("openSUSE Leap Micro ") {
        return Some(("opensuse-leap-micro", Some(release)));
    }
    if let Some(release) = after("openSUSE Leap ") {
        return Some(("opensuse-leap", Some(release)));
    }
    if let Some(release) =
        after("SUSE Linux Enterprise Micro ").or_else(|| after("SUSE Linux Micro "))
    {
        return Some(("sle-micro", Some(release)));
    }
    let rest = product
        .strip_prefix("SUSE Linux Enterprise ")
        .or_else(|| product.strip_prefix("SUSE Package Hub"))?;
    release(rest).map(|release| ("sles", Some(release)))
}

/// `15.2` of `15.2`, `5.4` of `5.4 LTSS`.
fn number(text: &str) -> Option<String> {
    let number = text.split([' ', '-', ':']).next()?;
    let good = number.split('.').all(|part| digits(part) == Some(part));
    (good && !number.is_empty()).then(|| number.to_owned())
}

/// `15.4` of `Server 15 SP4-LTSS`, `12` of `Server 12`, `16.0` of `Server 16.0`.
fn release(text: &str) -> Option<String> {
    let mut words = text.split([' ', '-']).peekable();
    while let Some(word) = words.next() {
        let Some(major) = number(word) else { continue };
        let pack = words
            .peek()
            .and_then(|next| digits(next.strip_prefix("SP")?));
        return Some(match pack {
            Some(pack) if !major.contains('.') => format!("{major}.{pack}"),
            _ => major,
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_product_tells_its_release() {
        for (product, expected) in [
            ("openSUSE Tumbleweed", Some(("opensuse-tumbleweed", None))),
            ("openSUSE Leap 15.2", Some(("opensuse-leap", Some("15.2")))),
            (
                "openSUSE Leap Micro 5.2",
                Some(("opensuse-leap-micro", Some("5.2"))),
            ),
            (
                "SUSE Linux Enterprise Server 15 SP4-LTSS",
                Some(("sles", Some("15.4"))),
            ),
            (
                "SUSE Linux Enterprise Module for Basesystem 15 SP4",
                Some(("sles", Some("15.4"))),
            ),
            (
                "SUSE Linux Enterprise Server for SAP Applications 12 SP5",
                Some(("sles", Some("12.5"))),
            ),
            (
                "SUSE Linux Enterprise Server 15-LTSS",
                Some(("sles", Some("15"))),
            ),
            (
                "SUSE Linux Enterprise Server 16.0",
                Some(("sles", Some("16.0"))),
            ),
            (
                "SUSE Linux Enterprise Micro 5.4",
                Some(("sle-micro", Some("5.4"))),
            ),
            ("SUSE Linux Micro 6.0", Some(("sle-micro", Some("6.0")))),
            ("SUSE Package Hub 15 SP5", Some(("sles", Some("15.5")))),
            ("SUSE Manager Server 4.3", None),
            ("SUSE Linux Enterprise ", None),
        ] {
            let found = place(product);
            let found = found
                .as_ref()
                .map(|(name, release)| (*name, release.as_deref()));
            assert_eq!(found, expected, "{product}");
        }
    }
}
