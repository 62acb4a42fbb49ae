//! The API for people: one folder per noun, one file per verb.

pub(crate) mod agents;
pub(crate) mod alerts;
pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod collections;
pub(crate) mod containers;
pub(crate) mod dead_letters;
pub(crate) mod enrolment_tokens;
pub(crate) mod excepted;
pub(crate) mod exceptions;
pub(crate) mod exports;
pub(crate) mod feeds;
pub(crate) mod given;
pub(crate) mod hosts;
pub(crate) mod identity_providers;
pub(crate) mod images;
pub(crate) mod invitations;
pub(crate) mod notifications;
pub(crate) mod persons;
pub(crate) mod policies;
pub(crate) mod posture;
pub(crate) mod registries;
pub(crate) mod roles;
pub(crate) mod scans;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod standing;
pub(crate) mod token;
pub(crate) mod tokens;
pub(crate) mod trusted_builds;
pub(crate) mod vulnerabilities;
pub(crate) mod windows_builds;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

/// The operations of people.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(
            session::create::create,
            session::get::get,
            session::sign_out::sign_out
        ))
        .routes(routes!(session::refresh::refresh))
        .routes(routes!(session::second_factor::begin::begin))
        .routes(routes!(session::second_factor::confirm::confirm))
        .routes(routes!(session::second_factor::remove::remove))
        .routes(routes!(sessions::list::list))
        .routes(routes!(sessions::end::end))
        .routes(routes!(session::change_password::change_password))
        .routes(routes!(
            settings::get_sessions::get,
            settings::set_sessions::set
        ))
        .routes(routes!(settings::get_risk::get, settings::set_risk::set))
        .routes(routes!(roles::permissions::permissions))
        .routes(routes!(roles::list::list, roles::create::create))
        .routes(routes!(
            roles::get::get,
            roles::set::set,
            roles::remove::remove
        ))
        .routes(routes!(persons::list::list))
        .routes(routes!(
            persons::get::get,
            persons::change::change,
            persons::remove::remove
        ))
        .routes(routes!(persons::reset_password::reset_password))
        .routes(routes!(persons::remove_second_factor::remove_second_factor))
        .routes(routes!(
            invitations::list::list,
            invitations::create::create
        ))
        .routes(routes!(invitations::accept::accept))
        .routes(routes!(invitations::revoke::revoke))
        .routes(routes!(vulnerabilities::list::list))
        .routes(routes!(vulnerabilities::get::get))
        .routes(routes!(posture::get::get))
        .routes(routes!(posture::trend::get))
        .routes(routes!(posture::fixed::list))
        .routes(routes!(vulnerabilities::what_if::what_if))
        .routes(routes!(images::list::list, images::scan::scan))
        .routes(routes!(images::request::request))
        .routes(routes!(images::get::get))
        .routes(routes!(images::findings::findings))
        .routes(routes!(images::packages::packages))
        .routes(routes!(containers::list::list))
        .routes(routes!(containers::get::get))
        .routes(routes!(windows_builds::list::list))
        .routes(routes!(hosts::list::list))
        .routes(routes!(hosts::get::get))
        .routes(routes!(hosts::findings::findings))
        .routes(routes!(hosts::packages::packages))
        .routes(routes!(agents::list::list))
        .routes(routes!(agents::get::get, agents::revoke::revoke))
        .routes(routes!(agents::rotate::rotate))
        .routes(routes!(
            enrolment_tokens::list::list,
            enrolment_tokens::create::create
        ))
        .routes(routes!(enrolment_tokens::revoke::revoke))
        .routes(routes!(api_keys::list::list, api_keys::create::create))
        .routes(routes!(api_keys::revoke::revoke))
        .routes(routes!(
            trusted_builds::list::list,
            trusted_builds::create::create
        ))
        .routes(routes!(trusted_builds::remove::remove))
        .routes(routes!(token::exchange::exchange))
        .routes(routes!(tokens::list::list))
        .routes(routes!(tokens::revoke::revoke))
        .routes(routes!(identity_providers::list::list))
        .routes(routes!(
            identity_providers::get::get,
            identity_providers::set::set,
            identity_providers::remove::remove
        ))
        .routes(routes!(sign_in::ways::ways))
        .routes(routes!(sign_in::begin::begin))
        .routes(routes!(sign_in::finish::finish))
        .routes(routes!(scans::list::list, scans::upload::upload))
        .routes(routes!(scans::get::get))
        .routes(routes!(policies::list::list))
        .routes(routes!(policies::get::get, policies::set::set))
        .routes(routes!(
            exceptions::list::list,
            exceptions::request::request
        ))
        .routes(routes!(exceptions::vex::vex))
        .routes(routes!(exceptions::get::get))
        .routes(routes!(exceptions::approve::approve))
        .routes(routes!(exceptions::reject::reject))
        .routes(routes!(exceptions::revoke::revoke))
        .routes(routes!(registries::list::list, registries::create::create))
        .routes(routes!(
            registries::get::get,
            registries::set::set,
            registries::delete::delete
        ))
        .routes(routes!(registries::webhook_secret::create))
        .routes(routes!(registries::test::test))
        .routes(routes!(registries::scan::scan))
        .routes(routes!(registries::images::images))
        .routes(routes!(
            notifications::list::list,
            notifications::create::create
        ))
        .routes(routes!(
            notifications::get::get,
            notifications::update::update,
            notifications::remove::remove
        ))
        .routes(routes!(notifications::test::test))
        .routes(routes!(notifications::rotate::rotate))
        .routes(routes!(notifications::deliveries::deliveries))
        .routes(routes!(notifications::replay::replay))
        .routes(routes!(exports::get::get))
        .routes(routes!(
            collections::list::list,
            collections::create::create
        ))
        .routes(routes!(
            collections::get::get,
            collections::set::set,
            collections::delete::delete
        ))
        .routes(routes!(collections::preview::preview))
        .routes(routes!(feeds::list::list))
        .routes(routes!(feeds::refresh::refresh))
        .routes(routes!(alerts::list::list))
        .routes(routes!(audit::list::list))
        .routes(routes!(audit::verify::verify))
        .routes(routes!(dead_letters::list::list))
        .routes(routes!(dead_letters::replay::replay))
}
