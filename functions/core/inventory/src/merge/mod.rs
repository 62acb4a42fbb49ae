//! Layers laid over one another: what an image contains in the end, and how much of it was read.

mod locked;
mod owners;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
};

use schemas::{
    Digest,
    inventory::{
        Coverage, CoverageGap, CoverageStatus, Evidence, GapReason, HiveForm, INVENTORY_VERSION,
        ImageFacts, Inventory, LayerInventory, OperatingSystem, Package, PackageKind, Target,
        TargetKind,
    },
};

use locked::Locked;
use owners::{Owners, is_system};

use crate::{
    analyzers::{executable::DOTNET_FRAMEWORK, os_release},
    gaps::{gap, gap_in},
    purls,
    windows::{LayerHive, merge_hives},
};

/// The inventory of an image from those of its layers, which stand in the order of `image.layers`. A layer that is not
/// there leaves a gap: `gaps` says why if the caller knows, otherwise it is `missing_layer`.
pub fn merge(
    image: &ImageFacts,
    layers: &[Option<LayerInventory>],
    gaps: Vec<CoverageGap>,
) -> Inventory {
    let layers: Vec<_> = layers.iter().map(Option::as_ref).collect();
    merge_borrowed(image, &layers, gaps)
}

/// As [`merge`], for layers that are held elsewhere.
pub fn merge_borrowed(
    image: &ImageFacts,
    layers: &[Option<&LayerInventory>],
    gaps: Vec<CoverageGap>,
) -> Inventory {
    let is_windows = image.os.eq_ignore_ascii_case("windows");
    let mut pile = Pile::new(is_windows || layers.iter().flatten().any(|layer| layer.windows));
    let mut gaps = gaps;
    for (index, reference) in image.layers.iter().enumerate() {
        match layers.get(index).copied().flatten() {
            Some(layer) if layer.diff_id == reference.diff_id => {
                pile.lay(layer);
                gaps.extend(layer.gaps.iter().cloned().map(|mut gap| {
                    gap.layer.get_or_insert_with(|| layer.diff_id.clone());
                    gap
                }));
                if layer.evidence.contains(&Evidence::Unknown) {
                    gaps.push(gap_in(
                        GapReason::UnsupportedFormat,
                        &layer.diff_id,
                        "a later version read this layer and found what this one does not understand",
                    ));
                }
            }
            Some(layer) => gaps.push(gap_in(
                GapReason::DigestMismatch,
                &reference.diff_id,
                format!(
                    "the inventory of another layer, {}, stands in its place",
                    layer.diff_id
                ),
            )),
            None => {
                let explained = gaps
                    .iter()
                    .any(|gap| gap.layer.as_ref() == Some(&reference.diff_id));
                if !explained {
                    gaps.push(gap_in(
                        GapReason::MissingLayer,
                        &reference.diff_id,
                        "the layer was not read: its packages are not known",
                    ));
                }
            }
        }
    }
    let parts = Parts {
        gaps,
        ..Parts::default()
    };
    let hives = pile.hives();
    let parts = if is_windows || !hives.is_empty() {
        let facts = merge_hives(&hives, Some(image));
        Parts {
            os: facts.os,
            packages: facts.packages,
            gaps: parts.gaps.into_iter().chain(facts.gaps).collect(),
            ..Parts::default()
        }
    } else {
        parts
    };
    let parts = pile.into_parts(parts, image.architecture.as_deref());
    let name = image
        .tags
        .first()
        .cloned()
        .unwrap_or_else(|| image.id.to_string());
    let mut inventory = parts.inventory(Target {
        kind: TargetKind::Image,
        name,
        id: Some(image.id.to_string()),
    });
    inventory.image = Some(image.clone());
    inventory
}

/// What is known of a place when all its files were read.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) os: Option<OperatingSystem>,
    pub(crate) packages: Vec<Package>,
    pub(crate) gaps: Vec<CoverageGap>,
    /// Whether this is an application's folder, which has no operating system to be known.
    pub(crate) application: bool,
}

impl Parts {
    /// The inventory, with the verdict on coverage.
    pub(crate) fn inventory(self, target: Target) -> Inventory {
        let Self {
            os,
            mut packages,
            mut gaps,
            application,
        } = self;
        let application = application && !packages.iter().any(|package| is_system(package.kind));
        let unknown = os.is_none() && !application;
        if unknown {
            gaps.push(gap(
                GapReason::UnknownOs,
                "no known operating system was found (no os-release and no registry hive): what is listed may be judged, \
                 and what is not listed proves nothing",
            ));
        }
        gaps.sort();
        gaps.dedup();
        packages.sort();
        packages.dedup();
        Inventory {
            version: INVENTORY_VERSION,
            target,
            coverage: Coverage {
                status: if unknown {
                    CoverageStatus::Unsupported
                } else if gaps.is_empty() {
                    CoverageStatus::Complete
                } else {
                    CoverageStatus::Partial
                },
                gaps,
            },
            os,
            packages,
            image: None,
            host: None,
        }
    }
}

