//! Settings of a tenant.

pub(crate) mod get_risk;
pub(crate) mod get_sessions;
pub(crate) mod set_risk;
pub(crate) mod set_sessions;

use records::{RiskSettingsRecord, identity::SessionSettingsRecord};
use schemas::api::{
    risk_settings::{RiskSettings, RiskSettingsDetail},
    session_settings::{SessionSettings, SessionSettingsDetail},
};

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

/// Settings of risk as they are answered.
fn risk(kept: Option<RiskSettingsRecord>) -> RiskSettingsDetail {
    match kept {
        Some(kept) => RiskSettingsDetail {
            settings: kept.settings,
            updated_at: Some(kept.updated_at),
            updated_by: Some(kept.updated_by),
        },
        None => RiskSettingsDetail {
            settings: RiskSettings::default(),
            updated_at: None,
            updated_by: None,
        },
    }
}
