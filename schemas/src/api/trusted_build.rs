//! Builds that are trusted, and the tokens that they exchange.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::role::RoleAssignment;
use crate::{TenantId, Timestamp, TokenId};

/// One page of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrustedBuildList {
    /// By id.
    pub trusted_builds: Vec<TrustedBuildRow>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A rule that says which builds are trusted. It is never changed: make another, and remove this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrustedBuildRow {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub note: String,
    /// Who signs the builds' tokens.
    pub issuer: String,
    /// Whom the tokens have to be for.
    pub audience: String,
    /// What else they have to say.
    pub claims: BTreeMap<String, String>,
    /// What such a build may do.
    pub roles: Vec<RoleAssignment>,
    /// How long its token holds, in seconds.
    pub lifetime_s: u32,
    /// When the rule was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

/// A rule is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewTrustedBuild {
    /// What it is for, at most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
    /// Who signs the builds' tokens, exactly as its description names itself: `https://token.actions.githubusercontent.com`,
    /// `https://gitlab.com`, `https://vstoken.dev.azure.com/ORGANISATION`, or any other issuer of OpenID Connect.
    #[schema(
        max_length = 512,
        examples("https://token.actions.githubusercontent.com")
    )]
    pub issuer: String,
    /// Whom the tokens have to be for (`aud`), such as this server's address.
    #[schema(
        min_length = 1,
        max_length = 256,
        examples("https://bulkhead.example.org")
    )]
    pub audience: String,
    /// What the tokens have to say: names of claims with patterns, in which `*` stands for any text. At least one claim that
    /// never changes hands has an exact value: `repository_id` or `repository_owner_id` of GitHub, `project_id` or
    /// `namespace_id` of GitLab, `org_id`, `prj_id`, `rpo_id` or `def_id` of Azure DevOps, `organization_id` or `pipeline_id`
    /// of Buildkite, `oidc.circleci.com/project-id`, `oid`, or a `sub` that is not made of names.
    pub claims: BTreeMap<String, String>,
    /// What such a build may do, at least one role and at most 16: nothing that the rule's maker may not.
    #[schema(min_items = 1, max_items = 16)]
    pub roles: Vec<RoleAssignment>,
    /// How long its token holds, in seconds, 60 to 3,600; 900 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 3600)]
    pub lifetime_s: Option<u32>,
}

/// The grant type of an exchange. Source: RFC 8693, section 2.1.
pub const GRANT_TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The types of tokens that are exchanged. Source: RFC 8693, section 3.
pub const SUBJECT_TOKEN_TYPES: [&str; 2] = [
    "urn:ietf:params:oauth:token-type:jwt",
    "urn:ietf:params:oauth:token-type:id_token",
];
/// The type of token that is issued.
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A build's token is to be exchanged (RFC 8693, section 2.1), as JSON with the names of the standard.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenExchange {
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    #[schema(
        pattern = "^urn:ietf:params:oauth:grant-type:token-exchange$",
        examples("urn:ietf:params:oauth:grant-type:token-exchange")
    )]
    pub grant_type: String,
    /// The token that the build's system signed.
    #[schema(max_length = 16_384)]
    pub subject_token: String,
    /// `urn:ietf:params:oauth:token-type:jwt`, or `…:id_token`.
    #[schema(
        pattern = "^urn:ietf:params:oauth:token-type:(jwt|id_token)$",
        examples("urn:ietf:params:oauth:token-type:jwt")
    )]
    pub subject_token_type: String,
    /// The tenant; `default` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
}

impl std::fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenExchange")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// The token that a build got (RFC 8693, section 2.2.1).
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ExchangedToken {
    /// The token, to be sent as `authorization: Bearer …`.
    pub access_token: String,
    /// `urn:ietf:params:oauth:token-type:access_token`.
    pub issued_token_type: String,
    /// `Bearer`.
    pub token_type: String,
    /// How long it holds, in seconds.
    pub expires_in: u32,
    /// The rule by which the build is trusted.
    pub trusted_build: TokenId,
}

impl std::fmt::Debug for ExchangedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExchangedToken")
            .field("trusted_build", &self.trusted_build)
            .finish_non_exhaustive()
    }
}