/// Evidence of the layers so far, by the path it was found at.
pub(crate) struct Pile<'a> {
    /// Whether paths compare without case.
    caseless: bool,
    /// Number of layers laid so far.
    laid: u32,
    /// Their numbers.
    numbers: HashMap<&'a Digest, u32>,
    files: BTreeMap<String, File<'a>>,
}

struct File<'a> {
    /// The layer that has the topmost file of this path, and its number from the bottom.
    layer: &'a Digest,
    number: u32,
    evidence: Vec<&'a Evidence>,
    /// For each package of the topmost file the layer since which it is there, where that is a lower one.
    since: HashMap<PackageKey<'a>, &'a Digest>,
}

/// What makes a package the same from layer to layer.
type PackageKey<'a> = (&'a str, &'a str, Option<&'a str>);

fn key_of(package: &Package) -> PackageKey<'_> {
    (
        &package.name,
        &package.version,
        package.architecture.as_deref(),
    )
}

impl<'a> Pile<'a> {
    pub(crate) fn new(caseless: bool) -> Self {
        Self {
            caseless,
            laid: 0,
            numbers: HashMap::new(),
            files: BTreeMap::new(),
        }
    }

    fn key(&self, path: &str) -> String {
        if self.caseless {
            path.to_lowercase()
        } else {
            path.to_owned()
        }
    }

    /// Lays a layer over those so far.
    pub(crate) fn lay(&mut self, layer: &'a LayerInventory) {
        // What a layer hides is below it: its own files come after.
        for folder in &layer.opaque {
            let folder = self.key(folder);
            self.remove_below(&folder);
        }
        for path in layer.whiteouts.iter().chain(&layer.replaced) {
            let path = self.key(path);
            self.files.remove(&path);
            self.remove_below(&path);
        }
        self.laid += 1;
        self.numbers.entry(&layer.diff_id).or_insert(self.laid);
        let mut own: BTreeMap<String, File<'a>> = BTreeMap::new();
        for evidence in &layer.evidence {
            let (Evidence::Packages { path, .. }
            | Evidence::Os { path, .. }
            | Evidence::Hive { path, .. }
            | Evidence::OwnedFiles { path, .. }) = evidence
            else {
                continue;
            };
            own.entry(self.key(path))
                .or_insert_with(|| File {
                    layer: &layer.diff_id,
                    number: self.laid,
                    evidence: Vec::new(),
                    since: HashMap::new(),
                })
                .evidence
                .push(evidence);
        }
        for (key, mut file) in own {
            if is_delta(&file) {
                // Every layer's difference counts, not only the topmost.
                self.files.insert(format!("{key}\0{}", self.laid), file);
                continue;
            }
            if let Some(below) = self.files.remove(&key) {
                file.since = below.inherited(&file);
            }
            self.files.insert(key, file);
        }
    }

    /// Removes all evidence below a folder; the root's name is empty.
    fn remove_below(&mut self, folder: &str) {
        if folder.is_empty() {
            self.files.clear();
            return;
        }
        let (first, end) = (format!("{folder}/"), format!("{folder}0"));
        loop {
            // `0` follows `/`, so that these are exactly the paths below.
            let next = self
                .files
                .range::<str, _>((
                    Bound::Included(first.as_str()),
                    Bound::Excluded(end.as_str()),
                ))
                .next()
                .map(|(path, _)| path.clone());
            match next {
                Some(path) => self.files.remove(&path),
                None => return,
            };
        }
    }

