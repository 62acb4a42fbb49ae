//! A server's site goes on in a stack that it is moved to.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use bulkhead_tests::{
    api::Api,
    aws::{self, Fault, Rule, Stack},
    binaries::{finish, program},
    by_hand::ByHand,
    site::Site,
};
use serde_json::Value;

use crate::{nothing_given_up, run, settled};

/// Images that are told of just before the server ends.
const WAITING: u64 = 30;

/// The answer to a question once it stays as it is.
fn steady(api: &Api, path: &str) -> Value {
    let mut last = api.get(path).unwrap();
    let mut same = 0;
    while same < 4 {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let next = api.get(path).unwrap();
        same = if ranking(&next) == ranking(&last) {
            same + 1
        } else {
            0
        };
        last = next;
    }
    last
}

/// The rows of the ranked list, without the moment that they were made.
fn ranking(list: &Value) -> &Value {
    &list["vulnerabilities"]
}

fn migrate(site: &Site, stack: &Stack) -> Output {
    let mut command = Command::new(program("bulkhead-server").unwrap());
    command
        .args(["migrate", "--to-aws", "--data"])
        .arg(site.path().join("data"));
    stack.tell(&mut command).unwrap();
    finish(&mut command).unwrap()
}

/// A layer whose document is larger than what is stored in one piece, whatever compresses it.
fn large_layer() -> (schemas::Digest, Value) {
    let (id, mut layer) = ByHand::layer("large", &[]);
    let mut seed = [7; 32];
    let paths = (0..4_500).map(|_| {
        let mut path = String::with_capacity(4_096);
        while path.len() < 4_096 {
            seed = access::sha256(&seed);
            path.push_str(schemas::Digest::from_sha256(&seed).hex());
        }
        Value::String(path)
    });
    layer["whiteouts"] = paths.collect();
    (id, layer)
}

/// The file system of a host with two packages that the documents are about.
fn small_host(site: &Site) -> PathBuf {
    let root = site.path().join("root");
    let status = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2\nDescription: x\n\n\
                  Package: apt\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.6.1\nDescription: x\n\n";
    for (path, content) in [
        ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
        ("var/lib/dpkg/status", status),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

#[test]
fn a_site_that_was_moved_goes_on_where_it_was_however_often_the_move_broke_off() {
    let Some(endpoint) = aws::endpoint() else {
        return;
    };
    let mut site = Site::serve().unwrap();
    let agent = site.enrol(None).unwrap();
    agent.look_below(&small_host(&site)).unwrap();
    run(&agent);
    let mut by_hand = site.enrol_by_hand(7).unwrap();
    let (bad, document) = ByHand::layer("bad", &[("bash", "5.2.15-2"), ("apt", "2.6.1")]);
    by_hand.put_layer(&bad, &document).unwrap();
    let (good, document) = ByHand::layer("good", &[("harmless", "1.0-1")]);
    by_hand.put_layer(&good, &document).unwrap();
    let image = by_hand.envelope("inventory", ByHand::image("shop/web:1", &bad));
    by_hand.send(&[image.unwrap()]).unwrap();
    let (large, document) = large_layer();
    by_hand.put_large_layer(&large, &document).unwrap();
    let hosts = |api: &Api| {
        let hosts = api
            .wait_for("/api/v1/hosts", |hosts| {
                hosts["hosts"][0]["standing"]["packages"].as_u64() > Some(0)
            })
            .unwrap();
        hosts["hosts"].clone()
    };
    let path = "/api/v1/vulnerabilities?limit=500";
    let list = site.api.wait_for(path, |list| {
        let rows = list["vulnerabilities"].as_array().unwrap();
        rows.iter().any(|row| row["images"].as_u64() > Some(0))
    });
    list.unwrap();
    let hosts_before = hosts(&site.api);
    let before = steady(&site.api, path);
    assert!(before["total"].as_u64() >= Some(2), "{before}");

    // What is acknowledged and not yet worked on waits in the queues.
    let told: Vec<Value> = (0..WAITING)
        .map(|n| {
            let image = ByHand::image(&format!("quiet:{n}"), &good);
            by_hand.envelope("inventory", image).unwrap()
        })
        .collect();
    by_hand.send(&told).unwrap();
    site.kill().unwrap();

    let stack = Stack::deploy(&endpoint, site.path()).unwrap();
    // What the instances that are ended below had taken is given out again only then: by the template in six minutes.
    for queue in ["ingest", "scan", "score"] {
        stack.shorten_visibility(queue, 20).unwrap();
    }
    // In the middle of documents, of records, and before the end.
    let mut moved = Vec::new();
    for operation in [
        "s3:UploadPart",
        "dynamodb:BatchWriteItem",
        "sqs:SendMessage",
    ] {
        stack.gateway.fail(Rule {
            function: "tool",
            operation,
            fault: Fault::KilledAfter,
            times: 1,
        });
        let broken_off = migrate(&site, &stack);
        assert!(
            !broken_off.status.success(),
            "killed at {operation}: {broken_off:?}"
        );
        moved.push(stack.gateway.failed());
    }
    assert_eq!(moved, [1, 2, 3], "each was ended as planned");
    let done = migrate(&site, &stack);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let printed: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(printed["resumed"], true);
    assert!(
        printed["messages"].as_u64() > Some(0),
        "nothing waited: {printed}"
    );
    let again = migrate(&site, &stack);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(
        !again.status.success() && said.contains("was moved there already"),
        "{said}"
    );

    stack.end_instances().unwrap();
    let session = Api::with_token(&stack.url().unwrap(), site.api.token()).unwrap();
    let site = site.moved_to(stack).unwrap();
    session.get("/api/v1/hosts").unwrap();
    settled(&site);
    let after = steady(&site.api, path);
    assert_eq!(
        ranking(&after),
        ranking(&before),
        "the ranked list is the same"
    );
    assert_eq!(hosts(&site.api)[0]["id"], hosts_before[0]["id"]);
    let images = site.api.get("/api/v1/images?limit=100").unwrap();
    assert_eq!(
        images["total"],
        WAITING + 1,
        "what waited was worked on: {images}"
    );

    // Agents go on with the keys that they have.
    let url = site.url().unwrap();
    agent.point_at(&url).unwrap();
    run(&agent);
    by_hand.point_at(&url);
    let image = by_hand.envelope("inventory", ByHand::image("shop/web:2", &bad));
    by_hand.send(&[image.unwrap()]).unwrap();
    let newer = |images: &Value| images["total"] == WAITING + 2;
    site.api.wait_for("/api/v1/images", newer).unwrap();
    settled(&site);
    assert_eq!(site.api.get("/api/v1/hosts").unwrap()["total"], 1);
    nothing_given_up(&site);
}
