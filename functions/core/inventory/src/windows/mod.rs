//! Windows: the `SOFTWARE` registry hive of a machine, an image layer or a running host, understood as operating system,
//! updates and installed programs.
//!
//! `regf` reads the bytes of a hive, `wanted` says which keys matter and takes them from any registry tree (a hive file
//! or, in `live`, the running machine), `merge` lays the hives of an image's layers over one another, and `facts` turns
//! the result into an inventory.

mod facts;
#[cfg(windows)]
pub mod live;
mod merge;
mod regf;
mod wanted;

use schemas::{
    Digest,
    inventory::{CoverageGap, Evidence, HiveForm, HiveKey, ImageFacts, OperatingSystem, Package},
};

use crate::{
    analyzers::{Analysis, Analyzer, AnalyzerError},
    content::Content,
    gaps::gap_at,
};

pub use facts::parse_os_version;

/// Where the hive lies on a machine, and in a base layer relative to `Files/`.
const MACHINE_HIVE: &str = "Windows/System32/config/SOFTWARE";
/// The same hive as a container runtime links it when it imports a base layer.
const BASE_HIVE: &str = "Hives/Software_Base";
/// What a layer above the base changes in it.
const DELTA_HIVE: &str = "Hives/Software_Delta";

/// Reads `SOFTWARE` hives, whole ones and the differences of layers.
#[derive(Clone, Copy, Debug)]
pub struct WindowsHive;

/// The analyzer of hives.
pub static ANALYZER: WindowsHive = WindowsHive;

impl Analyzer for WindowsHive {
    fn name(&self) -> &'static str {
        "windows-hive"
    }

    fn wants(&self, path: &str) -> bool {
        [MACHINE_HIVE, BASE_HIVE, DELTA_HIVE]
            .iter()
            .any(|known| path.eq_ignore_ascii_case(known))
    }

    fn well_known(&self) -> &'static [&'static str] {
        &[MACHINE_HIVE]
    }

    fn is_database(&self) -> bool {
        true
    }

    fn is_sole_record(&self) -> bool {
        true
    }

    fn analyze(&self, path: &str, content: &mut Content) -> Result<Analysis, AnalyzerError> {
        let mut hive = regf::Hive::open(content)?;
        let taken = wanted::take(&mut hive)?;
        let mut gaps: Vec<CoverageGap> = hive
            .complaints()
            .into_iter()
            .map(|(reason, detail)| gap_at(reason, path, detail))
            .collect();
        gaps.extend(
            taken
                .problems
                .into_iter()
                .map(|(reason, detail)| gap_at(reason, path, detail)),
        );
        Ok(Analysis {
            evidence: vec![Evidence::Hive {
                path: path.to_owned(),
                form: form_of(path),
                keys: taken.keys,
            }],
            gaps,
        })
    }
}

/// The form goes by the file's name: a layer's `Software_Delta` is laid over what is below even when it happens to hold
/// every key, because laying a whole hive over another loses nothing, and taking a difference for a whole would erase
/// everything that the difference does not mention.
fn form_of(path: &str) -> HiveForm {
    if path.eq_ignore_ascii_case(DELTA_HIVE) {
        HiveForm::Delta
    } else {
        HiveForm::Base
    }
}

/// The evidence and gaps of one hive whose bytes are at hand.
///
/// # Errors
/// Bytes that are not a hive, or of which nothing could be read.
pub fn hive_evidence(path: &str, bytes: &[u8]) -> Result<Analysis, AnalyzerError> {
    ANALYZER.analyze(path, &mut Content::from(bytes))
}

/// The hive of one layer.
#[derive(Clone, Copy, Debug)]
pub struct LayerHive<'a> {
    /// The layer's diff id.
    pub layer: &'a Digest,
    /// The hive's file.
    pub path: &'a str,
    /// Whole, or a difference.
    pub form: HiveForm,
    /// What was taken from it.
    pub keys: &'a [HiveKey],
}

/// What the hives of a place say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowsFacts {
    /// The operating system; absent when neither a hive nor the image's configuration names a build.
    pub os: Option<OperatingSystem>,
    /// Installed programs and the .NET Framework.
    pub packages: Vec<Package>,
    /// What is doubtful.
    pub gaps: Vec<CoverageGap>,
}

/// Lays the hives of a place over one another, lowest layer first, and says what they and the image's configuration
/// mean. With `image` the packages name their layers; without one (a folder, a machine) they do not.
pub fn merge_hives(hives: &[LayerHive<'_>], image: Option<&ImageFacts>) -> WindowsFacts {
    let merged = merge::Merged::of(hives);
    facts::facts(&merged, image)
}

#[cfg(test)]
mod tests;