    /// The hives, lowest first; in one layer whole ones come before the difference.
    pub(crate) fn hives(&self) -> Vec<LayerHive<'a>> {
        let mut hives = Vec::new();
        for file in self.files.values() {
            for evidence in &file.evidence {
                if let Evidence::Hive { path, form, keys } = evidence {
                    let hive = LayerHive {
                        layer: file.layer,
                        path,
                        form: *form,
                        keys,
                    };
                    hives.push((file.number, *form == HiveForm::Delta, hive));
                }
            }
        }
        hives.sort_by_key(|(number, is_delta, _)| (*number, *is_delta));
        hives.into_iter().map(|(_, _, hive)| hive).collect()
    }

    /// Packages and operating system, added to what is known already.
    pub(crate) fn into_parts(self, mut parts: Parts, architecture: Option<&str>) -> Parts {
        if parts.os.is_none() {
            parts.os = self.linux();
        }
        if let Some(os) = &mut parts.os
            && os.architecture.is_none()
        {
            os.architecture = architecture
                .map(str::to_owned)
                .or_else(|| self.architecture());
        }
        let owners = Owners::of(&self);
        let locked = Locked::of(&self);
        parts.gaps.retain(|gap| !owners.answer(gap, &self.numbers));
        for file in self.files.values() {
            for evidence in &file.evidence {
                let Evidence::Packages {
                    packages, analyzer, ..
                } = evidence
                else {
                    continue;
                };
                for package in packages {
                    let Some(origin) = locked.judge(package, analyzer) else {
                        continue;
                    };
                    let since = file.since.get(&key_of(package)).copied();
                    let mut package = package.clone();
                    package.layer = Some(since.unwrap_or(file.layer).clone());
                    package.origin = origin;
                    package.owned_by = owners.owner(&package, file.number).map(str::to_owned);
                    if let Some(purl) = purls::of_distribution(&package, parts.os.as_ref()) {
                        package.purl = purl;
                    }
                    parts.packages.push(package);
                }
            }
        }
        keep_newest_framework(&mut parts.packages);
        parts
    }

    /// Whether anything was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The names of the analyzers that found something.
    fn analyzers(&self) -> HashSet<&'a str> {
        self.evidence()
            .filter_map(|evidence| match evidence {
                Evidence::Packages {
                    analyzer, packages, ..
                } if !packages.is_empty() => Some(analyzer.as_str()),
                _ => None,
            })
            .collect()
    }

    fn evidence(&self) -> impl Iterator<Item = &'a Evidence> {
        self.files
            .values()
            .flat_map(|file| file.evidence.iter().copied())
    }

    /// The operating system by the most telling file.
    fn linux(&self) -> Option<OperatingSystem> {
        os_release::FILES.iter().find_map(|wanted| {
            let file = self.files.get(*wanted)?;
            file.evidence.iter().find_map(|evidence| match evidence {
                Evidence::Os { os, .. } => Some(os.clone()),
                _ => None,
            })
        })
    }

    /// The architecture, in Go's words, that most packages are for.
    fn architecture(&self) -> Option<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for evidence in self.evidence() {
            if let Evidence::Packages { packages, .. } = evidence {
                for package in packages {
                    if let Some(architecture) = package.architecture.as_deref().and_then(go_name) {
                        *counts.entry(architecture).or_default() += 1;
                    }
                }
            }
        }
        counts
            .into_iter()
            .max_by_key(|(_, count)| *count)
            .map(|(name, _)| name.to_owned())
    }
}

impl<'a> File<'a> {
    /// Since when the packages of the file above this one are there, for those that this one has too.
    fn inherited(&self, above: &Self) -> HashMap<PackageKey<'a>, &'a Digest> {
        let mine: HashSet<_> = self.keys().collect();
        above
            .keys()
            .filter(|key| mine.contains(key))
            .map(|key| (key, self.since.get(&key).copied().unwrap_or(self.layer)))
            .collect()
    }

    fn keys(&self) -> impl Iterator<Item = PackageKey<'a>> {
        self.evidence.iter().flat_map(|evidence| match evidence {
            Evidence::Packages { packages, .. } => packages.iter().map(key_of),
            _ => [].iter().map(key_of),
        })
    }
}

fn is_delta(file: &File<'_>) -> bool {
    file.evidence.iter().any(|evidence| {
        matches!(
            evidence,
            Evidence::Hive {
                form: HiveForm::Delta,
                ..
            }
        )
    })
}

/// Each file of the .NET Framework dates the update that brought it; the newest dates the Framework.
fn keep_newest_framework(packages: &mut Vec<Package>) {
    let is_framework =
        |package: &Package| package.kind == PackageKind::Dotnet && package.name == DOTNET_FRAMEWORK;
    let numbers = |package: &Package| -> Vec<u32> {
        let parts = package.version.split('.');
        parts.map(|part| part.parse().unwrap_or(0)).collect()
    };
    let newest = packages
        .iter()
        .filter(|package| is_framework(package))
        .max_by_key(|package| (numbers(package), Reverse(&package.path)))
        .cloned();
    if let Some(newest) = newest {
        packages.retain(|package| !is_framework(package));
        packages.push(newest);
    }
}

/// Go's word for an architecture in those of dpkg, apk and rpm.
fn go_name(architecture: &str) -> Option<&'static str> {
    Some(match architecture {
        "amd64" | "x86_64" => "amd64",
        "arm64" | "aarch64" => "arm64",
        "i386" | "i686" | "x86" => "386",
        "armhf" | "armv7" | "armv7hl" => "arm",
        "ppc64el" | "ppc64le" => "ppc64le",
        "s390x" => "s390x",
        "riscv64" => "riscv64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
