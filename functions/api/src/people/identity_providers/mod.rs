//! Services that sign people in.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod set;

use access::Grants;
use records::identity::IdentityProvider;
use schemas::{
    TenantId,
    api::identity_provider::{GroupRoles, IdentityProviderDetail},
};

use super::roles::must_cover;
use crate::{problem::ApiError, state::ApiState};

/// Nobody takes from others what they could not give.
async fn must_cover_all(
    state: &ApiState,
    own: &Grants,
    tenant: &TenantId,
    provider: &IdentityProvider,
) -> Result<(), ApiError> {
    let of_groups = provider.groups.iter().flat_map(|group| &group.roles);
    let all: Vec<_> = of_groups.chain(&provider.default_roles).cloned().collect();
    must_cover(own, &state.identity().grants(tenant, &all).await?)
}

/// A service as it is shown.
fn row(provider: IdentityProvider) -> IdentityProviderDetail {
    let groups = provider.groups.into_iter().map(|given| GroupRoles {
        group: given.group,
        roles: given.roles,
    });
    IdentityProviderDetail {
        id: provider.id,
        name: provider.name,
        issuer: provider.issuer,
        client_id: provider.client_id,
        has_client_secret: provider.client_secret.is_some(),
        redirect_uri: provider.redirect_uri,
        scopes: provider.scopes,
        groups_claim: provider.groups_claim,
        groups: groups.collect(),
        default_roles: provider.default_roles,
        email_domains: provider.email_domains,
        updated_at: provider.updated_at,
        updated_by: provider.updated_by,
    }
}
