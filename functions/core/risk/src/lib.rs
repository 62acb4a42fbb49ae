//! Risk: what is known of a vulnerability, and of the place it is in, becomes one number that can be checked by hand.

mod place;
mod score;

pub use place::{RunningContainer, container_exposure, host_place, image_place};
pub use score::{
    MAX_POINTS, finding_score, fix_available, intel_tenths, place_tenths, rating_tenths,
    rating_used, score,
};
