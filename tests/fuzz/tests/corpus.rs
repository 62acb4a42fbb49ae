//! The kept corpus: every target reads its inputs, and inputs cut and changed from them, without panic, hang or memory
//! that grows beyond what such inputs may take.
//!
//! An input that once broke a parser is kept here as `corpus/TARGET/regression-…`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

use fuzz_targets::{Target, corpus, targets};

/// Largest file of the corpus, and all of them together.
const MAX_FILE_BYTES: u64 = 16 << 10;
const MAX_CORPUS_BYTES: u64 = 1 << 20;
/// Changed inputs that are made of each file.
const CUTS: usize = 16;
const FLIPS: usize = 32;

fn inputs(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(target.corpus()) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect()
}

/// Numbers that look random and are the same every time (Marsaglia: "Xorshift RNGs").
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}

/// Values that lengths and offsets of binary forms go wrong with.
const EXTREMES: &[&[u8]] = &[
    &[0xff],
    &[0x00],
    &[0x80],
    &[0xff, 0xff],
    &[0xff, 0xff, 0xff, 0xff],
    &[0xff, 0xff, 0xff, 0x7f],
    &[0x7f, 0xff, 0xff, 0xff],
    &[0x00, 0x00, 0x00, 0x00],
    &[0xff; 8],
];

/// What is made of one file: ends cut off, bits turned over, extreme numbers, and pieces repeated.
fn changed(bytes: &[u8], numbers: &mut Numbers) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for _ in 0..CUTS {
        all.push(bytes[..numbers.below(bytes.len())].to_vec());
    }
    for round in 0..FLIPS {
        let mut other = bytes.to_vec();
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(other.len());
            match round % 3 {
                0 => {
                    if let Some(byte) = other.get_mut(at) {
                        *byte ^= 1 << numbers.below(8);
                    }
                }
                1 => {
                    let extreme = EXTREMES[numbers.below(EXTREMES.len())];
                    for (byte, new) in other.iter_mut().skip(at).zip(extreme) {
                        *byte = *new;
                    }
                }
                _ => {
                    let end = (at + 1 + numbers.below(40)).min(other.len());
                    let piece = other.get(at..end).unwrap_or_default().repeat(2);
                    other.splice(at..at, piece);
                }
            }
        }
        all.push(other);
    }
    all
}

#[test]
fn every_target_stands_its_corpus_and_what_is_made_of_it() {
    let mut broken = Vec::new();
    for target in targets() {
        for (path, bytes) in inputs(&target) {
            let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
            let variants = changed(&bytes, &mut numbers);
            for (number, input) in std::iter::once(bytes).chain(variants).enumerate() {
                if catch_unwind(AssertUnwindSafe(|| target.run(&input))).is_err() {
                    let kept = std::env::temp_dir().join(format!("broken-{}", target.name));
                    fs::write(&kept, &input).unwrap();
                    broken.push(format!(
                        "{} breaks on input {number} of {}, kept as {}",
                        target.name,
                        path.display(),
                        kept.display()
                    ));
                    break;
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    // Linux tells the most memory that this process ever had; elsewhere nothing is measured.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|text| text.trim().strip_suffix(" kB"))
        .and_then(|text| text.parse::<u64>().ok());
    assert!(
        peak.is_none_or(|kilobytes| kilobytes < 512 << 10),
        "small inputs took {peak:?} KiB of memory"
    );
}

/// A corpus of noise would let every parser stop at its first check.
#[test]
fn every_target_understands_an_input_of_its_corpus() {
    let deaf: Vec<_> = targets()
        .iter()
        .filter(|target| !inputs(target).iter().any(|(_, bytes)| target.run(bytes)))
        .map(|target| format!("{}", target.corpus().display()))
        .collect();
    assert!(
        deaf.is_empty(),
        "no file in these folders is of the form that the target reads:\n{}",
        deaf.join("\n")
    );
}

#[test]
fn the_corpus_is_small_and_holds_nothing_that_no_target_reads() {
    let known: BTreeSet<String> = targets().into_iter().map(|target| target.name).collect();
    let mut total = 0;
    for folder in fs::read_dir(corpus()).unwrap() {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        assert!(known.contains(&name), "{name} is no target");
        for file in fs::read_dir(folder).unwrap() {
            let file = file.unwrap();
            let size = file.metadata().unwrap().len();
            assert!(size <= MAX_FILE_BYTES, "{} is large", file.path().display());
            total += size;
        }
    }
    assert!(total <= MAX_CORPUS_BYTES, "the corpus has {total} bytes");
}

#[test]
fn every_analyzer_has_a_target() {
    let reached: BTreeSet<&str> = fuzz_targets::reached_analyzers().collect();
    let missed: Vec<_> = inventory::analyzers::ANALYZERS
        .iter()
        .map(|analyzer| analyzer.name())
        .filter(|name| !reached.contains(name))
        .collect();
    assert!(missed.is_empty(), "no target leads to {missed:?}");
}
