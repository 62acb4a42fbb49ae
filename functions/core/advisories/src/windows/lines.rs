//! Products of Windows 10, Windows Server 2016 and later: their ids, servicing lines (builds) and ends of support.
//!
//! Sources: `prod:FullProductName` of the MSRC's CVRF documents for ids and names; the builds of `FixedBuild` in their
//! rows for the lines, with Microsoft Learn's "Windows release information" and "Windows Server release information";
//! Microsoft's product life cycle pages for the dates.

use schemas::inventory::{InstallationType, OperatingSystem, WindowsOs};

/// What kind of installation a product id is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Server with Desktop Experience.
    Full,
    /// Server Core, whose id also stands for Nano Server, which has none of its own.
    Core,
    /// A client, by architecture in Go's words.
    Client(&'static str),
}

/// A product that is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    /// ProductID.
    pub(crate) id: &'static str,
    /// The build all its updates have.
    pub(crate) build: u32,
    /// The build as a shard's release.
    pub(crate) release: &'static str,
    pub(crate) role: Role,
}

macro_rules! products {
    ($($build:literal { $($id:literal $role:expr),* $(,)? })*) => {
        &[$($(Product { id: stringify!($id), build: $build, release: stringify!($build), role: $role },)*)*]
    };
}

const X86: Role = Role::Client("386");
const X64: Role = Role::Client("amd64");
const ARM: Role = Role::Client("arm64");

/// Every product, by line.
static PRODUCTS: &[Product] = products! {
    10240 { 10729 X86, 10735 X64 }
    10586 { 10789 X86, 10788 X64 }
    14393 { 10816 Role::Full, 10855 Role::Core, 10852 X86, 10853 X64 }
    15063 { 10951 X86, 10952 X64 }
    16299 { 11466 Role::Core, 11453 X86, 11454 X64, 11583 ARM }
    17134 { 11499 Role::Core, 11497 X86, 11498 X64, 11563 ARM }
    17763 { 11571 Role::Full, 11572 Role::Core, 11568 X86, 11569 X64, 11570 ARM }
    18362 { 11647 Role::Core, 11644 X86, 11645 X64, 11646 ARM }
    18363 { 11715 Role::Core, 11712 X86, 11713 X64, 11714 ARM }
    19041 { 11769 Role::Core, 11766 X86, 11768 X64, 11767 ARM }
    19042 { 11803 Role::Core, 11801 X86, 11800 X64, 11802 ARM }
    19043 { 11898 X86, 11896 X64, 11897 ARM }
    19044 { 11929 X86, 11931 X64, 11930 ARM }
    19045 { 12099 X86, 12097 X64, 12098 ARM }
    20348 { 11923 Role::Full, 11924 Role::Core }
    22000 { 11926 X64, 11927 ARM }
    22621 { 12086 X64, 12085 ARM }
    22631 { 12243 X64, 12242 ARM }
    25398 { 12244 Role::Core }
    26100 { 12436 Role::Full, 12437 Role::Core, 12390 X64, 12389 ARM }
    26200 { 20438 X64, 20437 ARM }
    28000 { 20853 X64, 20854 ARM }
};

/// The product of this id.
pub(crate) fn product(id: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.id == id)
}

/// Whether the place is a client rather than a server; images and what does not say are servers where the line has any.
fn is_client(windows: &WindowsOs, is_image: bool) -> bool {
    match windows.installation_type {
        Some(InstallationType::Client) => true,
        Some(
            InstallationType::Server | InstallationType::ServerCore | InstallationType::NanoServer,
        ) => false,
        Some(InstallationType::Unknown) | None if is_image => false,
        Some(InstallationType::Unknown) | None => {
            let words = [&windows.product_name, &windows.edition];
            let mut known = words.into_iter().flatten().peekable();
            known.peek().is_some() && !known.any(|word| word.contains("Server"))
        }
    }
}

/// The product that decides for this place.
///
/// Server Core's id serves Nano Server, too, and images of which only `os.version` is known, because every container
/// base image but one (`windows/server`, whose registry says "Server") is Server Core or Nano Server. A host that does
/// not say is taken for a full server: its rows include those of Server Core, so that nothing is missed.
pub(crate) fn product_of(os: &OperatingSystem, is_image: bool) -> Option<&'static Product> {
    let windows = os.windows.as_ref()?;
    let of_line = || {
        PRODUCTS
            .iter()
            .filter(|product| product.build == windows.build)
    };
    let with_role = |role: Role| of_line().find(|product| product.role == role);
    let client = || {
        let architecture = os.architecture.as_deref().unwrap_or("amd64");
        of_line().find(|product| match product.role {
            Role::Client(of) => of == architecture || (of == "386" && architecture == "x86"),
            Role::Full | Role::Core => false,
        })
    };
    if is_client(windows, is_image) {
        return client();
    }
    let server = match windows.installation_type {
        Some(InstallationType::ServerCore | InstallationType::NanoServer) => with_role(Role::Core),
        Some(InstallationType::Server) => with_role(Role::Full).or_else(|| with_role(Role::Core)),
        _ if is_image => with_role(Role::Core),
        _ => with_role(Role::Full).or_else(|| with_role(Role::Core)),
    };
    server.or_else(client)
}

