//! Images read from registries: one that misbehaves in every way, and a real one where there is one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake;
mod products;
mod real;

use std::{sync::Arc, time::Duration};

use inventory::{
    Limits,
    image::{Choice, ImageError, LayerOutcome, Options, ScannedImage, read_located},
};
use schemas::inventory::{CoverageStatus, GapReason};
use serde_json::json;
use sources::registry::{
    Credentials, ReadError, Registry, RegistryError, RegistryOptions, RegistryStore,
};

use self::fake::{Fake, Faults, Gate, INDEX, MANIFEST, app, debian, digest};

fn options() -> RegistryOptions {
    RegistryOptions {
        first_wait: Duration::from_millis(1),
        retries: 4,
        ..RegistryOptions::default()
    }
}

/// Reads an image, of its layers those that are wanted.
pub(crate) async fn scan_wanted(
    reference: &str,
    credentials: Credentials,
    platform: Option<&str>,
    want: fn(&str) -> bool,
) -> Result<ScannedImage, ReadError> {
    let registry = Registry::new(reference.parse().unwrap(), credentials, options())?;
    let store = RegistryStore::new(Arc::new(registry), tokio::runtime::Handle::current());
    let choice = Choice {
        reference: None,
        platform: platform.map(str::to_owned),
        same_everywhere: false,
    };
    tokio::task::spawn_blocking(move || {
        let located = store.locate(&choice, &Limits::default())?;
        let want = |digest: &schemas::Digest| want(digest.as_str());
        let options = Options {
            want: &want,
            ..Options::default()
        };
        Ok(read_located(&store, located, &options)?)
    })
    .await
    .unwrap()
}

pub(crate) async fn scan(reference: &str) -> Result<ScannedImage, ReadError> {
    scan_wanted(reference, Credentials::Anonymous, None, |_| true).await
}

fn names(image: &ScannedImage) -> Vec<String> {
    let inventory = image.inventory();
    inventory.packages.into_iter().map(|p| p.name).collect()
}

fn reasons(image: &ScannedImage) -> Vec<GapReason> {
    let inventory = image.inventory();
    let gaps = inventory.coverage.gaps.into_iter();
    gaps.map(|gap| gap.reason).collect()
}

fn user() -> Credentials {
    Credentials::Password {
        user: "user".to_owned(),
        password: "s3cret".to_owned().into(),
    }
}

/// A registry with one image of two layers, and its reference.
async fn registry() -> (Fake, String) {
    let fake = Fake::start().await;
    fake.image(Some("1"), "linux/amd64", &[&debian(), &app()]);
    let reference = format!("{}/team/app:1", fake.address);
    (fake, reference)
}

#[tokio::test]
async fn an_image_is_read_whole_and_knows_its_names() {
    let (fake, reference) = registry().await;
    let image = scan(&reference).await.unwrap();
    assert_eq!(names(&image), ["bash", "x"]);
    assert_eq!(image.inventory().coverage.status, CoverageStatus::Complete);
    assert_eq!(image.verified().count(), 2);
    assert_eq!(image.facts.tags, [reference.as_str()]);
    let by_digest = &image.facts.repo_digests[0];
    assert!(by_digest.starts_with(&format!("{}/team/app@sha256:", fake.address)));
    let again = scan(by_digest).await.unwrap();
    assert_eq!(again.facts.id, image.facts.id);
    assert!(again.facts.tags.is_empty());
    let error = scan(&format!("{}/team/app:2", fake.address)).await;
    assert!(matches!(
        error,
        Err(ReadError::Registry(RegistryError::NotFound { .. }))
    ));
}

#[tokio::test]
async fn layers_that_are_known_are_not_asked_for() {
    let (fake, reference) = registry().await;
    let image = scan_wanted(&reference, Credentials::Anonymous, None, |layer| {
        layer == digest(&app())
    })
    .await
    .unwrap();
    assert_eq!(image.layers[0], LayerOutcome::Known);
    assert_eq!(names(&image), ["x"]);
    assert!(fake.asked(&digest(&debian())).is_empty());
}

