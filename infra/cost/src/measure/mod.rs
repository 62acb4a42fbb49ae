//! Drives the real API and the real functions on the embedded platform, and counts what each event asks of it.

mod samples;
mod spent;
mod world;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use axum::http::Method;
use platform::Platform;
use records::messages::{ScanMessage, ScoreMessage};
use schemas::Place;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::count::{Counts, Event, float, plus, times};
use world::{Agent, Ask, World};

/// The administrator's password at the site.
const PASSWORD: &str = "correct horse battery staple";
/// Images of each host that the site has.
const IMAGES_OF_A_HOST: usize = 3;
/// Places of an estate that counts as a large one.
const LARGE_PLACES: usize = 1_500;
/// Hosts of the site when what grows with it is measured first, and second.
const SIZES: [usize; 2] = [3, 9];

/// An event whose cost grows with the estate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growing {
    /// What it costs anyway.
    #[serde(default)]
    pub fixed: Event,
    /// And for each place of the estate.
    #[serde(default)]
    pub per_place: Event,
}

/// Bytes that stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Of records, for a place.
    pub records_of_a_place: f64,
    /// Of an envelope, as it is kept.
    pub envelope: f64,
    /// Of documents, for a place: inventory and findings.
    pub documents_of_a_place: f64,
    /// Of a layer's inventory.
    pub layer: f64,
    /// Of the estate index, for a place.
    pub index_of_a_place: f64,
    /// Of a state that waits to be folded into it.
    pub state_of_a_place: f64,
    /// Findings of a place, each vulnerability once, for comparison.
    pub findings_of_a_place: f64,
}

/// All that was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Bytes that stay.
    pub sizes: Sizes,
    /// Events that cost the same in any estate.
    pub events: BTreeMap<String, Event>,
    /// Those that do not.
    pub growing: BTreeMap<String, Growing>,
}

/// Measures everything.
///
/// # Errors
/// When the site does not do as asked.
pub async fn measure() -> Result<Measured> {
    let mut site = Site::new().await?;
    let mut measured = Measured::default();
    let [small, large] = SIZES;
    site.grow(small).await?;
    measured.sizes = site.sizes().await?;
    let events = &mut measured.events;
    site.agents(events).await?;
    site.people(events).await?;
    site.starts(events).await?;
    let first = site.growing().await?;
    let places = site.places();
    site.grow(large).await?;
    let second = site.growing().await?;
    let more = site.places() - places;
    for (name, small) in first {
        let large = second.get(&name).cloned().unwrap_or_default();
        let per_place = times(&plus(&large, &times(&small, -1.0)), 1.0 / float(more));
        let fixed = plus(&small, &times(&per_place, -float(places)));
        measured.growing.insert(name, Growing { fixed, per_place });
    }
    site.large(&mut measured.events).await?;
    for event in measured.events.values_mut() {
        tidy(event);
    }
    for growing in measured.growing.values_mut() {
        tidy(&mut growing.fixed);
        tidy(&mut growing.per_place);
    }
    Ok(measured)
}

fn tidy(event: &mut Event) {
    for counts in event.values_mut() {
        *counts = counts.rounded();
    }
    event.retain(|_, counts| *counts != Counts::default());
}

struct Site {
    world: World,
    agents: Vec<Agent>,
    release: usize,
    told: usize,
    table_bytes: f64,
    state_bytes: f64,
}

impl Site {
    async fn new() -> Result<Self> {
        let mut world = World::new().await?;
        samples::write_tracker(&world.documents, None)?;
        samples::write_epss(&world.documents, 0)?;
        world.refresh().await?;
        world.take();
        Ok(Self {
            world,
            agents: Vec::new(),
            release: 1,
            told: 0,
            table_bytes: 0.0,
            state_bytes: 0.0,
        })
    }

    /// Hosts, and images of which each host has its own.
    fn places(&self) -> u64 {
        (self.agents.len() * (1 + IMAGES_OF_A_HOST)) as u64
    }

    fn images_of(host: usize) -> Vec<usize> {
        (0..IMAGES_OF_A_HOST)
            .map(|at| host * IMAGES_OF_A_HOST + at)
            .collect()
    }

    /// Adds hosts until there are so many.
    async fn grow(&mut self, hosts: usize) -> Result<()> {
        let before = self.world.table_bytes();
        while self.agents.len() < hosts {
            let number = self.agents.len();
            let agent = self.world.enrol(u8::try_from(number)?).await?;
            self.agents.push(agent);
            self.look(number, 1).await?;
            for image in Self::images_of(number) {
                self.read_image(number, image).await?;
            }
            self.run_containers(number, 0).await?;
        }
        self.table_bytes = self.world.table_bytes() - before;
        self.state_bytes = self.world.state_bytes().await?;
        self.world.fold().await?;
        self.world.take();
        Ok(())
    }

    async fn observe(&mut self, host: usize, bodies: &[serde_json::Value]) -> Result<()> {
        self.world.pass_s(60);
        let Some(agent) = self.agents.get_mut(host) else {
            return Ok(());
        };
        self.world.observe(agent, bodies).await?;
        self.world.settle().await
    }

