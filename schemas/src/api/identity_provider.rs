//! Services that sign people in.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::role::RoleAssignment;
use crate::{IdentityProviderId, TenantId, Timestamp};

/// One page of services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityProviderList {
    /// By id.
    pub identity_providers: Vec<IdentityProviderDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A service that signs people in, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityProviderDetail {
    /// Its id, a part of addresses.
    pub id: IdentityProviderId,
    /// What people know it as.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
    /// This server's name there.
    pub client_id: String,
    /// Whether this server has a secret there.
    pub has_client_secret: bool,
    /// Where browsers come back to.
    pub redirect_uri: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that lists groups or roles.
    pub groups_claim: String,
    /// What each group gives.
    pub groups: Vec<GroupRoles>,
    /// What everybody who signs in by it is given.
    pub default_roles: Vec<RoleAssignment>,
    /// The domains of verified e-mail addresses that are let in; none for everybody whom the service knows.
    pub email_domains: Vec<String>,
    /// When it was set.
    pub updated_at: Timestamp,
    /// Who set it.
    pub updated_by: String,
}

/// What the people of a group may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupRoles {
    /// The group as the claim names it: a name, or with Entra the id of the group (`groups`) or an app role (`roles`).
    #[schema(min_length = 1, max_length = 256)]
    pub group: String,
    /// Its roles.
    pub roles: Vec<RoleAssignment>,
}

/// A service as it is set.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SetIdentityProvider {
    /// What people know it as, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Its issuer, exactly as its description names itself.
    #[schema(
        max_length = 512,
        examples("https://login.microsoftonline.com/TENANT/v2.0")
    )]
    pub issuer: String,
    /// This server's name there.
    #[schema(min_length = 1, max_length = 256)]
    pub client_id: String,
    /// This server's secret there. It is never shown again. Absent: the one that is there stays, where issuer and client
    /// stay; without one it is a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub client_secret: Option<String>,
    /// Where browsers come back to: this server's address with `/api/v1/sign-in/callback`, to be registered there.
    #[schema(examples("https://bulkhead.example.org/api/v1/sign-in/callback"))]
    pub redirect_uri: String,
    /// What is asked for beside `openid`, at most 16, such as `email` and `groups`.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub scopes: Vec<String>,
    /// The claim that lists groups; `groups` when absent. With Entra, which leaves groups out above 200, better `roles`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_claim: Option<String>,
    /// What each group gives, at most 200 groups; nothing that who sets it may not do.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub groups: Vec<GroupRoles>,
    /// What everybody who signs in by it is given, likewise. Without any, who is in none of the groups is not let in.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub default_roles: Vec<RoleAssignment>,
    /// The domains of verified e-mail addresses that are let in, at most 50; none for everybody whom the service knows.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub email_domains: Vec<String>,
}

impl std::fmt::Debug for SetIdentityProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetIdentityProvider")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Whose ways to sign in.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SignInQuery {
    /// The tenant; `default` when absent.
    #[serde(default)]
    pub tenant: Option<TenantId>,
}

/// The ways in which a tenant's people sign in. A tenant that is not there has the same answer as one that set none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInWays {
    /// Whether login and password are taken (`POST /api/v1/session`).
    pub password: bool,
    /// Services: send the browser to `GET /api/v1/sign-in/{id}`.
    pub identity_providers: Vec<SignInWay>,
}

/// A service to sign in by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInWay {
    /// Its id.
    pub id: IdentityProviderId,
    /// What people know it as.
    pub name: String,
}

/// What a service sends a browser back with (RFC 6749, 4.1.2; RFC 9207).
#[derive(Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SignInCallback {
    /// What the browser was sent with.
    #[serde(default)]
    pub state: Option<String>,
    /// What is traded for the person's token.
    #[serde(default)]
    pub code: Option<String>,
    /// The service's issuer, where it says so.
    #[serde(default)]
    pub iss: Option<String>,
    /// Why there is no code.
    #[serde(default)]
    pub error: Option<String>,
}

impl std::fmt::Debug for SignInCallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInCallback")
    }
}
