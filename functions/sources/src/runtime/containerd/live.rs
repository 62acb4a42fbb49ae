//! Against a containerd of its own, with an image made here: skipped where containerd is not installed or not allowed.

mod requests;
mod rig;

use std::{collections::BTreeMap, io::Read};

use at_hand::{Need, missing};
use futures::TryStreamExt;
use schemas::{
    Digest,
    inventory::{Isolation, WorkloadId},
};
use sha2::{Digest as _, Sha256};

use self::rig::Rig;
use super::{
    super::{ContainerRuntime, EngineImage, RuntimeError, Surroundings},
    ContainerdRuntime,
};

#[tokio::test]
async fn a_wrong_or_silent_address_is_an_error_that_names_it() {
    let wrong = ContainerdRuntime::connect("unix:relative.sock").await.err();
    assert!(wrong.is_some_and(|error| error.to_string().contains("`unix:relative.sock`")));
    let silent = if cfg!(windows) {
        "npipe:////./pipe/nobody-is-there"
    } else {
        "unix:///nobody/is/there.sock"
    };
    assert!(matches!(
        ContainerdRuntime::connect(silent).await,
        Err(RuntimeError::Unreachable { address, .. }) if address == silent
    ));
}

async fn archive(
    runtime: &ContainerdRuntime,
    image: &EngineImage,
) -> Result<Vec<u8>, RuntimeError> {
    let pieces: Vec<bytes::Bytes> = runtime.export_image(image).try_collect().await?;
    Ok(pieces.concat())
}

fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(entry.path().unwrap().to_str().unwrap().to_owned(), bytes);
    }
    files
}

#[tokio::test]
async fn a_real_containerds_images_and_containers_are_told_of() {
    let Some(rig) = Rig::start().await else {
        let why = "no containerd that may be started (x86-64, as root)";
        return missing(Need::Containerd, why);
    };
    let runtime = ContainerdRuntime::connect(&rig.address).await.unwrap();
    let engine = runtime.info().await.unwrap();
    assert_eq!(engine.kind, "containerd");
    assert!(!engine.version.is_empty());
    assert_eq!(engine.address, rig.address);

    // The image was imported as an index of two platforms of which one is absent.
    let images = runtime.images().await.unwrap();
    let [image] = images.as_slice() else {
        panic!("one image was imported, not {images:?}")
    };
    assert_eq!(image.config.as_ref(), Some(&rig.image.id));
    assert_eq!(image.tags, [rig::NAME]);
    let facts = runtime.image_facts(image).await.unwrap();
    assert_eq!(facts.id, rig.image.id);
    assert_eq!(
        (facts.os.as_str(), facts.architecture.as_deref()),
        ("linux", Some("amd64"))
    );
    assert_eq!(facts.os_version.as_deref(), Some("7.4"));
    assert_eq!(
        (facts.user.as_str(), facts.exposed_ports.as_slice()),
        ("1000", &["8080/tcp".to_owned()][..])
    );
    assert_eq!(facts.labels.get("team").map(String::as_str), Some("shop"));
    assert_eq!(facts.layers.len(), 1);
    assert_eq!(facts.layers[0].diff_id, rig.image.diff_id);
    assert_eq!(facts.layers[0].blob.as_ref(), Some(&rig.image.diff_id));
    assert!(!serde_json::to_string(&facts).unwrap().contains("hunter2"));

    // The archive holds the one platform, and each blob is what its name says.
    let files = files(&archive(&runtime, image).await.unwrap());
    let index: serde_json::Value = serde_json::from_slice(&files["index.json"]).unwrap();
    assert_eq!(index["manifests"][0]["digest"], rig.image.manifest.as_str());
    assert_eq!(
        index["manifests"][0]["annotations"]["io.containerd.image.name"],
        rig::NAME
    );
    let mut blobs: Vec<&str> = files
        .keys()
        .filter_map(|path| path.strip_prefix("blobs/sha256/"))
        .collect();
    for hex in &blobs {
        let bytes = &files[&format!("blobs/sha256/{hex}")];
        assert_eq!(
            *hex,
            Digest::from_sha256(&Sha256::digest(bytes).into()).hex()
        );
    }
    let mut wanted = [
        rig.image.manifest.hex(),
        rig.image.id.hex(),
        rig.image.diff_id.hex(),
    ];
    blobs.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(blobs, wanted);

    // What is gone is said to be gone, and ends the stream.
    let gone = EngineImage {
        id: format!("sha256:{}", "0".repeat(64)),
        config: None,
        tags: vec![],
        repo_digests: vec![],
    };
    assert!(matches!(
        archive(&runtime, &gone).await,
        Err(RuntimeError::Gone(_))
    ));
    assert!(matches!(
        runtime.image_facts(&gone).await,
        Err(RuntimeError::Gone(_))
    ));

    // Hosted clusters are often set up to throw layers away once they are unpacked.
    rig.forget_content(&rig.image.diff_id);
    let error = archive(&runtime, image).await.unwrap_err().to_string();
    assert!(
        error.contains(rig.image.diff_id.as_str()) && error.contains("discard"),
        "{error}"
    );
    assert_eq!(runtime.image_facts(image).await.unwrap(), facts);

    match rig.run_pods().await {
        Ok(pods) => judge_containers(&rig, &runtime, &pods).await,
        Err(why) => missing(Need::Containerd, &format!("pods cannot be run here: {why}")),
    }

    // A configuration that is not what its digest says is not believed.
    rig.spoil_content(&rig.image.id);
    let error = runtime.image_facts(image).await.unwrap_err().to_string();
    assert!(error.contains(rig.image.id.as_str()), "{error}");
    assert!(matches!(
        archive(&runtime, image).await,
        Err(RuntimeError::Answer(_))
    ));
}

