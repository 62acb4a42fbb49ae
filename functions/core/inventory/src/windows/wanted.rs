//! Which keys and values of `SOFTWARE` say something, and how they are taken from a registry tree.

use std::collections::BTreeMap;

use schemas::inventory::{GapReason, HiveKey, HiveValue};

use crate::analyzers::AnalyzerError;

/// Version, edition and installation type.
pub(super) const CURRENT_VERSION: &str = r"Microsoft\Windows NT\CurrentVersion";
/// Updates, one key per package.
pub(super) const SERVICING: &str =
    r"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages";
/// Installed programs, one key each.
pub(super) const UNINSTALL: &str = r"Microsoft\Windows\CurrentVersion\Uninstall";
/// Installed 32-bit programs, one key each.
pub(super) const UNINSTALL_32: &str = r"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall";
/// The .NET Framework.
pub(super) const NET_FRAMEWORK: &str = r"Microsoft\NET Framework Setup\NDP\v4\Full";

const VERSION_VALUES: &[&str] = &[
    "ProductName",
    "CurrentBuild",
    "CurrentBuildNumber",
    "UBR",
    "EditionID",
    "InstallationType",
    "DisplayVersion",
    "ReleaseId",
];
const SERVICING_VALUES: &[&str] = &["CurrentState", "InstallLocation"];
const UNINSTALL_VALUES: &[&str] = &[
    "DisplayName",
    "DisplayVersion",
    "Publisher",
    "ParentKeyName",
    "ReleaseType",
];
const NET_VALUES: &[&str] = &["Release", "Version"];

/// Keys taken from one tree at most, and their text. A full server has some thousand.
const MAX_KEYS: usize = 60_000;
const MAX_TEXT_BYTES: usize = 32 << 20;

/// One key that is wanted: itself, or its subkeys.
struct Wanted {
    path: &'static str,
    values: &'static [&'static str],
    /// Which subkeys are wanted instead of the key's own values.
    subkeys: Option<fn(&str) -> bool>,
}

static WANTED: &[Wanted] = &[
    Wanted {
        path: CURRENT_VERSION,
        values: VERSION_VALUES,
        subkeys: None,
    },
    Wanted {
        path: SERVICING,
        values: SERVICING_VALUES,
        subkeys: Some(is_update),
    },
    Wanted {
        path: UNINSTALL,
        values: UNINSTALL_VALUES,
        subkeys: Some(any),
    },
    Wanted {
        path: UNINSTALL_32,
        values: UNINSTALL_VALUES,
        subkeys: Some(any),
    },
    Wanted {
        path: NET_FRAMEWORK,
        values: NET_VALUES,
        subkeys: None,
    },
];

fn any(_: &str) -> bool {
    true
}

/// An update as a whole. Its parts (`Package_12_for_KB…`) and the packages of Windows itself repeat what it says.
fn is_update(name: &str) -> bool {
    name.get(..12)
        .is_some_and(|start| start.eq_ignore_ascii_case("Package_for_"))
}

/// What a key of a layer does to the keys of the same path below. Source: "layer semantics" of the regf specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layering {
    /// Its values are laid over those below. Every key of a hive without layers.
    Merge,
    /// It removes the key and all below it.
    Tombstone,
    /// It hides the values below and keeps the subkeys.
    SupersedeLocal,
    /// It hides the key with all its subkeys below, and stands in for them.
    SupersedeTree,
}

/// A registry tree: a hive file, or the running machine.
pub(super) trait Tree {
    /// A key.
    type Key;

    fn root(&mut self) -> Result<Self::Key, AnalyzerError>;

    fn children(&mut self, key: &Self::Key) -> Result<Vec<Self::Key>, AnalyzerError>;

    /// The subkey of this name, compared without case.
    fn child(&mut self, key: &Self::Key, name: &str) -> Result<Option<Self::Key>, AnalyzerError> {
        let children = self.children(key)?;
        Ok(children
            .into_iter()
            .find(|child| self.name(child).eq_ignore_ascii_case(name)))
    }

    /// Those values whose names are listed, named as listed, numbers as decimal text.
    fn values(&mut self, key: &Self::Key, names: &[&str]) -> Result<Vec<HiveValue>, AnalyzerError>;