/// The day (year, month, day) from which the MSRC no longer writes rows for a line, because its last edition is out of
/// support. Clients go by the edition supported longest, extended security updates included, because rows are written
/// until then. Absent where no date was published.
pub(crate) fn end_of_support(product: &Product) -> Option<(i32, u8, u8)> {
    let is_client = matches!(product.role, Role::Client(_));
    Some(match (product.build, is_client) {
        (10_240, true) => (2025, 10, 14),
        (10_586, true) => (2018, 4, 10),
        (14_393, true) => (2026, 10, 13),
        (14_393, false) => (2027, 1, 12),
        (15_063, true) => (2019, 10, 8),
        (16_299, true) => (2020, 10, 13),
        (16_299, false) => (2019, 4, 9),
        (17_134, true) => (2021, 5, 11),
        (17_134, false) => (2019, 11, 12),
        (17_763, _) => (2029, 1, 9),
        (18_362, _) => (2020, 12, 8),
        (18_363, true) => (2022, 5, 10),
        (18_363, false) => (2021, 5, 11),
        (19_041, _) => (2021, 12, 14),
        (19_042, true) => (2023, 5, 9),
        (19_042, false) => (2022, 8, 9),
        (19_043, true) => (2022, 12, 13),
        (19_044, true) => (2027, 1, 12),
        (19_045, true) => (2028, 10, 10),
        (20_348, false) => (2031, 10, 14),
        (22_000, true) => (2024, 10, 8),
        (22_621, true) => (2025, 10, 14),
        (22_631, true) => (2026, 11, 10),
        (25_398, false) => (2025, 10, 24),
        (26_100, true) => (2029, 10, 9),
        (26_100, false) => (2034, 11, 14),
        (26_200, true) => (2028, 10, 10),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::inventory::OsFamily;

    fn os(
        build: u32,
        installation_type: Option<InstallationType>,
        name: Option<&str>,
    ) -> OperatingSystem {
        OperatingSystem {
            family: OsFamily::Windows,
            id: "windows".to_owned(),
            id_like: vec![],
            version_id: None,
            codename: None,
            pretty_name: None,
            architecture: None,
            windows: Some(WindowsOs {
                build,
                installation_type,
                product_name: name.map(str::to_owned),
                ..WindowsOs::default()
            }),
        }
    }

    #[test]
    fn installation_type_and_kind_of_place_choose_the_product() {
        use InstallationType::*;
        let id = |build, kind, name, is_image| {
            product_of(&os(build, kind, name), is_image).map(|p| p.id)
        };
        assert_eq!(id(17763, Some(Server), None, false), Some("11571"));
        assert_eq!(id(17763, Some(ServerCore), None, false), Some("11572"));
        assert_eq!(id(17763, Some(NanoServer), None, true), Some("11572"));
        assert_eq!(id(17763, Some(Client), None, false), Some("11569"));
        assert_eq!(id(20348, Some(Server), None, true), Some("11923"));
        assert_eq!(id(20348, None, None, true), Some("11924"));
        assert_eq!(id(20348, None, None, false), Some("11923"));
        assert_eq!(id(25398, Some(Server), None, false), Some("12244"));
        assert_eq!(
            id(26100, None, Some("Windows 11 Pro"), false),
            Some("12390")
        );
        assert_eq!(
            id(26100, None, Some("Windows Server 2025 Datacenter"), false),
            Some("12436")
        );
        assert_eq!(id(19045, None, None, false), Some("12097"));
        assert_eq!(id(7601, Some(Server), None, false), None);
    }

    #[test]
    fn every_product_has_one_line() {
        for (index, product) in PRODUCTS.iter().enumerate() {
            assert_eq!(product.release, product.build.to_string());
            assert!(
                PRODUCTS[index + 1..]
                    .iter()
                    .all(|other| other.id != product.id),
                "{}",
                product.id
            );
        }
    }
}
