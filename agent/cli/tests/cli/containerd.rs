//! Images in the store of a real containerd, which no longer runs when they are scanned.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    fixture::Place,
    layers::{layout, scan},
};

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn silent(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

/// Imports the layout into a containerd of its own and ends it; false where that is not possible.
fn import(place: &Place) -> bool {
    let folder = place.path("containerd");
    let shown = folder.display();
    let config = place.write(
        "containerd.toml",
        format!(
            "version = 2\nroot = \"{shown}/root\"\nstate = \"{shown}/state\"\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.internal.v1.opt\"]\n\
             [grpc]\naddress = \"{shown}/c.sock\"\n[ttrpc]\naddress = \"{shown}/t.sock\"\n"
        ),
    );
    let started = silent(Command::new("containerd").arg("--config").arg(config)).spawn();
    let Ok(started) = started else {
        return false;
    };
    let _daemon = Daemon(started);
    let ctr = |arguments: &[&str]| {
        silent(
            Command::new("ctr")
                .arg("--address")
                .arg(folder.join("c.sock"))
                .args(["--namespace", "shop"])
                .args(arguments),
        )
        .status()
        .is_ok_and(|status| status.success())
    };
    for _ in 0..100 {
        if ctr(&["version"]) {
            return ctr(&[
                "images",
                "import",
                "--no-unpack",
                text(&place.path("layout.tar")),
            ]);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn an_image_is_read_from_the_disk_of_a_containerd_that_does_not_run() {
    let place = Place::new();
    place.compiled();
    layout(&place);
    let from_layout = scan(&place, "oci:layout:app", &["--no-cache"], 0);
    let path = place.path("layout/index.json");
    let mut index: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for entry in index["manifests"].as_array_mut().unwrap() {
        let tag = entry["annotations"]["org.opencontainers.image.ref.name"].take();
        entry["annotations"] = json!({
            "io.containerd.image.name": format!("docker.io/shop/{}:1", tag.as_str().unwrap()),
        });
    }
    place.write("layout/index.json", index.to_string());
    let mut archive = tar::Builder::new(std::fs::File::create(place.path("layout.tar")).unwrap());
    archive.append_dir_all(".", place.path("layout")).unwrap();
    archive.finish().unwrap();
    if !import(&place) {
        return at_hand::missing(
            at_hand::Need::Containerd,
            "no containerd that may be started",
        );
    }
    let root = place.path("containerd/root");
    let at = ["--no-cache", "--containerd-root", text(&root)];
    let from_disk = scan(&place, "containerd:shop/app:1", &at, 0);
    assert_eq!(from_disk["findings"], from_layout["findings"]);
    assert_eq!(from_disk["target"]["name"], "docker.io/shop/app:1");
    let mut arguments = vec!["scan", "containerd:shop/other:1"];
    arguments.extend(at);
    place
        .run(&arguments)
        .exits(2)
        .says("docker.io/shop/base:1 (namespace shop)");
    // Another folder is no containerd's.
    place
        .run(&[
            "scan",
            "containerd:shop/app:1",
            "--containerd-root",
            "nowhere",
        ])
        .exits(2)
        .says("--containerd-root");
}
