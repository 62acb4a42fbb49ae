//! An image's configuration. Source: OCI image-spec, `config.md`; the fields beyond it are Docker's.

use std::collections::BTreeMap;

use schemas::{
    Digest, Timestamp,
    inventory::{ImageFacts, LayerRef},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    ImageError,
    base::{Line, base_of},
};
use crate::limits::Limits;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    os: Option<String>,
    #[serde(default, rename = "os.version")]
    os_version: Option<String>,
    #[serde(default)]
    architecture: Option<String>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    config: Option<RunConfig>,
    #[serde(default)]
    rootfs: Option<RootFs>,
    #[serde(default)]
    history: Option<Vec<History>>,
}

#[derive(Default, Deserialize)]
struct RunConfig {
    #[serde(default, rename = "User")]
    user: Option<String>,
    #[serde(default, rename = "ExposedPorts")]
    exposed_ports: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    #[serde(default, rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<Vec<Digest>>,
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: Option<bool>,
}

/// The digest of bytes.
pub(super) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(bytes).into())
}

/// What a configuration says. The image's id is the digest of these bytes.
///
/// # Errors
/// `Json` when the bytes are not a configuration, `Inconsistent` when they name too many layers.
pub fn parse_config(json: &[u8], limits: &Limits) -> Result<ImageFacts, ImageError> {
    let config: Config = serde_json::from_slice(json).map_err(|source| ImageError::Json {
        name: "the image's configuration".to_owned(),
        source,
    })?;
    let diff_ids = config
        .rootfs
        .and_then(|rootfs| rootfs.diff_ids)
        .unwrap_or_default();
    if diff_ids.len() > limits.max_layers {
        return Err(ImageError::Inconsistent(format!(
            "the configuration names more than {} layers",
            limits.max_layers
        )));
    }
    let run = config.config.unwrap_or_default();
    let history = config.history.unwrap_or_default();
    let told: Vec<Line<'_>> = history
        .iter()
        .map(|line| Line {
            created_by: line.created_by.as_deref().unwrap_or_default(),
            is_empty: line.empty_layer == Some(true),
        })
        .collect();
    let labels = run.labels.unwrap_or_default();
    let base = base_of(&told, diff_ids.len(), &labels);
    let mut lines = history
        .into_iter()
        .filter(|line| line.empty_layer != Some(true))
        .map(|line| line.created_by);
    Ok(ImageFacts {
        id: digest_of(json),
        tags: Vec::new(),
        repo_digests: Vec::new(),
        os: config.os.unwrap_or_else(|| "linux".to_owned()),
        os_version: config.os_version.filter(|version| !version.is_empty()),
        architecture: config.architecture.filter(|name| !name.is_empty()),
        created_at: config
            .created
            .and_then(|moment| moment.parse::<Timestamp>().ok()),
        user: run.user.unwrap_or_default(),
        exposed_ports: run.exposed_ports.unwrap_or_default().into_keys().collect(),
        labels,
        base,
        layers: diff_ids
            .into_iter()
            .map(|diff_id| LayerRef {
                diff_id,
                blob: None,
                media_type: None,
                size_bytes: None,
                created_by: lines
                    .next()
                    .flatten()
                    .filter(|line| !line.is_empty())
                    .map(|line| without_build_arguments(&line)),
            })
            .collect(),
    })
}

/// A history line without the values of build arguments, which are often secrets.
///
/// Builders write `RUN |2 NAME=value OTHER=value /bin/sh -c command`, with the number of arguments after the bar, and
/// values are not quoted: all up to the shell is left out. Source: Docker's builder, `dispatchers.go`, and BuildKit's
/// history of `RUN`.
fn without_build_arguments(line: &str) -> String {
    const SHELLS: [&str; 4] = [
        "/bin/sh -c ",
        "/bin/bash -c ",
        "cmd /S /C ",
        "powershell -Command ",
    ];
    let Some((before, after)) = line.split_once('|') else {
        return line.to_owned();
    };
    let counted = after.split(' ').next().is_some_and(|count| {
        !count.is_empty() && count.len() <= 4 && count.bytes().all(|b| b.is_ascii_digit())
    });
    if !counted || !matches!(before.trim(), "" | "RUN") {
        return line.to_owned();
    }
    let command = SHELLS
        .iter()
        // A value may look like a shell too: only what follows the last one is surely no value.
        .filter_map(|shell| after.rfind(shell))
        .max()
        .and_then(|at| after.get(at..))
        .unwrap_or_default();
    format!("{before}|… {command}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_and_the_history_of_layers_are_taken() {
        let [a, b] = [1, 2].map(|n| Digest::from_sha256(&[n; 32]));
        let json = format!(
            r#"{{"os":"windows","os.version":"10.0.20348.2700","architecture":"amd64","created":"2024-01-02T03:04:05.123456789Z",
            "config":{{"User":"ContainerUser","ExposedPorts":{{"80/tcp":{{}}}},"Labels":{{"a":"b"}},"Env":null}},
            "rootfs":{{"type":"layers","diff_ids":["{a}","{b}"]}},
            "history":[{{"created_by":"base"}},{{"created_by":"ENV","empty_layer":true}},{{"created_by":"COPY"}}]}}"#
        );
        let facts = parse_config(json.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(facts.os_version.as_deref(), Some("10.0.20348.2700"));
        assert_eq!(facts.exposed_ports, ["80/tcp"]);
        assert_eq!(facts.layers[1].created_by.as_deref(), Some("COPY"));
        assert_eq!(
            facts.created_at.unwrap().to_string(),
            "2024-01-02T03:04:05.123Z"
        );
        assert_eq!(facts.id, digest_of(json.as_bytes()));
        assert!(
            parse_config(
                b"{\"rootfs\":{\"diff_ids\":[\"sha256:x\"]}}",
                &Limits::default()
            )
            .is_err()
        );
        let null = parse_config(
            b"{\"config\":null,\"rootfs\":null,\"history\":null}",
            &Limits::default(),
        );
        assert!(null.unwrap().layers.is_empty());
    }

    #[test]
    fn values_of_build_arguments_are_not_kept() {
        let kept = without_build_arguments(
            "RUN |2 TOKEN=s3cret NAME=a b /bin/sh -c make | tee log # buildkit",
        );
        assert_eq!(kept, "RUN |… /bin/sh -c make | tee log # buildkit");
        assert_eq!(
            without_build_arguments("|1 TOKEN=s3cret cmd /S /C build"),
            "|… cmd /S /C build"
        );
        assert_eq!(
            without_build_arguments("|1 TOKEN=s3cret /usr/bin/env"),
            "|… "
        );
        assert_eq!(
            without_build_arguments("RUN |2 SHELL=/bin/bash TOKEN=s3cret /bin/sh -c make"),
            "RUN |… /bin/sh -c make"
        );
        for plain in [
            "RUN /bin/sh -c a | b",
            "COPY . /app",
            "RUN /bin/sh -c x |1 y",
        ] {
            assert_eq!(without_build_arguments(plain), plain);
        }
    }
}
