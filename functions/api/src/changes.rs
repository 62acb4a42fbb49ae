//! Changes under way: how many there are, and whose.
//!
//! A change goes on when its caller has left, so connections do not bound them; turns do. A turn counts for everybody who
//! could take all of them: for the caller and the tenant, once it is known who calls, and until then for the network that it
//! comes from. Strangers and registries that have still to show that they are who they say have turns of their own, so that
//! none of them takes what those need who are known.
//!
//! Whoever can be known before the body comes (people, builds, agents) has their own turn before it does. Strangers have one
//! when theirs is whole. A webhook may be signed, so its sender is known after it: it waits among those of the tenant whose
//! registry it names, and one that names none among its like. Nothing is changed before there is a turn and the whole body;
//! until then a request ends with its caller.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::Extensions;
use schemas::TenantId;
use tokio::sync::Notify;

use crate::{
    allowance::network,
    problem::{ApiError, Kind},
};

/// Whose turns they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Room {
    /// Of people, builds and registries that are known.
    Known,
    /// Of agents, whose bodies come from as many lines as an estate has hosts.
    Agents,
    /// Of those who sign in, exchange a token, enrol: who ask for something without showing who they are.
    Strangers,
    /// Of registries that are named and have not shown that they are the ones.
    Webhooks,
    /// Of deliveries that name no registry there is.
    Astray,
}

impl Room {
    /// How many there may be at once. Each holds a body of at most 4 MiB, a delivery of at most 1 MiB, strangers' one of at
    /// most 64 KiB.
    const fn limit(self) -> u32 {
        match self {
            Self::Known | Self::Agents => 512,
            Self::Strangers => 256,
            Self::Webhooks | Self::Astray => 128,
        }
    }
}

/// What a turn is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Share {
    Room(Room),
    Network(Room, IpAddr),
    Tenant(Room, TenantId),
    Caller(TenantId, String),
}

impl Share {
    /// How many there may be at once, with so many of each.
    fn limit(&self, counts: &HashMap<Self, u32>) -> u32 {
        match self {
            Self::Room(room) => room.limit(),
            // An office or a data centre has one address for many, and whoever wants to keep others out has more than one.
            Self::Network(room, _) => room.limit() / 8,
            // No more than are left for all others, so that however many tenants take what they may, the next finds some.
            Self::Tenant(room, _) => {
                let taken = counts.get(&Self::Room(*room)).copied().unwrap_or_default();
                let left = room.limit().saturating_sub(taken);
                left.clamp(1, room.limit() / 4)
            }
            Self::Caller(..) => 32,
        }
    }

    /// The problem of whoever has as many as may be.
    fn refusal(&self, counts: &HashMap<Self, u32>) -> ApiError {
        let limit = self.limit(counts);
        let (kind, detail) = match self {
            Self::Room(_) => (
                Kind::Unavailable,
                "Too many changes are under way. Nothing was done; send it again.".to_owned(),
            ),
            Self::Network(..) => (
                Kind::TooManyRequests,
                format!(
                    "From your address {limit} requests are under way of those who have not shown who they are. Nothing was done: \
                     wait for the answers, then send it again."
                ),
            ),
            Self::Tenant(..) => (
                Kind::TooManyRequests,
                format!(
                    "Your tenant has {} changes under way, which is as many as it may now. Nothing was done; send it again.",
                    counts.get(self).copied().unwrap_or_default()
                ),
            ),
            Self::Caller(..) => (
                Kind::TooManyRequests,
                format!(
                    "You have {limit} changes under way, which is as many as one caller may. Nothing was done: wait for their \
                     answers, then send it again."
                ),
            ),
        };
        ApiError {
            retry_after_s: Some(1),
            ..ApiError::new(kind, detail)
        }
    }
}

