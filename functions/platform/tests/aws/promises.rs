//! The conformance suite: table, keys and blobs of the adapter beside queues of the embedded platform.

use platform::conformance::checks;
use platform::weather::{Forecast, Weather};

use super::server::{Server, Which};

/// Where a server differs from Amazon's, and which check that fails.
const KNOWN_DIFFERENCES: &[(Which, &str, &str)] = &[
    (
        Which::Second,
        "items_have_limits",
        "moto counts binary values by their base64 text, and refuses items above 405,000 of these bytes",
    ),
    (
        Which::Strict,
        "a_list_is_in_order",
        "s3s-fs keeps objects as files, so that `a` and `a/b` cannot both be there",
    ),
];

/// Runs the checks, and returns what failed that should not have.
async fn failures(which: Which, weather: Option<Forecast>) -> Option<Vec<String>> {
    let server = Server::open(which).await?;
    let platform = match weather {
        None => server.platform.clone(),
        Some(forecast) => Weather::over(server.platform.clone(), forecast),
    };
    let subject = server.subject(platform);
    let mut failed = Vec::new();
    for check in checks() {
        if weather.is_some() && !check.hostile {
            continue;
        }
        let known = KNOWN_DIFFERENCES
            .iter()
            .find(|(of, name, _)| *of == which && *name == check.name);
        match (check.run(&subject).await, known) {
            (Ok(()), None) => {}
            (Err(_), Some((_, name, why))) => println!("{which:?}: {name} is left out: {why}"),
            (Ok(()), Some((_, name, _))) => {
                failed.push(format!("{name} holds by now: it is no difference any more"));
            }
            (Err(failure), None) => failed.push(format!("{}: {failure}", check.name)),
        }
    }
    Some(failed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_adapter_keeps_every_promise() {
    if let Some(failed) = failures(Which::First, None).await {
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_adapter_keeps_its_promises_in_hostile_weather() {
    if let Some(failed) = failures(Which::First, Some(Forecast::storm(3))).await {
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_is_of_the_same_opinion() {
    if let Some(failed) = failures(Which::Second, None).await {
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_keep_every_promise_on_a_strict_server() {
    if let Some(failed) = failures(Which::Strict, None).await {
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_an_object_of_the_operator_s_bucket() {
    let Some(server) = Server::open(Which::First).await else {
        return;
    };
    let lake = server.platform.lake.clone().unwrap();
    assert!(!lake.region().is_empty());
    let key = "ocsf/a.json.gz";
    for body in ["one", "two"] {
        lake.put(key, bytes::Bytes::from(body)).await.unwrap();
    }
    let path = platform::BlobPath::parse(key).unwrap();
    let blob = server.platform.blobs.get(&path).await.unwrap();
    assert_eq!(blob.body.collect(100).await.unwrap(), "two");
    let parted = "ocsf/class=2002/day=20261130/a.json.gz";
    lake.put(parted, bytes::Bytes::new()).await.unwrap();
    assert!(lake.put("../a", bytes::Bytes::new()).await.is_err());
}
