//! Where an image's base ends, by what the image says of itself.
//!
//! A build lays its layers over those of the image that it starts from, and its history over that image's history. Nothing
//! marks the seam, but two things lie at it: images that are made to be built upon end with a default command (`CMD`), and
//! the layers of Windows itself have lines of Microsoft's own making.

use std::collections::BTreeMap;

use schemas::inventory::{BaseEvidence, BaseImage};

/// Labels of the OCI image-spec, `annotations.md`.
const NAME_LABEL: &str = "org.opencontainers.image.base.name";
const DIGEST_LABEL: &str = "org.opencontainers.image.base.digest";
/// A name that is shown, at most.
const MAX_NAME_BYTES: usize = 512;

/// One line of an image's history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// What made it.
    pub(super) created_by: &'a str,
    /// Whether it made no layer.
    pub(super) is_empty: bool,
}

/// The base of an image with this history, oldest line first. Absent when nothing tells, and when the whole image would
/// be its own base.
pub(super) fn base_of(
    history: &[Line<'_>],
    layers: usize,
    labels: &BTreeMap<String, String>,
) -> Option<BaseImage> {
    // A history that does not tell of every layer cannot tell where one ends.
    if history.iter().filter(|line| !line.is_empty).count() != layers {
        return None;
    }
    let (count, evidence) = match (command_seam(history), windows_seam(history)) {
        (Some(command), windows) if windows.is_none_or(|windows| command >= windows) => {
            (command, BaseEvidence::History)
        }
        (_, Some(windows)) => (windows, BaseEvidence::WindowsLayers),
        (_, None) => return None,
    };
    let label = |name: &str| {
        labels
            .get(name)
            .filter(|text| !text.is_empty() && text.len() <= MAX_NAME_BYTES)
            .cloned()
    };
    (count > 0 && count < layers).then(|| BaseImage {
        layers: u32::try_from(count).unwrap_or(u32::MAX),
        name: label(NAME_LABEL),
        digest: label(DIGEST_LABEL),
        evidence,
    })
}

/// Layers below the last default command that is not the image's own: its own comes after its last layer.
fn command_seam(history: &[Line<'_>]) -> Option<usize> {
    let last_layer = history.iter().rposition(|line| !line.is_empty)?;
    let below = history.get(..last_layer)?;
    let seam = below
        .iter()
        .rposition(|line| line.is_empty && sets_command(line.created_by))?;
    Some(layers_of(below.get(..seam)?))
}

/// Layers that Windows itself consists of.
fn windows_seam(history: &[Line<'_>]) -> Option<usize> {
    let is_windows = |line: &&Line<'_>| {
        !line.is_empty
            && (line.created_by.starts_with("Apply image ")
                || line.created_by.starts_with("Install update "))
    };
    let count = history.iter().take_while(is_windows).count();
    (count > 0).then_some(count)
}

fn layers_of(lines: &[Line<'_>]) -> usize {
    lines.iter().filter(|line| !line.is_empty).count()
}

/// Whether a line is of the instruction `CMD`: `CMD ["bash"]`, or of Docker's older builder `/bin/sh -c #(nop)  CMD …`.
fn sets_command(created_by: &str) -> bool {
    let instruction = created_by
        .split_once("#(nop)")
        .map_or(created_by, |(_, rest)| rest)
        .trim_start();
    instruction
        .strip_prefix("CMD")
        .is_some_and(|rest| rest.starts_with([' ', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(lines: &[(&str, bool)]) -> Option<(u32, BaseEvidence)> {
        let history: Vec<Line<'_>> = lines
            .iter()
            .map(|&(created_by, is_empty)| Line {
                created_by,
                is_empty,
            })
            .collect();
        base_of(&history, layers_of(&history), &BTreeMap::new())
            .map(|base| (base.layers, base.evidence))
    }

    #[test]
    fn the_base_ends_at_its_own_command() {
        let debian = [
            ("/bin/sh -c #(nop) ADD file:1 in / ", false),
            ("/bin/sh -c #(nop)  CMD [\"bash\"]", true),
        ];
        assert_eq!(base(&debian), None, "an image is not its own base");
        let python = [
            debian[0],
            debian[1],
            ("RUN /bin/sh -c apt-get install python3 # buildkit", false),
            ("COPY requirements.txt . # buildkit", false),
            ("CMD [\"python3\"]", true),
        ];
        assert_eq!(base(&python), Some((1, BaseEvidence::History)));
        let app = [&python[..], &[("COPY . /app # buildkit", false)]].concat();
        assert_eq!(base(&app), Some((3, BaseEvidence::History)));
        // What only begins like it is no command.
        assert_eq!(
            base(&[("RUN CMDS", false), ("CMDS", true), ("COPY", false)]),
            None
        );
    }

    #[test]
    fn windows_is_the_base_of_what_is_laid_upon_it() {
        let core = [
            ("Apply image 10.0.20348.1", false),
            ("Install update 10.0.20348.2700", false),
        ];
        assert_eq!(base(&core), None);
        let app = [&core[..], &[("cmd /S /C copy", false)]].concat();
        assert_eq!(base(&app), Some((2, BaseEvidence::WindowsLayers)));
        let built_upon = [
            &app[..],
            &[("cmd /S /C #(nop)  CMD [\"x.exe\"]", true), ("COPY", false)],
        ]
        .concat();
        assert_eq!(base(&built_upon), Some((3, BaseEvidence::History)));
    }

    #[test]
    fn a_history_that_does_not_tell_of_every_layer_tells_nothing() {
        let line = Line {
            created_by: "Apply image 1",
            is_empty: false,
        };
        assert_eq!(base_of(&[line], 2, &BTreeMap::new()), None);
    }

    #[test]
    fn labels_name_the_base() {
        let labels: BTreeMap<_, _> = [
            (
                NAME_LABEL.to_owned(),
                "docker.io/library/debian:12".to_owned(),
            ),
            (DIGEST_LABEL.to_owned(), "x".repeat(MAX_NAME_BYTES + 1)),
        ]
        .into();
        let line = |created_by, is_empty| Line {
            created_by,
            is_empty,
        };
        let history = [
            line("ADD", false),
            line("CMD [\"sh\"]", true),
            line("COPY", false),
        ];
        let base = base_of(&history, 2, &labels).unwrap();
        assert_eq!(base.name.as_deref(), Some("docker.io/library/debian:12"));
        assert_eq!(base.digest, None);
    }
}
