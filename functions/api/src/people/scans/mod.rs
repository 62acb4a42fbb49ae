//! Scans that builds send.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod upload;

use records::scans::ScanRecord;
use schemas::api::scan::ScanRow;

/// A scan as it is listed.
fn row(scan: ScanRecord) -> ScanRow {
    ScanRow {
        id: scan.id,
        target: scan.target,
        scanned_at: scan.scanned_at,
        received_at: scan.received_at,
        sent_by: scan.sent_by,
        software: scan.software,
        summary: scan.summary,
        suppressed: scan.suppressed,
        coverage: scan.coverage,
        verdict: scan.verdict,
    }
}
