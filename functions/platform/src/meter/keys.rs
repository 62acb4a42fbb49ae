//! Keys, counted.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::{Count, Meter, Operation};
use crate::ports::{KeyError, Keys, MacKey, SigningKey};

pub(super) struct MeteredKeys {
    pub(super) inner: Arc<dyn Keys>,
    pub(super) meter: Arc<Meter>,
}

/// One request to unwrap it.
const ONE: Count = Count {
    calls: 0,
    failures: 0,
    requests: 1,
    read_half_units: 0,
    write_units: 0,
    sent_bytes: 0,
    received_bytes: 0,
    took_us: 0,
};

#[async_trait]
impl Keys for MeteredKeys {
    async fn signing_key(&self, name: &str) -> Result<SigningKey, KeyError> {
        let begun = Instant::now();
        let key = self.inner.signing_key(name).await;
        let failed = key.is_err();
        self.meter.add(Operation::SigningKey, begun, failed, ONE);
        key
    }

    async fn mac_key(&self, name: &str) -> Result<MacKey, KeyError> {
        let begun = Instant::now();
        let key = self.inner.mac_key(name).await;
        self.meter.add(Operation::MacKey, begun, key.is_err(), ONE);
        key
    }

    fn random(&self, into: &mut [u8]) -> Result<(), KeyError> {
        self.inner.random(into)
    }
}
