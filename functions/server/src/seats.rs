//! How many connections an address has, so that one does not take all there are.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// The connections of every address.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    most: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection of an address, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    address: IpAddr,
    of: Seats,
}

impl Seats {
    /// So many for each address.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// One more for an address; `None` when it has as many as it may.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if *count >= self.most.max(1) {
            return None;
        }
        *count += 1;
        Some(Seat {
            address,
            of: self.clone(),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.of.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_as_many_as_it_may_and_leaves_the_others_theirs() {
        let seats = Seats::new(2);
        let (one, two) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = seats.take(one).unwrap();
        let _second = seats.take(one).unwrap();
        assert!(seats.take(one).is_none());
        let other = seats.take(two).unwrap();
        drop(first);
        let _third = seats.take(one).unwrap();
        drop(other);
        assert!(!seats.taken.lock().unwrap().contains_key(&two));
    }
}
