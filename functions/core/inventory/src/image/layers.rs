//! Reads the layers of an image from where they lie, several at once.

use std::{
    io::Read,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use schemas::inventory::{CoverageGap, GapReason, ImageFacts};

use super::{
    ImageError, LayerOutcome, Options, Progress, ScannedImage, oci::Located, store::Store,
};
use crate::{
    gaps::{chain, gap_in},
    layer::{LayerError, LayerExpectation, LayerForm, ReadLayer, read_layer},
};

/// Where a layer lies.
#[derive(Clone, Debug)]
pub(super) struct LayerSource {
    /// Name of the part.
    pub(super) name: String,
    /// Whether its absence is no surprise: foreign layers stay with their vendor.
    pub(super) foreign: bool,
}

/// Reads all layers of an image that are wanted, several at once.
///
/// # Errors
/// When a thread could not do its part. What is wrong with a layer is a gap instead.
pub fn read_located(
    store: &dyn Store,
    located: Located,
    options: &Options<'_>,
) -> Result<ScannedImage, ImageError> {
    let Located {
        facts,
        sources,
        passed_over,
        ..
    } = located;
    let sources = sources.as_slice();
    let wanted: Vec<bool> = facts
        .layers
        .iter()
        .map(|layer| (options.want)(&layer.diff_id))
        .collect();
    let mut jobs: Vec<(usize, u64)> = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let named = facts.layers.get(index).and_then(|layer| layer.size_bytes);
        if wanted.get(index) == Some(&true)
            && let Some(size) = store.size(&source.name, named)
        {
            jobs.push((index, size));
        }
    }
    (options.progress)(Progress::Layers {
        count: jobs.len(),
        bytes: jobs
            .iter()
            .fold(0, |sum, (_, size)| size.saturating_add(sum)),
    });
    // The largest first, so that none is left over at the end for one thread alone.
    jobs.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let results: Vec<Mutex<Option<Outcome>>> = sources.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((index, _)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = read_one(store, &facts, sources, *index, options);
            if let Some(slot) = results.get(*index) {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads(options).min(jobs.len()) {
            // Without another thread this one does it all.
            let _ = std::thread::Builder::new()
                .name("layers".to_owned())
                .spawn_scoped(scope, work);
        }
        work();
    });
    let mut gaps = Vec::new();
    let mut layers = Vec::new();
    for (index, slot) in results.into_iter().enumerate() {
        let outcome = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
        layers.push(match outcome {
            Some(Ok(layer)) => outcome_of(layer),
            Some(Err(Failure::Layer(error))) => return Err(error.into()),
            Some(Err(Failure::Gap(gap))) => {
                gaps.push(gap);
                LayerOutcome::Absent
            }
            None if wanted.get(index) == Some(&false) => LayerOutcome::Known,
            None | Some(Err(Failure::Absent)) => {
                gaps.extend(absence(&facts, sources, index));
                LayerOutcome::Absent
            }
        });
    }
    Ok(ScannedImage {
        facts,
        layers,
        gaps,
        passed_over,
    })
}

type Outcome = Result<ReadLayer, Failure>;

enum Failure {
    Layer(LayerError),
    Gap(CoverageGap),
    Absent,
}

fn threads(options: &Options<'_>) -> usize {
    match options.threads {
        // Every layer under way costs memory: some 10 MiB with zstd.
        0 => std::thread::available_parallelism()
            .map_or(2, usize::from)
            .min(4),
        threads => threads,
    }
}

pub(super) fn outcome_of(layer: ReadLayer) -> LayerOutcome {
    if layer.verified {
        LayerOutcome::Read(layer.inventory)
    } else {
        LayerOutcome::Unverified(layer.inventory)
    }
}

fn read_one(
    store: &dyn Store,
    facts: &ImageFacts,
    sources: &[LayerSource],
    index: usize,
    options: &Options<'_>,
) -> Outcome {
    let (Some(reference), Some(source)) = (facts.layers.get(index), sources.get(index)) else {
        return Err(Failure::Layer(LayerError::Worker));
    };
    let unreadable =
        |detail: String| Failure::Gap(gap_in(GapReason::ReadError, &reference.diff_id, detail));
    let (reader, _) = match store.open(&source.name) {
        Ok(Some(opened)) => opened,
        Ok(None) => return Err(Failure::Absent),
        // Whoever does not hold a foreign layer may say so in many ways.
        Err(_) if source.foreign => return Err(Failure::Absent),
        Err(error) => {
            return Err(unreadable(format!(
                "opening the layer failed: {}",
                chain(&error)
            )));
        }
    };
    // One byte more than the image names shows that there are too many.
    let most = reference.size_bytes.unwrap_or(u64::MAX).saturating_add(1);
    let mut reader = reader.take(most);
    let expectation = LayerExpectation {
        diff_id: Some(reference.diff_id.clone()),
        blob: reference.blob.clone(),
        blob_bytes: reference.size_bytes,
        form: LayerForm::of_os(&facts.os),
    };
    read_layer(&mut reader, &expectation, &options.limits, &|bytes| {
        (options.progress)(Progress::Bytes(bytes));
    })
    .map_err(Failure::Layer)
}

/// Why a layer is not there.
pub(super) fn absence(
    facts: &ImageFacts,
    sources: &[LayerSource],
    index: usize,
) -> Option<CoverageGap> {
    let reference = facts.layers.get(index)?;
    Some(if sources.get(index).is_some_and(|source| source.foreign) {
        gap_in(
            GapReason::ForeignLayer,
            &reference.diff_id,
            "a foreign layer, which its vendor keeps and this source does not hold: the operating system goes by the \
             image's configuration alone",
        )
    } else {
        gap_in(
            GapReason::MissingLayer,
            &reference.diff_id,
            "the image names this layer and the source does not hold it; save or copy the image again",
        )
    })
}
