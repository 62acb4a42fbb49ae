//! The gateway: what agents send and fetch. Every operation but three is signed by the agent's key.

pub(crate) mod bundle;
pub(crate) mod enrol;
pub(crate) mod envelopes;
pub(crate) mod fields;
pub(crate) mod layers;
pub(crate) mod missing_layers;
pub(crate) mod rotate_key;
pub(crate) mod signed;
pub(crate) mod time;
pub(crate) mod uploads;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

/// The operations of agents.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(time::time))
        .routes(routes!(enrol::enrol))
        .routes(routes!(missing_layers::missing_layers))
        .routes(routes!(layers::put_layer))
        .routes(routes!(uploads::request_upload))
        .routes(routes!(envelopes::send_envelopes))
        .routes(routes!(bundle::bundle))
        .routes(routes!(rotate_key::rotate_key))
}
