//! Settings of a tenant.

pub(crate) mod get_sessions;
pub(crate) mod set_sessions;

use records::identity::SessionSettingsRecord;
use schemas::api::session_settings::{SessionSettings, SessionSettingsDetail};

/// What names the state in which nobody has set any: no record has this revision.
const UNSET: u64 = 0;

/// Settings as they are answered.
fn detail(kept: Option<SessionSettingsRecord>) -> SessionSettingsDetail {
    match kept {
        Some(kept) => SessionSettingsDetail {
            settings: kept.settings,
            updated_at: Some(kept.updated_at),
            updated_by: Some(kept.updated_by),
        },
        None => SessionSettingsDetail {
            settings: SessionSettings::default(),
            updated_at: None,
            updated_by: None,
        },
    }
}
