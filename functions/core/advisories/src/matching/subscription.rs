//! Fixes that only subscribers get: Ubuntu's extended security maintenance. For a place that shows no sign of a
//! subscription such a fix is not available, and saying otherwise would send people after an update that is not there.

use schemas::inventory::{Inventory, PackageKind};

use super::verdict::{Hit, Verdict, of_rows};
use crate::{row::StoredRow, version::VersionScheme};
use schemas::advisory::AdvisoryStatus;

/// Whether any package of the place is one that only subscribers get (`1.0-1ubuntu2+esm1`).
pub(super) fn shown_by(inventory: &Inventory) -> bool {
    inventory.packages.iter().any(|package| {
        package.kind == PackageKind::Deb
            && (package.version.contains("+esm") || package.version.contains("~esm"))
    })
}

/// The verdict of rows some of which are for subscribers.
pub(super) fn judge<'r, 'a>(
    group: Vec<&'r StoredRow<'a>>,
    version: &str,
    scheme: VersionScheme,
    subscribed: bool,
) -> Verdict<'r, 'a> {
    let (theirs, everybodys): (Vec<_>, Vec<_>) = group
        .into_iter()
        .partition(|stored| stored.row.subscription.is_some());
    let fixes = |stored: &&StoredRow<'_>| stored.row.status == AdvisoryStatus::Fixed;
    let unconcerned = |stored: &&StoredRow<'_>| stored.row.status == AdvisoryStatus::NotAffected;
    let of_theirs = of_rows(theirs.clone(), version, scheme);
    // The package is one and the same: what has the fix, or never had the fault, is clean for everybody.
    if matches!(of_theirs, Verdict::Clean) && theirs.iter().any(fixes) {
        return Verdict::Clean;
    }
    let of_everybody = of_rows(everybodys.clone(), version, scheme);
    match (of_everybody, of_theirs) {
        (Verdict::Clean, _) if !everybodys.is_empty() => Verdict::Clean,
        // A fix for everybody is there.
        (Verdict::Hit(hit), _) if hit.run.is_some_and(|run| run.fixed.is_some()) => {
            Verdict::Hit(hit)
        }
        (_, Verdict::Clean) if theirs.iter().all(unconcerned) => Verdict::Clean,
        (_, Verdict::Hit(fix)) if subscribed => Verdict::Hit(fix),
        (Verdict::Hit(hit), Verdict::Hit(fix)) => Verdict::Hit(Hit {
            run: fix.run,
            needs: fix.stored.row.subscription.filter(|_| fix.run.is_some()),
            ..hit
        }),
        (_, Verdict::Hit(fix)) => Verdict::Hit(Hit {
            needs: fix.stored.row.subscription.filter(|_| fix.run.is_some()),
            ..fix
        }),
        (Verdict::Hit(hit), _) => Verdict::Hit(hit),
        (Verdict::Doubt(stored, detail), _) | (_, Verdict::Doubt(stored, detail)) => {
            Verdict::Doubt(stored, detail)
        }
        (Verdict::Clean, Verdict::Clean) => Verdict::Clean,
    }
}