#[tokio::test]
async fn a_layer_that_breaks_off_goes_on_where_it_was() {
    let (fake, reference) = registry().await;
    for no_ranges in [false, true] {
        fake.state.log.lock().unwrap().clear();
        fake.faults(Faults {
            cut_at: Some((100_000, 2)),
            no_ranges,
            ..Faults::default()
        });
        let image = scan(&reference).await.unwrap();
        assert_eq!(names(&image), ["bash", "x"], "ranges ignored: {no_ranges}");
        assert_eq!(image.verified().count(), 2);
        let asked = fake.asked(&digest(&app()));
        assert_eq!(asked.len(), 3);
        assert_eq!(asked[1].range.as_deref(), Some("bytes=100000-"));
    }
    // One that breaks off for ever is a gap, and not an endless scan.
    fake.faults(Faults {
        cut_at: Some((0, u32::MAX)),
        ..Faults::default()
    });
    let error = scan(&reference).await;
    match error {
        // The configuration itself cannot be had.
        Err(ReadError::Registry(RegistryError::Unreachable { .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_busy_registry_is_asked_again_as_it_wishes() {
    let (fake, reference) = registry().await;
    fake.faults(Faults {
        first: vec![(429, Some("0")), (503, None), (500, None)],
        ..Faults::default()
    });
    assert_eq!(names(&scan(&reference).await.unwrap()), ["bash", "x"]);
    assert_eq!(fake.asked("/manifests/1").len(), 4);
    fake.faults(Faults {
        first: vec![(429, Some("3600"))],
        ..Faults::default()
    });
    match scan(&reference).await {
        Err(ReadError::Registry(error @ RegistryError::Busy { wait_s: 3600, .. })) => {
            assert!(error.is_passing());
        }
        other => panic!("{other:?}"),
    }
    fake.faults(Faults {
        first: vec![(429, None); 20],
        ..Faults::default()
    });
    match scan(&reference).await {
        Err(ReadError::Registry(error)) => {
            assert!(error.is_passing());
            assert!(
                error.to_string().contains("TOOMANYREQUESTS slow down"),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn credentials_go_where_tokens_are_given_out_and_nowhere_else() {
    let (fake, reference) = registry().await;
    fake.gate(Gate::Bearer(None));
    let storage = Fake::start().await;
    for layer in [debian(), app()] {
        storage.put_blob(&layer);
    }
    *storage.state.blobs.lock().unwrap() = fake.state.blobs.lock().unwrap().clone();
    fake.faults(Faults {
        redirect_to: Some(format!("http://{}", storage.address)),
        ..Faults::default()
    });
    for credentials in [
        Credentials::Anonymous,
        user(),
        Credentials::Identity("the-refresh".to_owned().into()),
        Credentials::Token("the-token".to_owned().into()),
    ] {
        let image = scan_wanted(&reference, credentials, None, |_| true).await;
        assert_eq!(names(&image.unwrap()), ["bash", "x"]);
    }
    for asked in fake.asked("/v2/team/") {
        let sent = asked.authorization.unwrap_or_default();
        assert!(matches!(sent.as_str(), "" | "Bearer the-token"), "{sent}");
    }
    assert!(fake.asked("/token").len() >= 3);
    assert!(
        fake.asked("/token?")[0]
            .path
            .contains("scope=repository%3Ateam%2Fapp%3Apull")
    );
    let elsewhere = storage.asked("/storage");
    assert!(!elsewhere.is_empty());
    assert!(elsewhere.iter().all(|asked| asked.authorization.is_none()));
}

#[tokio::test]
async fn a_busy_token_server_is_asked_again_and_its_redirects_are_not_followed() {
    let (fake, reference) = registry().await;
    let elsewhere = Fake::start().await;
    fake.gate(Gate::Bearer(None));
    let busy = |code| (code, "retry-after", "0".to_owned());
    fake.faults(Faults {
        tokens: vec![busy(503), busy(429)],
        ..Faults::default()
    });
    let image = scan_wanted(&reference, user(), None, |_| true).await;
    assert_eq!(names(&image.unwrap()), ["bash", "x"]);
    assert_eq!(fake.asked("/token").len(), 3);
    for credentials in [
        user(),
        Credentials::Identity("the-refresh".to_owned().into()),
    ] {
        let away = format!("http://{}/token", elsewhere.address);
        fake.faults(Faults {
            tokens: vec![(307, "location", away)],
            ..Faults::default()
        });
        let answer = scan_wanted(&reference, credentials, None, |_| true).await;
        assert!(matches!(
            answer,
            Err(ReadError::Registry(RegistryError::Unauthorised { .. }))
        ));
    }
    assert!(elsewhere.asked("").is_empty());
}

#[tokio::test]
async fn one_image_takes_no_longer_than_it_may_whatever_the_registry_asks_for() {
    let (fake, reference) = registry().await;
    let inside = RegistryOptions {
        time: Some(Duration::from_millis(20)),
        ..options()
    };
    fake.faults(Faults {
        first: vec![(503, Some("30"))],
        ..Faults::default()
    });
    let name = reference.parse().unwrap();
    let registry = Registry::new(name, Credentials::Anonymous, inside).unwrap();
    let error = registry.root(&Limits::default()).await.unwrap_err();
    assert!(
        matches!(error, RegistryError::OutOfTime { .. }),
        "{error:?}"
    );
    assert!(error.is_passing());
    // A date is as good as a number, and as binding.
    fake.faults(Faults {
        first: vec![(503, Some("Fri, 31 Dec 2100 23:59:59 GMT"))],
        ..Faults::default()
    });
    assert!(matches!(
        scan(&reference).await,
        Err(ReadError::Registry(RegistryError::Busy { .. }))
    ));
}

#[tokio::test]
async fn a_refusal_says_so_and_never_shows_the_secret() {
    let (fake, reference) = registry().await;
    let wrong = Credentials::Password {
        user: "user".to_owned(),
        password: "hunter2".to_owned().into(),
    };
    for gate in [Gate::Basic, Gate::Bearer(None)] {
        fake.gate(gate);
        let error = scan_wanted(&reference, wrong.clone(), None, |_| true).await;
        let Err(ReadError::Registry(error @ RegistryError::Unauthorised { .. })) = error else {
            panic!("{error:?}")
        };
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert!(!error.is_passing());
    }
    fake.gate(Gate::Basic);
    assert!(
        scan_wanted(&reference, user(), None, |_| true)
            .await
            .is_ok()
    );
    assert!(matches!(
        scan(&reference).await,
        Err(ReadError::Registry(RegistryError::Unauthorised { .. }))
    ));
    // A realm where others could listen in gets nothing.
    fake.gate(Gate::Bearer(Some(
        "http://tokens.example.invalid/".to_owned(),
    )));
    let registry = format!(
        "localhost:{}/team/app:1",
        fake.address.rsplit(':').next().unwrap()
    );
    fake.gate(Gate::Bearer(Some(
        "ftp://tokens.example.invalid/".to_owned(),
    )));
    for reference in [&reference, &registry] {
        assert!(matches!(
            scan_wanted(reference, user(), None, |_| true).await,
            Err(ReadError::Registry(RegistryError::Realm { .. }))
        ));
    }
}

#[tokio::test]
async fn content_that_is_not_what_its_digest_says_is_never_used() {
    let (fake, reference) = registry().await;
    let (base, top) = (debian(), app());
    let mut changed = base.clone();
    let at = changed
        .windows(5)
        .position(|bytes| bytes == b"5.2-1")
        .unwrap();
    changed[at] = b'9';
    let mut longer = base.clone();
    longer.extend_from_slice(&[0; 100_000]);
    let shorter = base[..base.len() - 512].to_vec();
    for wrong in [changed, longer, shorter] {
        fake.replace_blob(&digest(&base), &wrong);
        let image = scan(&reference).await.unwrap();
        assert_eq!(names(&image), ["x"]);
        assert!(reasons(&image).contains(&GapReason::DigestMismatch));
        assert_ne!(image.inventory().coverage.status, CoverageStatus::Complete);
    }
    // The manifest lies about a size.
    fake.put_blob(&base);
    fake.image_with(Some("size"), "linux/amd64", &[&base, &top], |manifest| {
        manifest["layers"][0]["size"] = json!(1u64 << 40);
    });
    let image = scan(&format!("{}/team/app:size", fake.address))
        .await
        .unwrap();
    assert!(reasons(&image).contains(&GapReason::DigestMismatch));
    // The configuration is another.
    let config = image.facts.id.to_string();
    fake.state
        .blobs
        .lock()
        .unwrap()
        .insert(config, b"{}".to_vec());
    assert!(matches!(
        scan(&reference).await,
        Err(ReadError::Image(ImageError::Digest(_)))
    ));
    // The manifest is another than its digest.
    let other = digest(b"other");
    let manifest = fake.state.manifests.lock().unwrap()["1"].clone();
    fake.state
        .manifests
        .lock()
        .unwrap()
        .insert(other.clone(), manifest);
    assert!(matches!(
        scan(&format!("{}/team/app@{other}", fake.address)).await,
        Err(ReadError::Registry(RegistryError::Digest { .. }))
    ));
}

#[tokio::test]
async fn documents_that_lead_nowhere_are_refused_with_a_reason() {
    let fake = Fake::start().await;
    let name = |tag: &str| format!("{}/team/app:{tag}", fake.address);
    let told = |result: Result<ScannedImage, ReadError>| match result {
        Err(ReadError::Image(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    // An index that names itself can only lie about its digest.
    let own = digest(b"itself");
    let index = fake.index(
        "self",
        &[json!({"mediaType": INDEX, "digest": own, "size": 10})],
    );
    let bytes = fake.state.manifests.lock().unwrap()["self"].clone();
    fake.state.manifests.lock().unwrap().insert(own, bytes);
    assert!(told(scan(&name("self")).await).contains("not the one that its digest names"));
    // Honest ones that stand too deep.
    let mut deep = index;
    for level in 0..8 {
        deep = fake.index(&format!("deep{level}"), &[deep]);
    }
    assert!(told(scan(&name("deep7")).await).contains("too deep"));
    let old = json!({"schemaVersion": 1, "name": "a", "fsLayers": []});
    fake.put_manifest(Some("old"), "application/json", &old);
    assert!(told(scan(&name("old")).await).contains("schema 1"));
    fake.image_with(Some("chart"), "linux/amd64", &[], |manifest| {
        manifest["config"]["mediaType"] = json!("application/vnd.cncf.helm.config.v1+json");
    });
    assert!(told(scan(&name("chart")).await).contains("helm"));
    let large = json!({"schemaVersion": 2, "padding": "x".repeat(9 << 20)});
    fake.put_manifest(Some("large"), MANIFEST, &large);
    assert!(matches!(
        scan(&name("large")).await,
        Err(ReadError::Registry(RegistryError::TooLarge { .. }))
    ));
}

#[tokio::test]
async fn of_several_windows_builds_the_newest_long_term_one_is_read() {
    let fake = Fake::start().await;
    let mut manifests: Vec<_> = [
        "windows/amd64:10.0.17763.6293",
        "windows/amd64:10.0.20348.2700",
        "windows/amd64:10.0.25398.1128",
    ]
    .iter()
    .map(|platform| fake.image(None, platform, &[&app()]))
    .collect();
    let mut attestation = fake.image(None, "unknown/unknown", &[&app()]);
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    manifests.push(attestation);
    fake.index("1", &manifests);
    let reference = format!("{}/team/app:1", fake.address);
    let image = scan(&reference).await.unwrap();
    assert_eq!(image.facts.os_version.as_deref(), Some("10.0.20348.2700"));
    assert_eq!(
        image.passed_over,
        [
            "windows/amd64:10.0.17763.6293",
            "windows/amd64:10.0.25398.1128"
        ]
    );
    assert_eq!(image.facts.repo_digests.len(), 2);
    let platform = Some("windows/amd64:10.0.17763");
    let asked = scan_wanted(&reference, Credentials::Anonymous, platform, |_| true).await;
    let asked = asked.unwrap();
    assert_eq!(asked.facts.os_version.as_deref(), Some("10.0.17763.6293"));
    assert!(asked.passed_over.is_empty());
    // With Linux beside it nobody can know what is meant.
    manifests.push(fake.image(None, "linux/amd64", &[&debian()]));
    fake.index("1", &manifests);
    match scan(&reference).await {
        Err(ReadError::Image(ImageError::Ambiguous { choices })) => {
            assert_eq!(choices.len(), 4);
            assert!(choices.contains(&"linux/amd64".to_owned()));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_foreign_layer_is_a_gap_and_its_address_is_not_asked() {
    let fake = Fake::start().await;
    let foreign = Fake::start().await;
    let base = debian();
    foreign.put_blob(&base);
    fake.image_with(
        Some("1"),
        "windows/amd64:10.0.20348.2700",
        &[&base, &app()],
        |manifest| {
            manifest["layers"][0]["mediaType"] =
                json!("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
            manifest["layers"][0]["urls"] = json!([format!(
                "http://{}/storage/{}",
                foreign.address,
                digest(&base)
            )]);
        },
    );
    let reference = format!("{}/team/app:1", fake.address);
    // A registry that holds it all the same gives it.
    assert!(reasons(&scan(&reference).await.unwrap()).is_empty());
    fake.state.blobs.lock().unwrap().remove(&digest(&base));
    let image = scan(&reference).await.unwrap();
    assert_eq!(reasons(&image), [GapReason::ForeignLayer]);
    let inventory = image.inventory();
    assert_eq!(inventory.coverage.status, CoverageStatus::Partial);
    assert_eq!(inventory.os.unwrap().windows.unwrap().build, 20348);
    assert!(foreign.asked("").is_empty());
}
