//! People of a tenant, and how they are invited.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::role::{RoleAssignment, RoleName};
use crate::{TenantId, Timestamp, TokenId, UserId};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonDetail {
    /// Their login.
    pub id: UserId,
    /// Their roles, and what each is limited to.
    pub roles: Vec<RoleAssignment>,
    /// What the service that signs them in calls them; absent for those who have a password here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their e-mail address by that service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether they are kept from signing in.
    pub disabled: bool,
    /// Whether they have a one-time password, which they have to change first.
    pub must_change_password: bool,
    /// Whether they sign in with a second factor.
    #[serde(default)]
    pub second_factor: bool,
    /// When they were created.
    pub created_at: Timestamp,
}

/// Which people are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PersonQuery {
    /// Only those whose login, name or e-mail address contains this text, without regard to case.
    #[serde(default)]
    #[param(max_length = 128)]
    pub search: Option<String>,
    /// Only those who have this role, limited or not.
    #[serde(default)]
    pub role: Option<RoleName>,
    /// Only those who are kept from signing in, or only the others.
    #[serde(default)]
    pub disabled: Option<bool>,
    /// `next_cursor` of the page before; valid for the same filters only.
    #[serde(default)]
    #[param(max_length = 2048)]
    pub cursor: Option<String>,
    /// Most rows, 1 to 500; 100 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One page of people.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PersonList {
    /// By login.
    pub people: Vec<PersonDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What is to be changed of a person; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PersonChange {
    /// All roles that they have from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 32)]
    pub roles: Option<Vec<RoleAssignment>>,
    /// Whether they are kept from signing in; what they do with a session they have ends, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A one-time password, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct OneTimePassword {
    /// Whose it is.
    pub user: UserId,
    /// The password: it opens nothing but its own change.
    #[schema(format = Password)]
    pub one_time_password: String,
}

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneTimePassword")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Whether an invitation can be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// It can.
    Open,
    /// Somebody has accepted it.
    Accepted,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationDetail {
    /// Its public half.
    pub id: TokenId,
    /// Whom it is for, in the words of whoever made it.
    pub note: String,
    /// The roles of whoever accepts it.
    pub roles: Vec<RoleAssignment>,
    /// Whether it can be accepted.
    pub state: InvitationState,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// From when on it cannot be accepted.
    pub expires_at: Timestamp,
    /// Who accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<UserId>,
}

/// One page of invitations.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct InvitationList {
    /// By id.
    pub invitations: Vec<InvitationDetail>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An invitation that is to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewInvitation {
    /// Whom it is for.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
    /// The roles of whoever accepts it.
    #[schema(min_items = 1, max_items = 32)]
    pub roles: Vec<RoleAssignment>,
    /// How long it holds, in seconds: 7 days where nothing is said, 30 days at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 2_592_000)]
    pub valid_for_s: Option<u64>,
}

/// An invitation with its token, which is shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedInvitation {
    /// The token, to be handed to the one who is invited: `POST /api/v1/invitations/accept` takes it.
    pub token: String,
    /// The invitation.
    pub invitation: InvitationDetail,
}

impl std::fmt::Debug for CreatedInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedInvitation")
            .field("invitation", &self.invitation)
            .finish_non_exhaustive()
    }
}

/// What whoever was invited chooses. Not kept and not logged.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct AcceptInvitation {
    /// The invitation's token.
    #[schema(max_length = 300)]
    pub token: String,
    /// The login that they choose, which nobody of the tenant has.
    #[schema(max_length = 128)]
    pub login: String,
    /// The password that they choose, at least 12 characters.
    #[schema(min_length = 12, max_length = 1024, format = Password)]
    pub password: String,
}

impl std::fmt::Debug for AcceptInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AcceptInvitation")
    }
}

/// Who one is after an invitation was accepted: sign in with `POST /api/v1/session`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AcceptedInvitation {
    /// The login.
    pub user: UserId,
    /// The tenant.
    pub tenant: TenantId,
}
