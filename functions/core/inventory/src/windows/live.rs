//! The same facts from the registry of the machine that this runs on.

use schemas::{
    Digest,
    inventory::{GapReason, HiveForm, HiveValue},
};
use windows_registry::{Key as RegistryKey, LOCAL_MACHINE, Type};

use super::{
    LayerHive, WindowsFacts, merge_hives,
    wanted::{self, Layering, Tree},
};
use crate::{
    Limits,
    analyzers::AnalyzerError,
    gaps::{chain, gap_at},
};

/// Reads the running machine: operating system, updates and programs. What could not be read is in the gaps.
pub fn read(limits: &Limits) -> WindowsFacts {
    const ROOT: &str = r"HKLM\SOFTWARE";
    let taken = match wanted::take(&mut Live) {
        Ok(taken) => taken,
        Err(error) => {
            return WindowsFacts {
                gaps: vec![gap_at(error.reason(), ROOT, chain(&error))],
                ..WindowsFacts::default()
            };
        }
    };
    let whole = LayerHive {
        layer: &Digest::from_sha256(&[0; 32]),
        path: ROOT,
        form: HiveForm::Base,
        keys: &taken.keys,
    };
    let mut facts = merge_hives(&[whole], None);
    if facts.packages.len() > limits.max_packages {
        facts.packages.truncate(limits.max_packages);
        facts.gaps.push(gap_at(
            GapReason::LimitExceeded,
            ROOT,
            format!(
                "more than {} programs; the rest was left out",
                limits.max_packages
            ),
        ));
    }
    facts.gaps.extend(
        taken
            .problems
            .into_iter()
            .map(|(reason, detail)| gap_at(reason, ROOT, detail)),
    );
    if let Some(os) = &mut facts.os {
        os.architecture = match std::env::consts::ARCH {
            "x86_64" => Some("amd64".to_owned()),
            "aarch64" => Some("arm64".to_owned()),
            other => Some(other.to_owned()),
        };
    }
    facts
}

/// `HKEY_LOCAL_MACHINE\SOFTWARE`.
struct Live;

struct LiveKey {
    name: String,
    key: RegistryKey,
}

impl Tree for Live {
    type Key = LiveKey;

    fn root(&mut self) -> Result<LiveKey, AnalyzerError> {
        let key = LOCAL_MACHINE
            .open("SOFTWARE")
            .map_err(|error| AnalyzerError::Read(error.into()))?;
        Ok(LiveKey {
            name: "SOFTWARE".to_owned(),
            key,
        })
    }

    fn children(&mut self, key: &LiveKey) -> Result<Vec<LiveKey>, AnalyzerError> {
        let Ok(names) = key.key.keys() else {
            return Ok(Vec::new());
        };
        Ok(names
            .filter_map(|name| {
                let child = key.key.open(&name).ok()?;
                Some(LiveKey { name, key: child })
            })
            .collect())
    }

    fn child(&mut self, key: &LiveKey, name: &str) -> Result<Option<LiveKey>, AnalyzerError> {
        Ok(key.key.open(name).ok().map(|key| LiveKey {
            name: name.to_owned(),
            key,
        }))
    }

    fn values(&mut self, key: &LiveKey, names: &[&str]) -> Result<Vec<HiveValue>, AnalyzerError> {
        Ok(names
            .iter()
            .filter_map(|name| {
                let data = match key.key.get_type(name).ok()? {
                    Type::String | Type::ExpandString => key.key.get_string(name).ok()?,
                    Type::U32 => key.key.get_u32(name).ok()?.to_string(),
                    Type::U64 => key.key.get_u64(name).ok()?.to_string(),
                    _ => return None,
                };
                Some(HiveValue {
                    name: (*name).to_owned(),
                    data: Some(data),
                })
            })
            .collect())
    }

    fn name<'k>(&self, key: &'k LiveKey) -> &'k str {
        &key.name
    }

    fn layering(&self, _: &LiveKey) -> Layering {
        Layering::Merge
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_machine_names_its_build() {
        let facts = read(&Limits::default());
        let os = facts.os.unwrap();
        let windows = os.windows.unwrap();
        assert!(windows.build >= 7600, "{windows:?}");
        assert!(windows.product_name.is_some() && os.architecture.is_some());
    }
}
