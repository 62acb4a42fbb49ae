//! Which places have a vulnerability, whether exceptions hide it there or not.

use schemas::{Place, VulnerabilityId};
use scope::Scope;

use crate::{index::EstateIndex, view::View};

impl EstateIndex {
    /// [`View::holding`] of all of it.
    pub fn holding(&self, id: &VulnerabilityId, after: Option<&Place>, limit: usize) -> Vec<Place> {
        self.whole().holding(id, None, after, limit)
    }
}

impl EstateIndex {
    /// Whether a place is there and within a scope.
    pub fn is_within(&self, place: &Place, scope: &Scope) -> bool {
        let row = self.places.get(place).filter(|row| !row.removed);
        row.is_some_and(|row| scope.includes(&self.resource(place, row)))
    }
}

impl View<'_> {
    /// At most so many places that have a vulnerability, whether exceptions hide it there or not, in the order of places and
    /// after this one; only those that another view of the same index has, too.
    pub fn holding(
        &self,
        id: &VulnerabilityId,
        among: Option<&View<'_>>,
        after: Option<&Place>,
        limit: usize,
    ) -> Vec<Place> {
        let Some(number) = self.index.number(id) else {
            return Vec::new();
        };
        let places = self.index.numbered();
        let place = |number: &u32| places.get(*number).map(|(place, _)| place);
        let all = self.index.holders().get(number);
        // Numbers have the order of places.
        let begin = after.map_or(0, |after| {
            all.partition_point(|number| place(number).is_some_and(|place| place <= after))
        });
        let mut found: Vec<Place> = Vec::new();
        let mut former = None;
        for number in all.get(begin..).unwrap_or_default() {
            if found.len() >= limit {
                break;
            }
            let is_seen =
                self.has_number(*number) && among.is_none_or(|others| others.has_number(*number));
            // A place has it once, whatever its findings say.
            if former.replace(number) != Some(number) && is_seen {
                found.extend(place(number).cloned());
            }
        }
        found
    }
}
