//! How many connections an address has, so that one does not take all there are.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
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

    /// One more for an address, by IPv6 for all that one subscriber has (64 bits, RFC 6177); `None` when it has as many as it may.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Seat> {
        let address = network(address);
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

/// What one subscriber has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
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
        let mut of_one = (1..=3).map(|n| format!("2001:db8::{n}").parse().unwrap());
        let _fourth = seats.take(of_one.next().unwrap()).unwrap();
        let _fifth = seats.take(of_one.next().unwrap()).unwrap();
        assert!(seats.take(of_one.next().unwrap()).is_none());
    }
}
