//! One advisory row in the form that feeds write and shards give back: the fields of [`schemas::advisory::Advisory`],
//! borrowed, so that half a million of them cost no allocation each.

use schemas::{
    Severity, Timestamp,
    advisory::{Advisory, AdvisorySource, AdvisoryStatus, Ecosystem, VersionEvents, WindowsRow},
    severity::{SeverityRating, SeveritySource},
};

/// Where a row applies: [`Ecosystem`], borrowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EcosystemRef<'a> {
    /// `debian`, `alpine`, `almalinux`, `windows`, `npm`, `pypi`, `nuget` and others, lower case.
    pub name: &'a str,
    /// The release: Debian `12`, Alpine `v3.18`, Windows build `20348`.
    pub release: Option<&'a str>,
}

impl EcosystemRef<'_> {
    /// The owned form.
    #[must_use]
    pub fn to_owned(&self) -> Ecosystem {
        Ecosystem {
            name: self.name.to_owned(),
            release: self.release.map(str::to_owned),
        }
    }
}

/// What a feed says of one vulnerability in one package. Empty texts count as absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Where it applies.
    pub ecosystem: EcosystemRef<'a>,
    /// The package's name as the ecosystem's advisories name it (source package; ProductID for Windows).
    pub package: &'a str,
    /// The id it is ranked under: the CVE where there is one.
    pub vulnerability: &'a str,
    /// The advisory's own id where it differs.
    pub advisory: Option<&'a str>,
    /// Other ids of the same vulnerability.
    pub aliases: Vec<&'a str>,
    /// What the vendor says.
    pub status: AdvisoryStatus,
    /// Affected versions; empty with an open status means every version.
    pub affected: Vec<EventsRef<'a>>,
    /// Versions affected by name.
    pub versions: Vec<&'a str>,
    /// What only a Windows row has.
    pub windows: Option<WindowsRef<'a>>,
    /// The module or topic that the row speaks of, such as `nodejs:18`.
    pub stream: Option<&'a str>,
    /// Architectures that the row is limited to, in bytewise order; empty for all.
    pub architectures: Vec<&'a str>,
    /// What a machine needs to get the fix, such as `Ubuntu Pro`.
    pub subscription: Option<&'a str>,
    /// All ratings, in any order.
    pub ratings: Vec<RatingRef<'a>>,
    /// One line that says what it is.
    pub summary: Option<&'a str>,
    /// Where people read more, where it does not follow from the ids.
    pub url: Option<&'a str>,
    /// When this row (not its whole document) last changed.
    pub modified_at: Option<Timestamp>,
    /// When the fix that this row names became available, where the feed says so.
    pub fixed_at: Option<Timestamp>,
}

impl Default for Row<'_> {
    fn default() -> Self {
        Self {
            ecosystem: EcosystemRef::default(),
            package: "",
            vulnerability: "",
            advisory: None,
            aliases: Vec::new(),
            status: AdvisoryStatus::Undetermined,
            affected: Vec::new(),
            versions: Vec::new(),
            windows: None,
            stream: None,
            architectures: Vec::new(),
            subscription: None,
            ratings: Vec::new(),
            summary: None,
            url: None,
            modified_at: None,
            fixed_at: None,
        }
    }
}

/// One run of affected versions: [`VersionEvents`], borrowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventsRef<'a> {
    /// First affected version, `0` for all before the fix.
    pub introduced: &'a str,
    /// First version that is no longer affected.
    pub fixed: Option<&'a str>,
    /// Last affected version, where no fix is named.
    pub last_affected: Option<&'a str>,
}

impl EventsRef<'_> {
    /// The owned form.
    #[must_use]
    pub fn to_owned(&self) -> VersionEvents {
        VersionEvents {
            introduced: self.introduced.to_owned(),
            fixed: self.fixed.map(str::to_owned),
            last_affected: self.last_affected.map(str::to_owned),
        }
    }
}

/// A row of Microsoft's CVRF data: [`WindowsRow`], borrowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowsRef<'a> {
    /// ProductID, such as `11572`.
    pub product_id: &'a str,
    /// Product name, such as `Windows Server 2019 (Server Core installation)`.
    pub product: &'a str,
    /// The update that fixes it, such as `KB5043050`.
    pub kb: Option<&'a str>,
    /// `FixedBuild` as written.
    pub fixed_build: Option<&'a str>,
    /// KBs that this one replaces.
    pub supersedes: Vec<&'a str>,
    /// Whether the row is of the hotpatch line.
    pub hotpatch: bool,
    /// Whether a restart is needed.
    pub restart: Option<&'a str>,
    /// The component, such as `Windows Print Spooler Components`.
    pub component: Option<&'a str>,
}

