//! Who may do what: roles, passwords, tokens and signatures. Pure; time and randomness are passed in.
//!
//! Every signature made here is Ed25519, and every token signed here is a compact JWS whose header is compared with the one
//! header that its kind has. So there is no algorithm to choose, and none to be talked into. Tokens of other issuers
//! ([`oidc`]) may have other algorithms, of which the issuer's key decides and never the token.

pub mod api_key;
pub mod builds;
pub mod bundle;
pub mod enrolment;
pub mod grants;
pub mod invitation;
mod jws;
pub mod keys;
pub mod oidc;
pub mod password;
pub mod permission;
pub mod request_token;
pub mod rotation;
pub mod session;
pub mod session_secret;
pub mod totp;

pub use grants::{Grants, Permissions, Reach};
pub use jws::SignError;
pub use keys::{AgentKey, KeyError, PublicKey, Sign, sha256};
pub use permission::Permission;
