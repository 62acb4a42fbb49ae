//! Registries: secrets that only their registry opens, looks that are counted once, images that are known.

use records::{
    Registries, RegistryRecord,
    registries::{RegistryImageRecord, RunPart},
};

use crate::support::{at, store, tenant};

fn record() -> RegistryRecord {
    serde_json::from_str(include_str!("samples/registry.1.json")).unwrap()
}

#[tokio::test]
async fn a_registry_is_replaced_only_by_who_read_it_last() {
    let (platform, _folder) = store();
    let (tenant, registries, mut record) = (tenant(), Registries(&platform), record());
    assert!(registries.put(&tenant, &record, None).await.unwrap());
    let (kept, revision) = registries.get(&tenant, &record.id).await.unwrap().unwrap();
    assert_eq!(kept, record);
    record.settings.enabled = false;
    assert!(!registries.put(&tenant, &record, None).await.unwrap());
    assert!(
        registries
            .put(&tenant, &record, Some(revision))
            .await
            .unwrap()
    );
    record.settings.name = "Other".to_owned();
    assert!(
        !registries
            .put(&tenant, &record, Some(revision))
            .await
            .unwrap()
    );
    let other = "other".parse().unwrap();
    assert_eq!(registries.get(&other, &record.id).await.unwrap(), None);
    assert!(registries.all(&other).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_secret_is_opened_for_its_registry_alone() {
    let (platform, _folder) = store();
    let (tenant, registries) = (tenant(), Registries(&platform));
    let (id, other) = ("a".parse().unwrap(), "b".parse().unwrap());
    let sealed = registries
        .seal(&tenant, &id, &"hunter2".into())
        .await
        .unwrap();
    assert!(!serde_json::to_string(&sealed).unwrap().contains("hunter2"));
    assert!(registries.open(&tenant, &id, &sealed).await.is_ok());
    assert!(registries.open(&tenant, &other, &sealed).await.is_err());
    let stranger = "other".parse().unwrap();
    assert!(registries.open(&stranger, &id, &sealed).await.is_err());
}

#[tokio::test]
async fn a_look_is_counted_once_however_often_its_parts_come() {
    let (platform, _folder) = store();
    let (tenant, registries, id) = (tenant(), Registries(&platform), record().id);
    registries.begin_run(&tenant, &id, at(10)).await.unwrap();
    let found = RunPart {
        name: "?".to_owned(),
        repositories: 2,
        ..RunPart::default()
    };
    let looked = RunPart {
        name: "team/app".to_owned(),
        done: 1,
        tags: 7,
        queued: 3,
        ..RunPart::default()
    };
    for part in [&found, &looked, &looked, &found] {
        registries
            .note_run(&tenant, &id, at(10), part)
            .await
            .unwrap();
    }
    let failed = RunPart {
        name: "team/other".to_owned(),
        problem: Some("no such repository".to_owned()),
        ..RunPart::default()
    };
    for _ in 0..2 {
        registries
            .note_run(&tenant, &id, at(10), &failed)
            .await
            .unwrap();
    }
    // Of a look before, and one that is over when another began.
    registries
        .note_run(&tenant, &id, at(9), &looked)
        .await
        .unwrap();
    registries.begin_run(&tenant, &id, at(10)).await.unwrap();
    let run = registries.run(&tenant, &id).await.unwrap().unwrap();
    assert_eq!(run.started_at, Some(at(10)));
    assert_eq!((run.repositories, run.repositories_done), (2, 1));
    assert_eq!((run.tags, run.queued), (7, 3));
    assert_eq!(run.problems, ["no such repository"]);
    registries.begin_run(&tenant, &id, at(11)).await.unwrap();
    let run = registries.run(&tenant, &id).await.unwrap().unwrap();
    assert_eq!((run.repositories, run.problems.len()), (0, 0));
}

#[tokio::test]
async fn a_registry_is_forgotten_with_what_is_known_of_it() {
    let (platform, _folder) = store();
    let (tenant, registries, record) = (tenant(), Registries(&platform), record());
    registries.put(&tenant, &record, None).await.unwrap();
    registries
        .begin_run(&tenant, &record.id, at(1))
        .await
        .unwrap();
    let sample: RegistryImageRecord =
        serde_json::from_str(include_str!("samples/registry-image.1.json")).unwrap();
    for n in 0..250 {
        let image = RegistryImageRecord {
            tag: format!("v{n}"),
            ..sample.clone()
        };
        registries
            .note_image(&tenant, &record.id, &image)
            .await
            .unwrap();
    }
    let tags = ["v1".to_owned(), "v249".to_owned(), "none".to_owned()];
    let known = registries.known(&tenant, &record.id, "app", &tags);
    assert_eq!(known.await.unwrap().len(), 2);
    let other = registries.known(&tenant, &record.id, "team/other", &tags);
    assert!(other.await.unwrap().is_empty());
    registries.delete(&tenant, &record.id).await.unwrap();
    assert_eq!(registries.get(&tenant, &record.id).await.unwrap(), None);
    assert_eq!(registries.run(&tenant, &record.id).await.unwrap(), None);
    let left = registries
        .images(&tenant, &record.id, 10, None)
        .await
        .unwrap();
    assert!(left.records.is_empty() && left.next.is_none());
}

#[tokio::test]
async fn what_a_tag_stood_for_before_takes_not_the_place_of_what_it_stands_for() {
    let (platform, _folder) = store();
    let (tenant, registries, id) = (tenant(), Registries(&platform), record().id);
    let sample: RegistryImageRecord =
        serde_json::from_str(include_str!("samples/registry-image.1.json")).unwrap();
    let image = |of: &str, as_of| RegistryImageRecord {
        digest: Some(records::digest(of.as_bytes())),
        as_of: Some(at(as_of)),
        ..sample.clone()
    };
    for (of, as_of, is_kept, left) in [
        ("a", 10, true, ("a", 10)),
        ("b", 20, true, ("b", 20)),
        ("a", 15, false, ("b", 20)),
        // The same is noted at any time, and stays as new as it was.
        ("b", 5, true, ("b", 20)),
        ("c", 20, true, ("c", 20)),
    ] {
        let kept = registries.note_image(&tenant, &id, &image(of, as_of)).await;
        assert_eq!(kept.unwrap(), is_kept, "{of} {as_of}");
        let tags = std::slice::from_ref(&sample.tag);
        let known = registries.known(&tenant, &id, &sample.repository, tags);
        assert_eq!(known.await.unwrap(), [image(left.0, left.1)]);
    }
}
