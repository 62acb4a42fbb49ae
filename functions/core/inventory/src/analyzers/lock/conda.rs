//! Conda's `environment.yml`. Source: conda's documentation, "Managing environments", and its match specifications.

use schemas::inventory::{PackageKind, PackageOrigin};
use serde::Deserialize;
use serde_json::Value;

use super::{Format, Listing, cut, loose::List, yaml};
use crate::analyzers::AnalyzerError;

pub(super) static ENVIRONMENT: Format = Format {
    name: "conda-environment",
    kind: PackageKind::Conda,
    wants: |name| matches!(name, "environment.yml" | "environment.yaml"),
    parse,
};

#[derive(Deserialize)]
struct Environment {
    #[serde(default)]
    dependencies: List<Value>,
}

fn parse(bytes: &[u8], listing: &mut Listing<'_>) -> Result<(), AnalyzerError> {
    // Others give their files this name too: without dependencies it says nothing of packages.
    let Ok(environment) = yaml::<Environment>(bytes, "environment.yml") else {
        return Ok(());
    };
    for dependency in &environment.dependencies.0 {
        match dependency {
            Value::String(spec) => conda(spec, listing),
            // `pip:` with requirements of its own.
            Value::Object(groups) => {
                let pip = groups.get("pip").and_then(Value::as_array);
                for spec in pip.into_iter().flatten().filter_map(Value::as_str) {
                    match spec.split_once("==") {
                        Some((name, version)) => {
                            let name = name.split('[').next().unwrap_or(name).trim();
                            listing.add_as(
                                PackageKind::Pypi,
                                name,
                                version.trim(),
                                PackageOrigin::Locked,
                            );
                        }
                        None => unpinned(spec, listing),
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// `[CHANNEL::]NAME=VERSION[=BUILD]`; `NAME==VERSION` is the same in its stricter form.
fn conda(spec: &str, listing: &mut Listing<'_>) {
    let plain = spec.rsplit_once("::").map_or(spec, |(_, rest)| rest).trim();
    let exact = plain.split_once('=').and_then(|(name, rest)| {
        let version = rest.trim_start_matches('=').split('=').next()?;
        let is_one = !version.is_empty() && !version.contains(['*', '<', '>', ',', '|', '!', '~']);
        (is_one && !name.contains(['<', '>', '!', '~', ' '])).then_some((name, version))
    });
    match exact {
        Some((name, version)) => listing.add(name, version, PackageOrigin::Locked),
        None => unpinned(spec, listing),
    }
}

fn unpinned(spec: &str, listing: &mut Listing<'_>) {
    listing.unresolved(format!("`{}` is not pinned to one version", cut(spec)));
}
