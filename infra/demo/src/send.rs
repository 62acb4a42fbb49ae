//! Enrolling the hosts of the demo estate and sending what is on them, as their agents would.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use access::{AgentKey, enrolment::prove, request_token::RequestSigner, sha256};
use agent_host::{
    clock::Clock,
    uplink::{self, ServerAddress, Uplink},
};
use anyhow::{Context as _, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use schemas::{
    HostId, Timestamp,
    agent::{
        ENVELOPE_VERSION, EnrolRequest, Envelope, EnvelopeBatch, EnvelopeKind, InventoryBody,
        ReceiptStatus,
    },
};

use crate::{
    apps::APPS,
    estate::{Host, Image, System, VERSIONS, hosts, image},
};

/// Hosts that send at once.
const AT_ONCE: usize = 8;
/// Envelopes of one request.
const BATCH: usize = 50;

/// What was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) hosts: usize,
    pub(crate) images: usize,
    pub(crate) containers: usize,
}

/// Enrols all hosts with a token and sends all that is on them.
///
/// # Errors
/// When the server does not answer, or refuses something.
pub(crate) async fn all(server: &str, token: &str) -> anyhow::Result<Sent> {
    let address = uplink::server_address(server, false).context("the server's address")?;
    let now = Clock::local();
    let mut images = BTreeMap::new();
    for app in &APPS {
        for version in 0..VERSIONS {
            images.insert((app.name, version), image(app, version, now));
        }
    }
    let hosts = hosts();
    let held = held(&hosts);
    let mut sends = Vec::with_capacity(hosts.len());
    for (host, held) in hosts.iter().zip(&held) {
        let held = held.iter().filter_map(|name| images.get(name)).collect();
        sends.push(of_host(address.clone(), token, host, held, now));
    }
    let sent: Vec<Sent> = stream::iter(sends)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Sent {
        hosts: sent.len(),
        images: images.len(),
        containers: sent.iter().map(|one| one.containers).sum(),
    })
}

/// The images of each host: those that run, and each of the others on the first that could run it, as a builder keeps them.
fn held(hosts: &[Host]) -> Vec<BTreeSet<(&'static str, usize)>> {
    let mut held: Vec<BTreeSet<_>> = hosts
        .iter()
        .map(|host| {
            host.workloads()
                .into_iter()
                .map(|(app, version)| (app.name, version))
                .collect()
        })
        .collect();
    for app in &APPS {
        let runs = |host: &Host| matches!(host.system, System::Windows(_)) == app.is_windows();
        let builders: Vec<usize> = (0..hosts.len())
            .filter(|at| hosts.get(*at).is_some_and(runs))
            .collect();
        for version in 0..VERSIONS {
            let name = (app.name, version);
            if held.iter().any(|of| of.contains(&name)) {
                continue;
            }
            let at = builders.get(version % builders.len().max(1));
            if let Some(of) = at.and_then(|at| held.get_mut(*at)) {
                of.insert(name);
            }
        }
    }
    held
}

async fn of_host(
    server: ServerAddress,
    token: &str,
    host: &Host,
    images: Vec<&Image>,
    now: Timestamp,
) -> anyhow::Result<Sent> {
    let what = || format!("{} is not told of", host.name);
    let http = uplink::client(None).with_context(what)?;
    let clock = Arc::new(Clock::default());
    // Whoever knows the token may enrol hosts anyway; a name alone must not be a key.
    let seed = sha256(format!("bulkhead-demo {token} {}", host.name).as_bytes());
    let key = AgentKey::from_seed(Box::new(seed).into());
    let request = EnrolRequest {
        token: token.to_owned(),
        public_key: key.public().to_base64url(),
        proof: prove(token, &key),
        host_name: host.name.clone(),
        machine: format!("demo {}", host.name),
        platform: match host.system {
            System::Linux(_) => "linux/amd64",
            System::Windows(_) => "windows/amd64",
        }
        .to_owned(),
        software: agent_host::SOFTWARE.to_owned(),
    };
    let known = uplink::enrol(&http, &server, &request, &clock)
        .await
        .with_context(what)?;
    let signer = RequestSigner::new(known.agent.clone(), key);
    let uplink = Uplink::new(http, server, signer, clock);

    let layers = images.iter().flat_map(|image| &image.layers);
    let layers: BTreeMap<_, _> = layers.map(|layer| (layer.diff_id.clone(), layer)).collect();
    let named: Vec<_> = layers.keys().cloned().collect();
    for missing in uplink.missing_layers(&named).await.with_context(what)? {
        if let Some(layer) = layers.get(&missing) {
            uplink.put_layer(layer).await.with_context(what)?;
        }
    }

    let bodies = bodies(host, &known.host, &images, now);
    let mut envelopes = Vec::with_capacity(bodies.len());
    for (seq, body) in (1..).zip(bodies) {
        envelopes.push(Envelope {
            version: ENVELOPE_VERSION,
            agent: known.agent.clone(),
            boot_id: "demo".to_owned(),
            seq,
            observed_at: uplink.clock().now(),
            kind: EnvelopeKind::Inventory,
            body: serde_json::to_value(body)?,
        });
    }
    for some in envelopes.chunks(BATCH) {
        let batch = EnvelopeBatch {
            envelopes: some.to_vec(),
        };
        let reply = uplink.send_envelopes(&batch).await.with_context(what)?;
        for receipt in reply.receipts {
            if !matches!(
                receipt.status,
                ReceiptStatus::Accepted | ReceiptStatus::Duplicate
            ) {
                bail!(
                    "{}: an envelope was not taken: {}",
                    host.name,
                    receipt.detail.unwrap_or_default()
                );
            }
        }
    }
    Ok(Sent {
        hosts: 1,
        images: images.len(),
        containers: host.workloads().len(),
    })
}

fn bodies(host: &Host, id: &HostId, images: &[&Image], now: Timestamp) -> Vec<InventoryBody> {
    let mut bodies = vec![InventoryBody::Host {
        inventory: host.inventory(id),
    }];
    bodies.extend(images.iter().map(|image| InventoryBody::Image {
        image: image.inventory.clone(),
    }));
    bodies.push(InventoryBody::Containers {
        snapshot: host.containers(id, now),
    });
    bodies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_on_a_host_that_can_run_it() {
        let hosts = hosts();
        let held = held(&hosts);
        let all: BTreeSet<_> = held.iter().flatten().collect();
        assert_eq!(all.len(), APPS.len() * VERSIONS);
        for (host, held) in hosts.iter().zip(&held) {
            for (name, _) in held {
                let app = APPS.iter().find(|app| app.name == *name).unwrap();
                assert_eq!(app.is_windows(), matches!(host.system, System::Windows(_)));
            }
        }
    }
}