    fn name<'k>(&self, key: &'k Self::Key) -> &'k str;

    fn layering(&self, key: &Self::Key) -> Layering;
}

/// What was taken from a tree.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The keys, in order of path without case.
    pub(super) keys: Vec<HiveKey>,
    /// What was not taken.
    pub(super) problems: Vec<(GapReason, String)>,
}

/// Takes what is wanted. A limit that is reached ends the taking and is a problem, not an error.
pub(super) fn take<T: Tree>(tree: &mut T) -> Result<Taken, AnalyzerError> {
    let mut taker = Taker::default();
    let root = tree.root()?;
    let mut problems = Vec::new();
    for wanted in WANTED {
        match taker.take_one(tree, &root, wanted) {
            Ok(()) => {}
            Err(AnalyzerError::Limit(why)) => {
                problems.push((
                    GapReason::LimitExceeded,
                    format!("{why}; `{}` and what follows was left out", wanted.path),
                ));
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Taken {
        keys: taker.keys.into_values().collect(),
        problems,
    })
}

#[derive(Default)]
struct Taker {
    keys: BTreeMap<String, HiveKey>,
    text_bytes: usize,
}

impl Taker {
    fn take_one<T: Tree>(
        &mut self,
        tree: &mut T,
        root: &T::Key,
        wanted: &Wanted,
    ) -> Result<(), AnalyzerError> {
        let mut path = String::new();
        let mut found: Option<T::Key> = None;
        for part in wanted.path.split('\\') {
            let next = tree.child(found.as_ref().unwrap_or(root), part)?;
            let Some(next) = next else { return Ok(()) };
            if !path.is_empty() {
                path.push('\\');
            }
            path.push_str(part);
            match tree.layering(&next) {
                Layering::Tombstone => return self.put(path, true, Vec::new()),
                Layering::SupersedeTree => self.put(path.clone(), true, Vec::new())?,
                Layering::Merge | Layering::SupersedeLocal => {}
            }
            found = Some(next);
        }
        let Some(key) = found else { return Ok(()) };
        let Some(is_wanted) = wanted.subkeys else {
            return self.put_values(tree, &key, path, wanted.values);
        };
        // The key itself says that the list was there at all.
        self.put(path.clone(), false, Vec::new())?;
        for child in tree.children(&key)? {
            let name = tree.name(&child);
            if is_wanted(name) {
                let child_path = format!("{path}\\{name}");
                self.put_values(tree, &child, child_path, wanted.values)?;
            }
        }
        Ok(())
    }

    fn put_values<T: Tree>(
        &mut self,
        tree: &mut T,
        key: &T::Key,
        path: String,
        names: &[&str],
    ) -> Result<(), AnalyzerError> {
        match tree.layering(key) {
            Layering::Tombstone => self.put(path, true, Vec::new()),
            Layering::SupersedeTree => {
                let values = tree.values(key, names)?;
                self.put(path, true, values)
            }
            Layering::Merge => {
                let values = tree.values(key, names)?;
                self.put(path, false, values)
            }
            Layering::SupersedeLocal => {
                let mut values = tree.values(key, names)?;
                for name in names {
                    if !values.iter().any(|value| value.name == *name) {
                        values.push(HiveValue {
                            name: (*name).to_owned(),
                            data: None,
                        });
                    }
                }
                self.put(path, false, values)
            }
        }
    }

    fn put(
        &mut self,
        path: String,
        deleted: bool,
        values: Vec<HiveValue>,
    ) -> Result<(), AnalyzerError> {
        let texts = values
            .iter()
            .map(|value| value.name.len() + value.data.as_ref().map_or(0, String::len));
        self.text_bytes += path.len() * 2 + texts.sum::<usize>();
        if self.keys.len() >= MAX_KEYS || self.text_bytes > MAX_TEXT_BYTES {
            return Err(AnalyzerError::Limit(
                "the registry has more wanted keys than are kept".to_owned(),
            ));
        }
        let entry = self
            .keys
            .entry(path.to_lowercase())
            .or_insert_with(|| HiveKey {
                path,
                deleted: false,
                values: Vec::new(),
            });
        entry.deleted |= deleted;
        if entry.values.is_empty() {
            entry.values = values;
        }
        Ok(())
    }
}