/// Two pods: one runs a container, the other has one that is privileged and was not started.
async fn judge_containers(rig: &Rig, runtime: &ContainerdRuntime, pods: &[String]) {
    let at = Surroundings {
        host: "h1".parse().unwrap(),
        cluster: Some("c1".to_owned()),
    };
    // First everything is cleared away, then judged: the processes would outlive a panic.
    let found = runtime.containers(&at).await;
    rig.remove_pods(pods).await;
    let left = runtime.containers(&at).await.unwrap();
    let mut found = found.unwrap();
    assert_eq!(found.failed, Vec::<String>::new());
    assert_eq!(left.containers, []);
    found
        .containers
        .sort_by(|a, b| a.container.name.cmp(&b.container.name));
    let [app, tools] = found.containers.as_slice() else {
        panic!("two containers: {found:?}")
    };

    let c = &app.container;
    assert!(c.running && app.pid.is_some() && c.started_at.is_some());
    assert_eq!(c.image, rig.image.id);
    assert_eq!(c.image_name.as_deref(), Some(rig::NAME));
    assert!(c.host_network);
    assert_eq!(c.user, "1234");
    assert_eq!(c.uid, Some(1234));
    assert_eq!(c.privileged, Some(false));
    assert_eq!(c.capabilities_added, ["NET_ADMIN"]);
    assert_eq!(c.capabilities_dropped, ["ALL"]);
    assert_eq!(c.security_options, ["no-new-privileges", "seccomp=builtin"]);
    assert_eq!(c.isolation, Isolation::Process);
    assert_eq!(
        c.published
            .iter()
            .map(|port| (port.host_port, port.container_port))
            .collect::<Vec<_>>(),
        [(18080, 8080)]
    );
    let mount = c
        .mounts
        .iter()
        .find(|mount| mount.target == "/run/engine.sock")
        .unwrap();
    assert_eq!((mount.kind.as_str(), mount.read_only), ("bind", true));
    assert!(rig.address.ends_with(&mount.source));
    assert_eq!(
        c.pod
            .as_ref()
            .map(|pod| (pod.namespace.as_str(), pod.name.as_str())),
        Some(("shop", "web-7c5ddbdf54-x2b9k"))
    );
    assert!(
        matches!(&c.workload, WorkloadId::Cluster { cluster, namespace, owner_name, container, .. }
        if (cluster.as_str(), namespace.as_str(), owner_name.as_str(), container.as_str()) == ("c1", "shop", "web", "app"))
    );
    assert!(!serde_json::to_string(c).unwrap().contains("hunter2"));

    let c = &tools.container;
    assert_eq!(c.privileged, Some(true));
    assert!(
        c.security_options
            .contains(&"seccomp=unconfined".to_owned())
    );
    assert!(
        !c.running && tools.pid.is_none(),
        "it was made, but not started"
    );
    assert_eq!(c.started_at, None);
}
