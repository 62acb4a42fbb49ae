//! Risk: what is known of a vulnerability, and of the place it is in, becomes one number that can be checked by hand, marks
//! that say why, and a date until when it is to be mended.

mod deadline;
mod exposure;
mod factors;
mod fixed_in;
mod impact;
mod likelihood;
mod part;
mod place;
mod privilege;
mod readiness;
mod score;
mod usage;
mod value;
mod what_if;

pub use deadline::{Asked, asked, deadline, due, is_exposed};
pub use factors::{factors, intel_factors, lasting_factors, place_factors, rating_factors};
pub use fixed_in::fixed_in;
pub use place::{RunningContainer, container_exposure, host_place, image_place};
pub use score::{
    MAX_POINTS, finding_facts, finding_score, fix_available, intel_tenths, place_tenths,
    rating_tenths, rating_used, score,
};
pub use what_if::{Changes, InvalidChange};