/// All changes under way. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    of: Mutex<HashMap<Share, u32>>,
    ended: Notify,
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, HashMap<Share, u32>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changes {
    /// One more that counts for all of these, or for none.
    fn take(&self, shares: Vec<Share>) -> Result<Turn, ApiError> {
        let mut counts = self.0.lock();
        let is_full = |share: &&Share| {
            let taken = counts.get(share).copied().unwrap_or_default();
            taken >= share.limit(&counts)
        };
        if let Some(full) = shares.iter().find(is_full) {
            return Err(full.refusal(&counts));
        }
        for share in &shares {
            *counts.entry(share.clone()).or_default() += 1;
        }
        drop(counts);
        Ok(Turn {
            of: self.clone(),
            shares,
        })
    }

    /// Waits until none is under way.
    pub(crate) async fn settled(&self) {
        loop {
            let mut ended = std::pin::pin!(self.0.ended.notified());
            ended.as_mut().enable();
            if self.0.lock().is_empty() {
                return;
            }
            ended.await;
        }
    }
}

/// A change under way, until it is dropped.
#[derive(Debug)]
struct Turn {
    of: Changes,
    shares: Vec<Share>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut counts = self.of.0.lock();
        for share in &self.shares {
            if let Some(count) = counts.get_mut(share) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    counts.remove(share);
                }
            }
        }
        if counts.is_empty() {
            self.of.0.ended.notify_waiters();
        }
    }
}

/// The turn of a request, for what finds out whose it is. Clones are of the same request.
#[derive(Clone, Debug)]
pub(crate) struct Seat(Arc<Seated>);

#[derive(Debug)]
struct Seated {
    of: Changes,
    network: Option<IpAddr>,
    stage: Mutex<Stage>,
}

/// How far a request is.
#[derive(Debug, Default)]
struct Stage {
    turn: Option<Turn>,
    /// Whether the turn is of somebody who may change something now.
    is_taken: bool,
    is_body_whole: bool,
    /// Whether the body broke off, or was not waited for.
    is_body_broken: bool,
    /// Whether the caller left before both.
    is_left: bool,
}