    fn host_id(&self, host: usize) -> Result<schemas::HostId> {
        let agent = self.agents.get(host);
        agent
            .map(|agent| agent.host.clone())
            .with_context(|| format!("there is no host {host}"))
    }

    async fn look(&mut self, host: usize, release: usize) -> Result<()> {
        let body = samples::host(&self.host_id(host)?, host, release)?;
        self.observe(host, &[body]).await
    }

    async fn run_containers(&mut self, host: usize, run: usize) -> Result<()> {
        let body = samples::containers(&self.host_id(host)?, &Self::images_of(host), run)?;
        self.observe(host, &[body]).await
    }

    /// A host meets an image: asks for its layers, sends those that are not known, then the image.
    async fn read_image(&mut self, host: usize, image: usize) -> Result<()> {
        let layers = samples::layers(image);
        let ids: Vec<_> = layers.iter().map(|layer| &layer.diff_id).collect();
        let question = json!({"layers": ids, "generation": inventory::GENERATION});
        let reply = self
            .ask(host, Method::POST, "/agent/v1/layers/missing", &question)
            .await?;
        let missing = reply["missing"].as_array().cloned().unwrap_or_default();
        for layer in &layers {
            if missing.contains(&json!(layer.diff_id)) {
                let path = format!("/agent/v1/layers/{}", layer.diff_id);
                let body = serde_json::to_value(layer)?;
                self.ask(host, Method::PUT, &path, &body).await?;
            }
        }
        self.observe(host, &[samples::image(image)?]).await
    }

