//! The .NET Framework by the file versions of its components. Its rows have composite products (`11650-11572`: .NET
//! Framework 4.8 on Windows Server 2019 Core), of which one place has one, and fixing builds in many forms.
//!
//! Sources: the MSRC's CVRF documents for products and builds; Microsoft Learn, "How to determine which .NET Framework
//! versions are installed" and "CLR versions" for which file versions belong to which version of the Framework.

use schemas::inventory::{Package, PackageKind};

/// The name under which an inventory lists the Framework's newest component.
const NAME: &str = ".NET Framework";
/// From this third number on, file versions `4.8.…` are of 4.8.1.
const FIRST_OF_4_8_1: u32 = 9000;

/// The version of the Framework, as far as updates differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// 4.6 to 4.6.2.
    V46,
    /// 4.7 to 4.7.2.
    V47,
    /// 4.8.
    V48,
    /// 4.8.1.
    V481,
}

impl Line {
    fn of(minor: u32, third: u32) -> Option<Self> {
        Some(match minor {
            6 => Self::V46,
            7 => Self::V47,
            8 if third < FIRST_OF_4_8_1 => Self::V48,
            8 => Self::V481,
            _ => return None,
        })
    }

    /// Whether a version that a product names (`4.7.2`) is of this line.
    fn holds(self, version: &str) -> bool {
        match self {
            Self::V46 => matches!(version, "4.6" | "4.6.1" | "4.6.2"),
            Self::V47 => matches!(version, "4.7" | "4.7.1" | "4.7.2"),
            Self::V48 => version == "4.8",
            Self::V481 => version == "4.8.1",
        }
    }
}

/// A build of the Framework 4: `4.8.4654.0` of a file, `4.8.04654.08` of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Build {
    line: Line,
    /// The third number, which orders the builds of a line. The fourth counts differently in files and rows.
    build: u32,
}

impl Build {
    fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<u32> = text
            .trim()
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<_>>()?;
        match numbers[..] {
            [4, 8, 1, build, _] => Some(Self {
                line: Line::V481,
                build,
            }),
            [4, minor, build, _] => Some(Self {
                line: Line::of(minor, build)?,
                build,
            }),
            _ => None,
        }
    }
}

/// The Framework of a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framework<'p> {
    pub(super) package: &'p Package,
    installed: Build,
}

/// What a row says of the Framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is about another version of the Framework.
    OtherVersion,
    /// The place has the fix.
    Fixed,
    /// The place is below this build of the row.
    Affected(String),
    /// Neither can be said: the row is of the Framework 3.5 alone, or its build is none of this place's version.
    Undecided,
}

impl<'p> Framework<'p> {
    /// The Framework that an inventory dates by its files.
    pub(super) fn of(packages: &'p [Package]) -> Option<Self> {
        packages
            .iter()
            .filter(|package| package.kind == PackageKind::Dotnet && package.name == NAME)
            .find_map(|package| {
                Some(Self {
                    installed: Build::parse(&package.version)?,
                    package,
                })
            })
    }

    /// What a row's product (`Microsoft .NET Framework 3.5 AND 4.8 on …`) and fixing build say. `carried` is whether the
    /// build is one of Windows itself and the place has it, where it is one.
    pub(super) fn said(
        &self,
        product: &str,
        fixed_build: Option<&str>,
        carried: Option<bool>,
    ) -> Said {
        let line = self.installed.line;
        let named = names(product);
        if named.is_empty() && !product.is_empty() {
            return match carried {
                Some(true) => Said::Fixed,
                _ => Said::Undecided,
            };
        }
        // Rows join the builds of several runtimes, of which those of the Framework 4 are compared.
        let text = fixed_build.unwrap_or_default();
        let builds = || {
            text.split(['&', ';', ','])
                .flat_map(|part| part.split(" and "))
        };
        if let Some((build, written)) = builds()
            .filter_map(|part| Some((Build::parse(part)?, part.trim())))
            .find(|(build, _)| build.line == line)
        {
            return if self.installed.build >= build.build {
                Said::Fixed
            } else {
                Said::Affected(written.to_owned())
            };
        }
        if !named.is_empty() && !named.iter().any(|version| line.holds(version)) {
            return Said::OtherVersion;
        }
        match carried {
            Some(true) => Said::Fixed,
            // On Windows 10 1607 and Server 2016 updates of Windows carry those of the Framework it came with.
            Some(false) if matches!(line, Line::V46 | Line::V47) => Said::Affected(text.to_owned()),
            _ => Said::Undecided,
        }
    }
}

