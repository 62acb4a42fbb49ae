//! The target that `FUZZ_TARGET` names, so that one build serves all of them.
#![no_main]

use std::sync::LazyLock;

use fuzz_targets::{Target, targets};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    targets()
        .into_iter()
        .find(|target| target.name == wanted)
        .unwrap_or_else(|| panic!("FUZZ_TARGET={wanted:?} names no target"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    TARGET.run(bytes);
});
