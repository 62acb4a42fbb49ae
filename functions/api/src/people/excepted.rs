//! Which findings of a place exceptions hide, as they hold at this moment.

use estate::EstateIndex;
use policy::Standing;
use records::{Collections, Exceptions};
use schemas::{CollectionId, Place, Severity, TenantId, finding::Finding, report::Summary};
use scope::{Collection, Scope};

use crate::{problem::ApiError, state::ApiState};

/// The exceptions of a tenant that hold now.
pub(super) async fn standing(state: &ApiState, tenant: &TenantId) -> Result<Standing, ApiError> {
    let found = Exceptions(state.platform()).in_force(tenant).await?;
    Ok(Standing::new(&found.record.exceptions, state.now()))
}

/// Of the collections that exceptions hold in, those that have a place.
pub(super) async fn collections(
    state: &ApiState,
    tenant: &TenantId,
    standing: &Standing,
    estate: &EstateIndex,
    place: &Place,
) -> Result<Vec<CollectionId>, ApiError> {
    let named = standing.collections();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let kept = Collections(state.platform())
        .get_many(tenant, named)
        .await?;
    let having = kept.into_iter().filter(|record| {
        let collection = Collection::read(&record.parts).ok();
        collection.is_some_and(|one| estate.is_within(place, &Scope::union([one])))
    });
    Ok(having.map(|record| record.id).collect())
}

/// Takes a finding out of counts.
pub(super) fn uncount(summary: &mut Summary, finding: &Finding) {
    let less = |count: &mut u32, is_counted: bool| {
        *count = count.saturating_sub(u32::from(is_counted));
    };
    less(&mut summary.total, true);
    less(
        match finding.severity {
            Severity::Critical => &mut summary.critical,
            Severity::High => &mut summary.high,
            Severity::Medium => &mut summary.medium,
            Severity::Low => &mut summary.low,
            Severity::Unknown => &mut summary.unknown,
        },
        true,
    );
    let is_fixable = finding.fixed_version.is_some() || finding.kb.is_some();
    less(&mut summary.fixable, is_fixable);
    less(&mut summary.known_exploited, finding.kev);
}
