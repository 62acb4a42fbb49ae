//! What Bulkhead costs on Amazon Web Services: what each event asks of the services, measured; what an estate of a size
//! asks in a month, modelled; and the bill, by a price list that is checked in.

pub mod count;
pub mod measure;
pub mod model;
pub mod settings;
pub mod table;

use model::Bill;

/// Sizes of the estates that bills are made for, in hosts.
pub const HOSTS: [f64; 3] = [100.0, 1_000.0, 10_000.0];

/// The bills of estates of all sizes, by what is checked in.
///
/// # Errors
/// When what is checked in is not of its form.
pub fn bills() -> anyhow::Result<Vec<Bill>> {
    let (prices, assumed) = (settings::prices()?, settings::assumptions()?);
    let measured = settings::measured()?;
    HOSTS
        .iter()
        .map(|hosts| model::bill(*hosts, &prices, &assumed, &measured))
        .collect()
}
