//! Records of the last version are read: each sample was written by it, and stays as it is.

use platform::{Condition, Item, Key};
use records::{
    AuditLog, Channels, Collections, Containers, Feeds, Hosts, ImageRequests, Images, Layers,
    PlaceChanges, Places, Policies, Scans,
    audit::Wanted,
    identity::{Identity, TrustedBuild},
};
use schemas::{
    Place, PlaceKind, Severity, api::image_scan::ImageRequestState, inventory::CoverageStatus,
};

use crate::support::{store, tenant};

async fn keep(platform: &platform::Platform, partition: &str, sort: &str, sample: &str) {
    let item = Item::new(Key::new(partition, sort), sample);
    platform.table.put(item, Condition::None).await.unwrap();
}

const IMAGE: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[tokio::test]
async fn records_of_the_last_version_are_read() {
    let (platform, _folder) = store();
    let tenant = tenant();
    let image_hex = IMAGE.trim_start_matches("sha256:");
    keep(
        &platform,
        "t/acme/hosts",
        "db-1",
        include_str!("samples/host.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/collections",
        "c0ffee",
        include_str!("samples/collection.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/exceptions",
        "fe5a3c1b09d2c05e8a1f7d3b",
        include_str!("samples/exception.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/exceptions-in-force",
        "all",
        include_str!("samples/exceptions-in-force.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/posture-days",
        "2026-11-29",
        include_str!("samples/posture-day.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/images",
        IMAGE,
        include_str!("samples/image.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/layers",
        IMAGE,
        include_str!("samples/layer.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/places",
        "host/db-1",
        include_str!("samples/place.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/snapshots",
        "db-1",
        include_str!("samples/snapshot.1.json"),
    )
    .await;
    keep(
        &platform,
        &format!("t/acme/image-containers/{image_hex}"),
        "db-1",
        include_str!("samples/containers.1.json"),
    )
    .await;
    keep(
        &platform,
        "global/feeds",
        "current",
        include_str!("samples/generation.1.json"),
    )
    .await;
    keep(
        &platform,
        "global/feeds",
        "state/debian-tracker",
        include_str!("samples/feed-state.1.json"),
    )
    .await;

    keep(
        &platform,
        "t/acme/notification-channels",
        "0123456789abcdef",
        include_str!("samples/channel.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/notification-changes",
        "0123456789abcdef0123456789abcdef/host/db-1/00000000000000000001",
        include_str!("samples/place-change.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/notification-troubles",
        "agent.silent/db-1",
        include_str!("samples/trouble.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/notification-drafts",
        "0123456789abcdef0123456789abcdef",
        include_str!("samples/draft.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/policies",
        "ci",
        include_str!("samples/policy.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/scans",
        "0251608300799999-0123456789abcdef0123456789abcdef",
        include_str!("samples/scan.1.json"),
    )
    .await;

    let name = records::digest(b"a key").hex().to_owned();
    let sample = include_str!("samples/idempotency.1.json");
    keep(&platform, "t/acme/idempotency", &name, sample).await;

    keep(
        &platform,
        "t/acme/image-requests",
        "0123456789abcdef0123456789abcdef",
        include_str!("samples/image-request.1.json"),
    )
    .await;

    keep(
        &platform,
        "t/acme/users",
        "ann",
        include_str!("samples/user.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/api-keys",
        "ann/00112233445566ff",
        include_str!("samples/api-key.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/identity-providers",
        "entra",
        include_str!("samples/identity-provider.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/trusted-builds",
        "8899aabbccddeeff",
        include_str!("samples/trusted-build.1.json"),
    )
    .await;
    keep(
        &platform,
        "t/acme/roles",
        "watchers",
        include_str!("samples/role.1.json"),
    )
    .await;

    let identity = Identity::new(platform.clone());
    let ann = identity.user(&tenant, &"ann".parse().unwrap()).await;
    let ann = ann.unwrap().unwrap();
    let grants = identity.grants(&tenant, &ann.assignments()).await;
    assert!(grants.unwrap().allows(access::Permission::ManagePeople));
    let role = identity.role(&tenant, &"watchers".parse().unwrap()).await;
    let (role, _) = role.unwrap().unwrap();
    assert_eq!(role.permissions.len(), 2, "a word of a later version stays");
    assert_eq!(role.known_permissions().len(), 1);
    let keys = identity.api_keys(&tenant, None, 10, None).await.unwrap();
    let [key] = keys.records.as_slice() else {
        unreachable!("one key is kept: {keys:?}");
    };
    assert_eq!((key.owner.as_str(), key.roles.len()), ("ann", 2));
    let id = "entra".parse().unwrap();
    let entra = identity.identity_provider(&tenant, &id);
    let (entra, _) = entra.await.unwrap().unwrap();
    assert_eq!(entra.groups[0].group, "Bulkhead.Admin");
    assert!(entra.client_secret.is_some());
    let rules = identity.all::<TrustedBuild>(&tenant).await.unwrap();
    assert_eq!(rules[0].claims["repository_id"], "1296269");

    let id = "0123456789abcdef0123456789abcdef".parse().unwrap();
    let request = ImageRequests(&platform).get(&tenant, &id).await.unwrap();
    let request = request.unwrap();
    assert_eq!(request.state, ImageRequestState::Failed);
    assert!(request.reason.unwrap().contains("holds no image"));
    let id = "c0ffee".parse().unwrap();
    let shop = Collections(&platform).get(&tenant, &id).await.unwrap();
    assert_eq!(shop.unwrap().0.parts.hosts, ["web-*"]);
    let exceptions = records::Exceptions(&platform);
    let id = "fe5a3c1b09d2c05e8a1f7d3b".parse().unwrap();
    let exception = exceptions.get(&tenant, &id).await.unwrap().unwrap().0;
    assert_eq!(exception.decision.unwrap().by, "grace");
    let in_force = exceptions.in_force(&tenant).await.unwrap().record;
    assert_eq!((in_force.exceptions.len(), in_force.pending.len()), (3, 1));
    let channels = Channels(&platform).all(&tenant).await.unwrap();
    assert_eq!(channels.first().unwrap().name, "On call");
    let changes = PlaceChanges(&platform).some(&tenant).await.unwrap();
    let change = &changes.first().unwrap().record.change;
    assert_eq!(change.fix.as_ref().unwrap().package, "openssl");
    let troubles = records::Troubles(&platform).all(&tenant).await.unwrap();
    assert_eq!(troubles[0].record.subject.name, "db-1.example.org");
    let drafts = PlaceChanges(&platform).drafts(&tenant).await.unwrap();
    assert!(!drafts.first().unwrap().record.sealed);
    let days = records::PostureDays(&platform);
    let day = days.on(&tenant, "2026-11-29T12:00:00Z".parse().unwrap());
    let day = day.await.unwrap().unwrap();
    assert_eq!(day.posture.hosts.highest.critical, 2);
    let policy = Policies(&platform).get(&tenant, "ci").await.unwrap();
    assert!(policy.unwrap().0.text.contains("kev = true"));
    let scans = Scans(&platform).list(&tenant, 10, None).await.unwrap();
    assert_eq!(scans.records.first().unwrap().summary.critical, 1);
    let id = "db-1".parse().unwrap();
    let host = Hosts(&platform).get(&tenant, &id).await.unwrap().unwrap();
    assert_eq!((host.facts.name.as_str(), host.packages), ("db-1", 816));
    let image = Images(&platform)
        .get(&tenant, &IMAGE.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(image.name(), "nginx:1.27");
    let layers = [IMAGE.parse().unwrap()];
    assert!(
        Layers(&platform)
            .missing(&tenant, &layers)
            .await
            .unwrap()
            .is_empty()
    );
    let place: Place = "host/db-1".parse().unwrap();
    let found = Places(&platform)
        .get(&tenant, &place)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.record.summary.critical, 2);
    assert_eq!(found.record.coverage, CoverageStatus::Partial);
    let listed = Places(&platform)
        .list(&tenant, PlaceKind::Host, 10, None)
        .await
        .unwrap();
    assert_eq!(listed.records, [found.record]);
    let (head, containers) = Containers(&platform)
        .of_host(&tenant, &id)
        .await
        .unwrap()
        .unwrap();
    assert!(head.complete);
    assert_eq!(containers.first().unwrap().name, "web");
    let current = Feeds(&platform).current().await.unwrap().unwrap();
    assert_eq!((current.record.id, current.record.told), (7, true));
    let states = Feeds(&platform).states().await.unwrap();
    assert_eq!(states.first().unwrap().rows, 2032);
    let asked = records::idempotency::Asked {
        name: records::digest(b"a key"),
        request: format!("sha256:{}", "a".repeat(64)).parse().unwrap(),
    };
    let found = records::Idempotency(&platform).begin(&tenant, &asked).await;
    let is_done = matches!(
        found.unwrap(),
        records::idempotency::Begun::Done { answer: None }
    );
    assert!(is_done);
}

#[tokio::test]
async fn an_audit_log_of_the_last_version_is_read_and_holds() {
    let (platform, _folder) = store();
    // Its hash was computed by another program.
    let sample = include_str!("samples/audit.1.json");
    keep(&platform, "t/acme/audit", "0000000000000001", sample).await;
    let log = AuditLog::new(platform);
    let (entries, _) = log
        .list(&tenant(), &Wanted::default(), 10, None)
        .await
        .unwrap();
    assert_eq!(entries.first().unwrap().operation, "revoke_agent");
    let found = log.verify(&tenant(), None, 10).await.unwrap();
    assert_eq!((found.entries, found.broken), (1, None));
}

#[tokio::test]
async fn a_record_of_a_later_version_is_refused_and_not_misread() {
    let (platform, _folder) = store();
    let later = include_str!("samples/host.1.json").replacen("\"version\": 1", "\"version\": 2", 1);
    keep(&platform, "t/acme/hosts", "db-1", &later).await;
    let id = "db-1".parse().unwrap();
    let error = Hosts(&platform).get(&tenant(), &id).await.unwrap_err();
    assert!(error.to_string().contains("version 2"), "{error}");
    assert!(!error.is_transient());
}

#[test]
fn findings_of_the_last_version_are_read() {
    let sample = include_str!("samples/findings.1.json");
    let document: records::FindingsDocument = serde_json::from_str(sample).unwrap();
    let finding = document.findings.first().unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(document.cannot_judge.len(), 1);
}