impl WindowsRef<'_> {
    /// The owned form.
    #[must_use]
    pub fn to_owned(&self) -> WindowsRow {
        let text = |text: Option<&str>| text.map(str::to_owned);
        WindowsRow {
            product_id: self.product_id.to_owned(),
            product: self.product.to_owned(),
            kb: text(self.kb),
            fixed_build: text(self.fixed_build),
            supersedes: self.supersedes.iter().map(|&kb| kb.to_owned()).collect(),
            hotpatch: self.hotpatch,
            restart: text(self.restart),
            component: text(self.component),
        }
    }
}

/// One rating: [`SeverityRating`], borrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatingRef<'a> {
    /// Who said so.
    pub source: SeveritySource,
    /// The word, mapped to ours.
    pub severity: Severity,
    /// The source's own word.
    pub word: Option<&'a str>,
    /// CVSS base score, 0 to 10.
    pub cvss_score: Option<f32>,
    /// CVSS vector text.
    pub cvss_vector: Option<&'a str>,
}

impl RatingRef<'_> {
    /// The owned form.
    #[must_use]
    pub fn to_owned(&self) -> SeverityRating {
        SeverityRating {
            source: self.source,
            severity: self.severity,
            word: self.word.map(str::to_owned),
            cvss_score: self.cvss_score,
            cvss_vector: self.cvss_vector.map(str::to_owned),
        }
    }
}

/// A row as a shard gives it back: with the feed and the document it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow<'a> {
    /// The feed's name, such as `debian-tracker`.
    pub feed: &'a str,
    /// The document, such as `2024-Aug` or a file name.
    pub document: &'a str,
    /// The row.
    pub row: Row<'a>,
}

impl StoredRow<'_> {
    /// Where the row was read, for evidence.
    #[must_use]
    pub fn source(&self) -> AdvisorySource {
        AdvisorySource {
            feed: self.feed.to_owned(),
            document: self.document.to_owned(),
            url: match self.row.url {
                Some(url) => Some(url.to_owned()),
                None => crate::feeds::page_of(self.feed, &self.row),
            },
            modified_at: self.row.modified_at,
        }
    }

    /// The row in the form that documents and the API use.
    pub fn to_advisory(&self) -> Result<Advisory, schemas::ids::InvalidId> {
        let row = &self.row;
        Ok(Advisory {
            vulnerability: row.vulnerability.parse()?,
            advisory: row.advisory.map(str::to_owned),
            aliases: row.aliases.iter().map(|&id| id.to_owned()).collect(),
            ecosystem: row.ecosystem.to_owned(),
            package: row.package.to_owned(),
            status: row.status,
            affected: row.affected.iter().map(|run| run.to_owned()).collect(),
            versions: row.versions.iter().map(|&v| v.to_owned()).collect(),
            windows: row.windows.as_ref().map(WindowsRef::to_owned),
            stream: row.stream.map(str::to_owned),
            architectures: row.architectures.iter().map(|&a| a.to_owned()).collect(),
            subscription: row.subscription.map(str::to_owned),
            ratings: row.ratings.iter().map(RatingRef::to_owned).collect(),
            summary: row.summary.map(str::to_owned),
            fixed_at: row.fixed_at,
            source: self.source(),
        })
    }
}

/// What one document says of one vulnerability wherever it is. Rows of several documents are merged when read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntelRow<'a> {
    /// CVE id.
    pub vulnerability: &'a str,
    /// Who says that it is exploited: `cisa-kev`, `msrc`; absent when this document does not say so. Behind a blank the day since
    /// when they do, where they tell it: `cisa-kev 2024-08-13`. One text, so that earlier versions read it, too.
    pub exploited_by: Option<&'a str>,
    /// Known to be used in ransomware campaigns.
    pub ransomware: bool,
    /// EPSS probability, 0 to 1.
    pub epss: Option<f32>,
    /// EPSS percentile, 0 to 1.
    pub epss_percentile: Option<f32>,
    /// SSVC exploitation: `none`, `poc` or `active`.
    pub exploitation: Option<&'a str>,
    /// SSVC automatable: `yes` or `no`.
    pub automatable: Option<&'a str>,
    /// SSVC technical impact: `partial` or `total`.
    pub technical_impact: Option<&'a str>,
    /// How many public exploits this document knows; 0 when it knows none.
    pub public_exploits: u32,
    /// Ratings by the numbering authority, data publishers or the national database.
    pub ratings: Vec<RatingRef<'a>>,
}