    async fn ask(
        &mut self,
        host: usize,
        method: Method,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value> {
        let agent = self
            .agents
            .get(host)
            .with_context(|| format!("there is no host {host}"))?;
        let ask = Ask {
            method,
            path,
            body: Some(body),
            if_none_match: None,
        };
        self.world.agent(agent, ask).await
    }

    /// What agents do.
    async fn agents(&mut self, events: &mut BTreeMap<String, Event>) -> Result<()> {
        let mut note = |name: &str, event| events.insert(name.to_owned(), event);
        self.heartbeat().await?;
        self.world.take();
        self.heartbeat().await?;
        note("heartbeat", self.world.take());

        self.release += 1;
        self.look(0, self.release).await?;
        note("host_changed", self.world.take());

        self.run_containers(0, 1).await?;
        note("containers_changed", self.world.take());

        // What no host has had yet, but for the layer that all images have.
        self.read_image(0, 900).await?;
        note("image_new", self.world.take());
        self.read_image(1, 900).await?;
        note("image_elsewhere", self.world.take());

        // What is told once a day although it is the same: the host, its containers, its images.
        self.world.pass_s(86_400);
        samples::write_epss(&self.world.documents, 1)?;
        self.world.refresh().await?;
        self.world.take();
        let id = self.host_id(0)?;
        let same = [
            samples::host(&id, 0, self.release)?,
            samples::containers(&id, &Self::images_of(0), 1)?,
        ];
        self.observe(0, &same).await?;
        note("host_told_again", self.world.take());
        self.read_image(0, 0).await?;
        note("image_told_again", self.world.take());
        Ok(())
    }

    async fn heartbeat(&mut self) -> Result<()> {
        self.world.pass_s(900);
        let Some(agent) = self.agents.first() else {
            return Ok(());
        };
        let etag = format!("\"1-{}\"", self.world.tenant);
        let ask = Ask {
            method: Method::GET,
            path: "/agent/v1/bundle",
            body: None,
            if_none_match: Some(&etag),
        };
        self.world.agent(agent, ask).await?;
        Ok(())
    }

    /// What people do.
    async fn people(&mut self, events: &mut BTreeMap<String, Event>) -> Result<()> {
        let mut note = |name: &str, event| events.insert(name.to_owned(), event);
        self.world.sign_in(PASSWORD).await?;
        note("sign_in", self.world.take());
        self.world.fold().await?;
        self.get("/api/v1/vulnerabilities?limit=100").await?;
        self.world.take();
        self.get("/api/v1/vulnerabilities?limit=100").await?;
        note("list_again", self.world.take());
        let place = format!("/api/v1/hosts/{}/findings?limit=100", self.host_id(1)?);
        self.get(&place).await?;
        note("findings_of_a_place", self.world.take());
        Ok(())
    }

    async fn get(&mut self, path: &str) -> Result<()> {
        self.world.person(Method::GET, path, None).await?;
        Ok(())
    }

    /// What instances of functions do when they begin.
    async fn starts(&mut self, events: &mut BTreeMap<String, Event>) -> Result<()> {
        let mut note = |name: &str, event| events.insert(name.to_owned(), event);
        self.world.forget_api().await?;
        note("api_starts", self.world.take());
        // A look that finds nothing new, on an instance that has opened nothing, less the same on one that has.
        let place = Place::Host(self.host_id(1)?);
        let tenant = self.world.tenant.clone();
        let scan = [ScanMessage::Place {
            tenant,
            place,
            rematch: false,
        }];
        self.world.tell(&scan).await?;
        self.world.settle().await?;
        self.world.take();
        self.world.tell(&scan).await?;
        self.world.settle().await?;
        let known = self.world.take();
        self.world.forget();
        self.world.tell(&scan).await?;
        self.world.settle().await?;
        note(
            "worker_starts",
            plus(&self.world.take(), &times(&known, -1.0)),
        );
        self.world.sign_in(PASSWORD).await?;
        self.world.take();
        Ok(())
    }

    /// What costs more in a larger estate.
    async fn growing(&mut self) -> Result<BTreeMap<String, Event>> {
        let mut events = BTreeMap::new();
        let mut note = |name: &str, event| events.insert(name.to_owned(), event);
        self.world.sign_in(PASSWORD).await?;
        samples::write_tracker(&self.world.documents, None)?;
        self.world.refresh().await?;
        self.world.fold().await?;
        self.world.take();

        self.told += 1;
        samples::write_tracker_told_again(&self.world.documents, self.told)?;
        self.world.refresh().await?;
        note("feed_concerns_nothing", self.world.take());

        self.told += 1;
        samples::write_tracker(&self.world.documents, Some(6 * (self.told / 2)))?;
        self.world.refresh().await?;
        note("feed_adds_a_finding", self.world.take());
        self.fold_counted().await?;
        note("fold_all", self.world.take());

        samples::write_epss(&self.world.documents, self.told)?;
        self.world.refresh().await?;
        note("epss", self.world.take());

        self.world.forget_api().await?;
        self.world.take();
        self.get("/api/v1/vulnerabilities?limit=100").await?;
        note("list_first", self.world.take());

        self.release += 1;
        self.look(0, self.release).await?;
        self.world.take();
        self.get("/api/v1/vulnerabilities?limit=100").await?;
        note("list_after_a_change", self.world.take());
        self.fold_counted().await?;
        note("fold_one", self.world.take());

        self.world.tick("fold").await?;
        note("fold_nothing", self.world.take());
        Ok(events)
    }

    /// What is done in an estate whose lists begin in a document of their own.
    async fn large(&mut self, events: &mut BTreeMap<String, Event>) -> Result<()> {
        let mut note = |name: &str, event| events.insert(name.to_owned(), event);
        self.world.sign_in(PASSWORD).await?;
        self.world.fill(LARGE_PLACES).await?;
        self.world.take();
        self.get("/api/v1/vulnerabilities?limit=100").await?;
        note("list_of_a_large_estate", self.world.take());
        // The first time an instance reads the base; every other time it has it.
        let mut every_time = Event::new();
        for _ in 0..3 {
            self.release += 1;
            self.look(0, self.release).await?;
            self.world.take();
            self.fold_counted().await?;
            every_time = self.world.take();
        }
        note("lists_are_written", every_time);
        Ok(())
    }

    async fn fold_counted(&mut self) -> Result<()> {
        let tenant = self.world.tenant.clone();
        self.world.tell(&[ScoreMessage::Fold { tenant }]).await?;
        self.world.settle().await
    }

    async fn sizes(&self) -> Result<Sizes> {
        let places = float(self.places());
        let platform = &self.world.bare;
        let tenant = format!("t/{}/", self.world.tenant);
        let (envelopes, count) = bytes_below(platform, &format!("{tenant}envelopes/")).await?;
        let (inventories, _) = bytes_below(platform, &format!("{tenant}inventories/")).await?;
        let (findings, _) = bytes_below(platform, &format!("{tenant}findings/")).await?;
        let (layers, layer_count) = bytes_below(platform, &format!("{tenant}layers/")).await?;
        let (index, _) = bytes_below(platform, &format!("{tenant}estate/base")).await?;
        let found = self.world.findings().await?;
        let mut sizes = Sizes {
            records_of_a_place: self.table_bytes / places,
            envelope: envelopes / count,
            documents_of_a_place: (inventories + findings) / places,
            layer: layers / layer_count,
            index_of_a_place: index / places,
            state_of_a_place: self.state_bytes,
            findings_of_a_place: found / places,
        };
        for size in [
            &mut sizes.records_of_a_place,
            &mut sizes.envelope,
            &mut sizes.documents_of_a_place,
            &mut sizes.layer,
            &mut sizes.index_of_a_place,
            &mut sizes.state_of_a_place,
            &mut sizes.findings_of_a_place,
        ] {
            *size = size.round();
        }
        Ok(sizes)
    }
}

/// Bytes and number of the blobs below a prefix.
async fn bytes_below(platform: &Platform, prefix: &str) -> Result<(f64, f64)> {
    let mut cursor = None;
    let (mut bytes, mut count) = (0, 0);
    loop {
        let page = platform.blobs.list(prefix, 1000, cursor.as_ref()).await?;
        count += page.blobs.len() as u64;
        bytes += page.blobs.iter().map(|blob| blob.size_bytes).sum::<u64>();
        cursor = page.next;
        if cursor.is_none() {
            return Ok((float(bytes), float(count.max(1))));
        }
    }
}