impl Seat {
    /// A request from this address, that has no turn.
    pub(crate) fn of(changes: &Changes, address: Option<IpAddr>) -> Self {
        // Behind a proxy that nobody named everybody has this machine's address.
        let address = address.map(|address| address.to_canonical());
        let address = address.filter(|address| !address.is_loopback());
        Self(Arc::new(Seated {
            of: changes.clone(),
            network: address.map(network),
            stage: Mutex::default(),
        }))
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has the turn of somebody who may change something.
    pub(crate) fn is_taken(&self) -> bool {
        self.stage().is_taken
    }

    /// Takes the turn of somebody who does not show who they are.
    pub(crate) fn take_as_stranger(&self) -> Result<(), ApiError> {
        self.begin(self.of_network(Room::Strangers))
    }

    /// Takes a turn for as long as it is being shown that a registry sends it, which is of this tenant where there is one. It is
    /// given back for the registry's own.
    fn wait_as_registry(&self, tenant: Option<&TenantId>) -> Result<(), ApiError> {
        let shares = match tenant {
            Some(tenant) => {
                let mut shares = self.of_network(Room::Webhooks);
                shares.insert(0, Share::Tenant(Room::Webhooks, tenant.clone()));
                shares
            }
            None => self.of_network(Room::Astray),
        };
        let turn = self.0.of.take(shares)?;
        self.stage().turn = Some(turn);
        Ok(())
    }

    fn of_network(&self, room: Room) -> Vec<Share> {
        let network = self.0.network.map(|network| Share::Network(room, network));
        // The narrowest comes first: whose it is says most about what to do.
        network.into_iter().chain([Share::Room(room)]).collect()
    }

    fn take_as(&self, room: Room, tenant: &TenantId, caller: &str) -> Result<(), ApiError> {
        self.begin(vec![
            Share::Caller(tenant.clone(), caller.to_owned()),
            Share::Tenant(room, tenant.clone()),
            Share::Room(room),
        ])
    }

    fn begin(&self, shares: Vec<Share>) -> Result<(), ApiError> {
        let mut stage = self.stage();
        if stage.is_taken {
            return Ok(());
        }
        if stage.is_left {
            // It is being ended, and nobody reads this.
            return Err(ApiError::new(Kind::TimedOut, "Nothing was done."));
        }
        let before = stage.turn.replace(self.0.of.take(shares)?);
        stage.is_taken = true;
        drop(stage);
        drop(before);
        Ok(())
    }

    /// Notes that the body was taken to its end. Says whether somebody waits for what comes of it.
    pub(crate) fn has_whole_body(&self) -> bool {
        let mut stage = self.stage();
        stage.is_body_whole |= !stage.is_left;
        !stage.is_left
    }

    /// Notes that the body broke off, or was not waited for.
    pub(crate) fn has_broken_body(&self) {
        self.stage().is_body_broken = true;
    }

    /// Whether the body broke off of somebody who is not known.
    pub(crate) fn is_strangely_broken(&self) -> bool {
        let stage = self.stage();
        stage.is_body_broken && !stage.is_taken
    }

    /// Notes that the caller has left, or is not waited for any more. Says whether the request is to be ended: where it has its
    /// turn and its body it may have changed something, and goes on.
    pub(crate) fn leave(&self) -> bool {
        let mut stage = self.stage();
        stage.is_left = !(stage.is_taken && stage.is_body_whole);
        stage.is_left
    }
}

/// Takes the turn of a caller who is known, by their name for records, for a request that changes something.
pub(crate) fn is_of(request: &Extensions, tenant: &TenantId, caller: &str) -> Result<(), ApiError> {
    let seat = request.get::<Seat>();
    seat.map_or(Ok(()), |seat| seat.take_as(Room::Known, tenant, caller))
}

/// The same of an agent, whose turn keeps none from people.
pub(crate) fn is_of_agent(
    request: &Extensions,
    tenant: &TenantId,
    agent: &str,
) -> Result<(), ApiError> {
    let seat = request.get::<Seat>();
    seat.map_or(Ok(()), |seat| seat.take_as(Room::Agents, tenant, agent))
}

/// Takes a turn for as long as it is being shown that a registry sends a request: one of this tenant, where there is one.
pub(crate) fn may_be_of_registry(
    request: &Extensions,
    tenant: Option<&TenantId>,
) -> Result<(), ApiError> {
    let seat = request.get::<Seat>();
    seat.map_or(Ok(()), |seat| seat.wait_as_registry(tenant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    #[test]
    fn nobody_takes_the_turns_of_others() {
        let changes = Changes::default();
        let take = |name: &str, caller: &str| {
            let seat = Seat::of(&changes, None);
            seat.take_as(Room::Known, &tenant(name), caller)
                .map(|()| seat)
        };
        let mut held: Vec<_> = (0..32).map(|_| take("acme", "ann").unwrap()).collect();
        let refused = take("acme", "ann").unwrap_err();
        assert_eq!(
            (refused.kind, refused.retry_after_s),
            (Kind::TooManyRequests, Some(1))
        );
        for caller in ["bob", "cyd", "dan"] {
            held.extend((0..32).map(|_| take("acme", caller).unwrap()));
        }
        assert_eq!(take("acme", "eve").unwrap_err().kind, Kind::TooManyRequests);
        // Whoever came first goes first, and another of the tenant has the turn.
        held.remove(0);
        held.push(take("acme", "eve").unwrap());
        // Each tenant has as many as are left, so that there are always some for the next.
        for (name, turns) in [("b", 128), ("c", 128), ("d", 64), ("e", 32), ("f", 16)] {
            for n in 0..turns {
                held.push(take(name, &format!("{}", n % 4)).unwrap());
            }
            let refused = take(name, "eve").unwrap_err();
            assert_eq!(refused.kind, Kind::TooManyRequests, "{name}");
            let detail = refused.detail.unwrap();
            assert!(detail.contains(&format!(" {turns} ")), "{name}");
        }
        for (name, turns) in [("g", 8), ("h", 4), ("i", 2), ("j", 1), ("k", 1)] {
            held.extend((0..turns).map(|_| take(name, "1").unwrap()));
        }
        assert_eq!(take("l", "1").unwrap_err().kind, Kind::Unavailable);
        // Strangers and webhooks have theirs.
        let stranger = Seat::of(&changes, None);
        stranger.take_as_stranger().unwrap();
        let webhook = Seat::of(&changes, None);
        webhook.wait_as_registry(Some(&tenant("l"))).unwrap();
        assert_eq!(
            webhook
                .take_as(Room::Known, &tenant("l"), "registry")
                .unwrap_err()
                .kind,
            Kind::Unavailable
        );
        drop((held, stranger, webhook));
        assert!(changes.0.lock().is_empty());
    }

    #[test]
    fn strangers_of_one_network_leave_the_others_theirs() {
        let changes = Changes::default();
        let take = |address: &str| {
            let seat = Seat::of(&changes, Some(address.parse().unwrap()));
            seat.take_as_stranger().map(|()| seat)
        };
        let held: Vec<_> = (0..32)
            .map(|n| take(&format!("2001:db8::{n:x}")).unwrap())
            .collect();
        assert_eq!(
            take("2001:db8::ffff").unwrap_err().kind,
            Kind::TooManyRequests
        );
        let other = take("192.0.2.1").unwrap();
        // Of webhooks the same network has as many beside them.
        let webhook = Seat::of(&changes, Some("2001:db8::1".parse().unwrap()));
        webhook.wait_as_registry(Some(&tenant("acme"))).unwrap();
        // One that is known takes none of them, and gives the one back that it had meanwhile.
        webhook
            .take_as(Room::Known, &tenant("acme"), "registry")
            .unwrap();
        assert!(!changes.0.lock().contains_key(&Share::Room(Room::Webhooks)));
        drop(held);
        let local: Vec<_> = (0..255).map(|_| take("127.0.0.1").unwrap()).collect();
        assert_eq!(take("127.0.0.1").unwrap_err().kind, Kind::Unavailable);
        drop((other, local));
    }

    #[test]
    fn deliveries_hold_up_those_of_their_own_registry_alone() {
        let changes = Changes::default();
        let wait = |network: u8, name: Option<&str>| {
            let address = format!("192.0.2.{network}").parse().unwrap();
            let seat = Seat::of(&changes, Some(address));
            let tenant = name.map(tenant);
            seat.wait_as_registry(tenant.as_ref()).map(|()| seat)
        };
        let full = |refused: Result<Seat, ApiError>| refused.unwrap_err().kind;
        // From however many networks, what names no registry takes nothing from those that are named.
        let mut held: Vec<_> = (0..16).map(|_| wait(1, None).unwrap()).collect();
        assert_eq!(full(wait(1, None)), Kind::TooManyRequests);
        for network in 2..9 {
            held.extend((0..16).map(|_| wait(network, None).unwrap()));
        }
        assert_eq!(full(wait(9, None)), Kind::Unavailable);
        held.push(wait(9, Some("acme")).unwrap());
        // Nor does who knows one registry from the others.
        held.extend((0..16).map(|_| wait(10, Some("acme")).unwrap()));
        assert_eq!(full(wait(10, Some("b"))), Kind::TooManyRequests);
        held.extend((0..15).map(|_| wait(11, Some("acme")).unwrap()));
        assert_eq!(full(wait(12, Some("acme"))), Kind::TooManyRequests);
        held.push(wait(12, Some("b")).unwrap());
        drop(held);
        assert!(changes.0.lock().is_empty());
    }

    #[test]
    fn a_request_goes_on_alone_only_with_its_turn_and_its_body() {
        let changes = Changes::default();
        for (is_taken, is_whole) in [(false, false), (true, false), (false, true), (true, true)] {
            let seat = Seat::of(&changes, None);
            if is_taken {
                seat.take_as(Room::Known, &tenant("acme"), "ann").unwrap();
            }
            if is_whole {
                assert!(seat.has_whole_body());
            }
            let goes_on = is_taken && is_whole;
            assert_eq!(seat.leave(), !goes_on, "{is_taken} {is_whole}");
            // What is being ended begins nothing.
            assert_eq!(seat.has_whole_body(), goes_on);
            let begun = seat.take_as(Room::Known, &tenant("acme"), "ann");
            assert_eq!(begun.is_ok(), is_taken);
        }
    }

    #[tokio::test]
    async fn it_is_settled_when_the_last_has_ended() {
        let changes = Changes::default();
        changes.settled().await;
        let seat = Seat::of(&changes, None);
        seat.take_as_stranger().unwrap();
        let waits = changes.clone();
        let waits = tokio::spawn(async move { waits.settled().await });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(seat);
        waits.await.unwrap();
    }
}
