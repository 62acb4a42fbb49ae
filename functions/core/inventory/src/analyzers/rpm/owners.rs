//! Which files the packages of an rpm database own, and which packages are not the distribution's.

use std::collections::HashMap;

use schemas::inventory::{CoverageGap, Evidence, FileOwner, GapReason};

use super::{
    super::owned::{Budget, FULL, matters},
    header::Header,
};
use crate::gaps::gap_at;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Owners {
    owners: Vec<FileOwner>,
    /// The vendor of each owner, by its number in `vendors`.
    vendor_of: Vec<Option<usize>>,
    vendors: HashMap<String, (usize, u32)>,
    /// Packages without a vendor.
    unnamed: u32,
    budget: Budget,
}

impl Owners {
    /// Takes note of a package.
    pub(super) fn see(&mut self, header: &Header) {
        let Some(name) = &header.name else { return };
        let vendor = header.vendor.as_ref().map(|vendor| {
            let next = self.vendors.len();
            let known = self.vendors.entry(vendor.clone()).or_insert((next, 0));
            known.1 += 1;
            known.0
        });
        // Keys that signatures are checked by are kept as packages, and nobody is their vendor.
        if vendor.is_none() && name != "gpg-pubkey" {
            self.unnamed += 1;
        }
        let mut paths = Vec::new();
        header.files.for_each(&mut |path| {
            if matters(path) && self.budget.takes(path) {
                paths.push(path.to_owned());
            }
        });
        self.budget.full |= header.files.is_cut();
        if !paths.is_empty() {
            self.owners.push(FileOwner {
                package: name.clone(),
                foreign: false,
                paths,
            });
            self.vendor_of.push(vendor);
        }
    }

    /// The evidence. The distribution is the vendor of most packages: those of another one are its own advisories' to
    /// judge, and the distribution's do not speak of them. So are those of nobody where most name a vendor: a package
    /// that is built in house has none.
    pub(super) fn finish(
        mut self,
        path: &str,
        analyzer: &str,
    ) -> (Option<Evidence>, Option<CoverageGap>) {
        let distribution = self
            .vendors
            .values()
            .max_by_key(|(number, count)| (*count, std::cmp::Reverse(*number)))
            .map(|(number, _)| *number);
        let named: u32 = self.vendors.values().map(|(_, count)| *count).sum();
        let most_are_named = named > self.unnamed;
        for (owner, vendor) in self.owners.iter_mut().zip(&self.vendor_of) {
            owner.foreign = match vendor {
                Some(_) => *vendor != distribution,
                None => most_are_named,
            };
        }
        self.owners.sort_by(|a, b| a.package.cmp(&b.package));
        let gap = self
            .budget
            .full
            .then(|| gap_at(GapReason::LimitExceeded, path, FULL));
        let evidence = (!self.owners.is_empty()).then(|| Evidence::OwnedFiles {
            path: path.to_owned(),
            analyzer: analyzer.to_owned(),
            owners: self.owners,
        });
        (evidence, gap)
    }
}
