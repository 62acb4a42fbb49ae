//! Risk: what is known of a vulnerability, and of the place it is in, becomes one number that can be checked by hand.

mod place;
mod score;

pub use place::{RunningContainer, container_exposure, host_place, image_place};
pub use score::{MAX_POINTS, place_tenths, score, vulnerability_tenths};
