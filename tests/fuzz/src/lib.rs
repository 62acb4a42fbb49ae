//! Every parser of bytes from outside as a function that takes any bytes. What each has to keep: it ends, within memory
//! that the input does not choose, and does not panic; what it cannot read it says.
//!
//! The fuzzer (`make fuzz`) and the kept corpus (`tests/corpus.rs`, in `make test`) run the same list, so a parser is
//! added once: a line in one of the modules, and a file of its real form in `corpus/TARGET/`.

mod images;
mod judging;
mod packages;
mod remote;

use std::path::{Path, PathBuf};

/// Whether it understood the bytes.
type Parser = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// A parser, or a few that share their input.
pub struct Target {
    /// Its name, which is also that of its folder in the corpus.
    pub name: String,
    run: Parser,
}

impl Target {
    fn new(name: impl Into<String>, run: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
        }
    }

    /// Gives it these bytes. Says whether it understood them, so that a corpus can be told from noise.
    pub fn run(&self, bytes: &[u8]) -> bool {
        (self.run)(bytes)
    }

    /// The folder of its corpus.
    pub fn corpus(&self) -> PathBuf {
        corpus().join(&self.name)
    }
}

/// The folder of all kept inputs, with one of each target's name in it.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Every target.
pub fn targets() -> Vec<Target> {
    [
        images::targets(),
        packages::targets(),
        judging::targets(),
        remote::targets(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Names of the analyzers that the targets lead to by the paths of their inputs.
pub fn reached_analyzers() -> impl Iterator<Item = &'static str> {
    packages::PATHS
        .iter()
        .filter_map(|(_, path)| inventory::analyzers::for_path(path, true))
        .map(|analyzer| analyzer.name())
}