/// The versions 4 and later that a product names; none when it names none, as one of 3.5 alone.
fn names(product: &str) -> Vec<&str> {
    let of = product
        .split_once("Framework ")
        .map_or("", |(_, rest)| rest.split(" on ").next().unwrap_or(rest));
    of.split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter(|part| part.starts_with("4."))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(version: &str) -> Vec<Package> {
        vec![Package {
            name: NAME.to_owned(),
            version: version.to_owned(),
            kind: PackageKind::Dotnet,
            ..Package::default()
        }]
    }

    /// Products and builds of the MSRC's documents.
    #[test]
    fn rows_are_compared_with_files_of_their_version_only() {
        let v48 = "Microsoft .NET Framework 4.8 on Windows Server 2019";
        let both = "Microsoft .NET Framework 3.5 AND 4.8 on Windows Server 2022";
        let older = "Microsoft .NET Framework 3.5 AND 4.7.2 on Windows Server 2019";
        let affected = |build: &str| Said::Affected(build.to_owned());
        for (installed, product, build, said) in [
            ("4.8.4614.0", v48, "4.8.04654.08", affected("4.8.04654.08")),
            ("4.8.4654.0", v48, "4.8.04654.08", Said::Fixed),
            ("4.8.4775.0", both, "4.8.4739.02", Said::Fixed),
            (
                "4.8.4690.0",
                both,
                "2.0.50727.9181 & 3.0.30729.9165 & 4.8.4801.0",
                affected("4.8.4801.0"),
            ),
            (
                "4.8.9300.0",
                v48,
                "4.8.9334.0 and 4.8.4802.0",
                affected("4.8.9334.0"),
            ),
            ("4.8.4802.0", v48, "4.8.9334.0 and 4.8.4802.0", Said::Fixed),
            ("4.8.4690.0", older, "4.7.04081.03", Said::OtherVersion),
            (
                "4.7.4050.0",
                older,
                "4.7.04081.03",
                affected("4.7.04081.03"),
            ),
            ("4.7.4050.0", v48, "4.8.04654.08", Said::OtherVersion),
            (
                "4.8.9037.0",
                "Microsoft .NET Framework 4.8.1 on Windows 11",
                "4.8.1.09082.07",
                affected("4.8.1.09082.07"),
            ),
            // Errors and builds of other things prove nothing.
            ("4.8.4690.0", v48, "10.0.04585.02", Said::Undecided),
            ("4.8.4690.0", v48, "04590.02", Said::Undecided),
            ("4.8.4690.0", v48, "4.703930.02", Said::Undecided),
            ("4.8.4690.0", v48, "", Said::Undecided),
            (
                "4.8.4690.0",
                "Microsoft .NET Framework 3.5 on Windows Server 2019",
                "4.8.04762.01",
                Said::Undecided,
            ),
        ] {
            let packages = package(installed);
            let framework = Framework::of(&packages).unwrap();
            assert_eq!(
                framework.said(product, Some(build), None),
                said,
                "{installed} {product} {build}"
            );
        }
    }

    #[test]
    fn windows_updates_carry_the_framework_that_windows_came_with() {
        let product =
            "Microsoft .NET Framework 3.5 AND 4.6.2/4.7/4.7.1/4.7.2 on Windows Server 2016";
        let build = Some("10.0.14393.5989");
        let inbox = package("4.7.4050.0");
        let inbox = Framework::of(&inbox).unwrap();
        assert_eq!(inbox.said(product, build, Some(true)), Said::Fixed);
        assert_eq!(
            inbox.said(product, build, Some(false)),
            Said::Affected("10.0.14393.5989".to_owned())
        );
        let newer = package("4.8.4690.0");
        let newer = Framework::of(&newer).unwrap();
        assert_eq!(newer.said(product, build, Some(false)), Said::OtherVersion);
        assert!(Framework::of(&package("10.0.1.2")).is_none());
    }
}
