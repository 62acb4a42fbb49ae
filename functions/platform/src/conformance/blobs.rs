//! What is promised of blobs, one call at a time.

use bytes::Bytes;
use futures::stream;
use sha2::{Digest, Sha256};

use super::{Failure, Subject, Verdict, check_list, ensure, ensure_eq, ensure_err};
use crate::claim;
use crate::ports::{
    BlobCondition, BlobError, BlobPath, Body, Message, PutOptions, Receive, UploadError,
    UploadRequest,
};

check_list!("blobs", false:
    a_blob_comes_back_as_it_was_put,
    blob_conditions_hold_exactly,
    what_is_refused_leaves_nothing,
    a_range_is_read,
    a_large_blob_is_streamed,
    a_list_is_in_order,
    a_reader_keeps_what_it_began_with,
    an_upload_needs_its_ticket,
    paths_are_confined,
    a_large_message_goes_by_blob,
);

const LIMIT: usize = 8 * 1024 * 1024;

async fn content(subject: &Subject, path: &BlobPath) -> Result<Bytes, Failure> {
    Ok(subject
        .platform
        .blobs
        .get(path)
        .await?
        .body
        .collect(LIMIT)
        .await?)
}

fn only(condition: BlobCondition) -> PutOptions {
    PutOptions {
        condition,
        ..PutOptions::default()
    }
}

async fn a_blob_comes_back_as_it_was_put(subject: &Subject) -> Verdict {
    let blobs = &subject.platform.blobs;
    let path = subject.path("put/a=1/File_name+x@y.json")?;
    ensure_err!(
        blobs.get(&path).await,
        BlobError::NotFound,
        "before the put"
    );
    ensure_eq!(blobs.head(&path).await?, None, "before the put");
    let meta = blobs
        .put(&path, vec![0, 1, 255].into(), PutOptions::default())
        .await?;
    ensure_eq!(meta.size_bytes, 3, "size");
    ensure_eq!(blobs.head(&path).await?, Some(meta.clone()), "head");
    ensure_eq!(
        content(subject, &path).await?,
        [0, 1, 255].as_slice(),
        "content"
    );
    let second = blobs
        .put(&path, vec![].into(), PutOptions::default())
        .await?;
    ensure!(second.etag != meta.etag, "other content, same etag");
    ensure_eq!(content(subject, &path).await?, [].as_slice(), "replaced");
    blobs.delete(&path).await?;
    ensure_err!(
        blobs.get(&path).await,
        BlobError::NotFound,
        "after the delete"
    );
    blobs.delete(&path).await?;
    Ok(())
}

async fn blob_conditions_hold_exactly(subject: &Subject) -> Verdict {
    let blobs = &subject.platform.blobs;
    let path = subject.path("condition")?;
    let missing = only(BlobCondition::IfMatch("none".to_owned()));
    ensure!(
        blobs.put(&path, vec![1].into(), missing).await.is_err(),
        "IfMatch of nothing"
    );
    let new = only(BlobCondition::IfNotExists);
    let one = blobs.put(&path, vec![1].into(), new.clone()).await?;
    ensure_err!(
        blobs.put(&path, vec![2].into(), new).await,
        BlobError::ConditionFailed,
        "IfNotExists of something"
    );
    ensure_eq!(
        content(subject, &path).await?,
        [1].as_slice(),
        "after a refused put"
    );
    let same = only(BlobCondition::IfMatch(one.etag));
    blobs.put(&path, vec![2].into(), same.clone()).await?;
    ensure_err!(
        blobs.put(&path, vec![3].into(), same).await,
        BlobError::ConditionFailed,
        "a former etag"
    );
    ensure_eq!(content(subject, &path).await?, [2].as_slice(), "at the end");
    Ok(())
}

async fn what_is_refused_leaves_nothing(subject: &Subject) -> Verdict {
    let blobs = &subject.platform.blobs;
    let path = subject.path("refused")?;
    let wrong = PutOptions {
        sha256: Some([0; 32]),
        ..PutOptions::default()
    };
    let body = || Body::from(vec![5; 1_000_000]);
    ensure_err!(
        blobs.put(&path, body(), wrong).await,
        BlobError::ChecksumMismatch,
        "another digest"
    );
    let small = PutOptions {
        max_bytes: Some(999_999),
        ..PutOptions::default()
    };
    ensure_err!(
        blobs.put(&path, body(), small).await,
        BlobError::TooLarge { .. },
        "too long"
    );
    let broken = Body::stream(stream::iter([
        Ok(Bytes::from(vec![1; 600_000])),
        Err(std::io::Error::other("cable")),
    ]));
    ensure_err!(
        blobs.put(&path, broken, PutOptions::default()).await,
        BlobError::Body(_),
        "a body that breaks off"
    );
    ensure_eq!(blobs.head(&path).await?, None, "what is left");
    let right = PutOptions {
        sha256: Some(Sha256::digest(vec![5; 1_000_000]).into()),
        max_bytes: Some(1_000_000),
        ..PutOptions::default()
    };
    blobs.put(&path, body(), right).await?;
    Ok(())
}

async fn a_range_is_read(subject: &Subject) -> Verdict {
    let blobs = &subject.platform.blobs;
    let path = subject.path("range")?;
    blobs
        .put(
            &path,
            (0..=99).collect::<Vec<u8>>().into(),
            PutOptions::default(),
        )
        .await?;
    for (range, wanted) in [
        (0..3, vec![0, 1, 2]),
        (97..100, vec![97, 98, 99]),
        (98..500, vec![98, 99]),
    ] {
        let blob = blobs.get_range(&path, range.clone()).await?;
        ensure_eq!(blob.meta.size_bytes, 100, "the size of the whole");
        ensure_eq!(blob.body.collect(LIMIT).await?, wanted, "{range:?}");
    }
    for range in [100..101, 5..5, 500..600] {
        ensure_err!(
            blobs.get_range(&path, range.clone()).await,
            BlobError::Range { size_bytes: 100 },
            "{range:?}"
        );
    }
    Ok(())
}

async fn a_large_blob_is_streamed(subject: &Subject) -> Verdict {
    let blobs = &subject.platform.blobs;
    let path = subject.path("large")?;
    let whole: Vec<u8> = (0..3_333_333_u32).map(|n| (n % 251) as u8).collect();
    let chunks: Vec<_> = whole
        .chunks(70_001)
        .map(|c| Ok(Bytes::copy_from_slice(c)))
        .collect();
    blobs
        .put(
            &path,
            Body::stream(stream::iter(chunks)),
            PutOptions::default(),
        )
        .await?;
    ensure!(content(subject, &path).await? == whole, "other content");
    let part = blobs.get_range(&path, 1_000_000..2_000_000).await?;
    ensure!(
        part.body.collect(LIMIT).await? == whole[1_000_000..2_000_000],
        "another range"
    );
    let short = blobs.get(&path).await?.body.collect(1000).await;
    ensure_err!(short, BlobError::TooLarge { .. }, "a limit of a reader");
    if let Some(mut file) = blobs.open_file(&path).await? {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes)?;
        ensure!(bytes == whole, "another file");
    }
    Ok(())
}

async fn a_list_is_in_order(subject: &Subject) -> Verdict {
    let blobs = &subject.platform.blobs;
    let names = [
        "a", "a+", "a-b", "a.b", "a/b", "a/b/c", "a0", "aB", "ab", "b",
    ];
    for name in names.iter().rev() {
        blobs
            .put(
                &subject.path(&format!("list/{name}"))?,
                vec![1].into(),
                PutOptions::default(),
            )
            .await?;
    }
    let base = subject.path("list")?;
    for (prefix, wanted) in [
        ("/", &names[..]),
        ("/a", &names[..9]),
        ("/a/", &names[4..6]),
        ("/c", &[]),
    ] {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = blobs
                .list(&format!("{base}{prefix}"), 3, cursor.as_ref())
                .await?;
            found.extend(page.blobs.into_iter().map(|meta| meta.path.to_string()));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let wanted: Vec<String> = wanted.iter().map(|name| format!("{base}/{name}")).collect();
        ensure_eq!(found, wanted, "what begins with {prefix}");
    }
    Ok(())
}

async fn a_reader_keeps_what_it_began_with(subject: &Subject) -> Verdict {
    let blobs = &subject.platform.blobs;
    let path = subject.path("reader")?;
    let old = vec![1; 2_000_000];
    blobs
        .put(&path, old.clone().into(), PutOptions::default())
        .await?;
    let reader = blobs.get(&path).await?;
    blobs
        .put(&path, vec![2; 10].into(), PutOptions::default())
        .await?;
    ensure!(reader.body.collect(LIMIT).await? == old, "a mixture");
    let reader = blobs.get(&path).await?;
    blobs.delete(&path).await?;
    ensure_eq!(
        reader.body.collect(LIMIT).await?,
        vec![2; 10],
        "after a delete"
    );
    Ok(())
}

async fn an_upload_needs_its_ticket(subject: &Subject) -> Verdict {
    let platform = &subject.platform;
    let path = subject.path("upload")?;
    let body = b"an inventory".to_vec();
    let request = UploadRequest {
        size_bytes: body.len() as u64,
        sha256: Sha256::digest(&body).into(),
        expires_in_s: 60,
    };
    let endless = UploadRequest {
        expires_in_s: 43_201,
        ..request.clone()
    };
    ensure!(
        platform.blobs.upload_url(&path, &endless).await.is_err(),
        "a ticket for ever"
    );
    let ticket = platform.blobs.upload_url(&path, &request).await?;
    ensure_eq!(
        ticket.expires_at_ms / 1000 >= platform.clock.now_s(),
        true,
        "expiry"
    );
    // Where the blob store serves its own URLs there is nothing more to see without a network.
    let Some(uploads) = &platform.uploads else {
        return Ok(());
    };
    let prefix = uploads.route().trim_end_matches("{ticket}");
    let token = ticket
        .url
        .strip_prefix(prefix)
        .unwrap_or_default()
        .to_owned();
    let length = Some(body.len() as u64);
    let forged = format!("{}0", &token[..token.len().saturating_sub(1)]);
    let forged = if forged == token {
        token.replace('a', "b")
    } else {
        forged
    };
    for bad in [
        "",
        ".",
        "aa.bb",
        forged.as_str(),
        &token.replacen('7', "8", 1),
    ] {
        ensure_err!(
            uploads.accept(bad, length, body.clone().into()).await,
            UploadError::Ticket,
            "the ticket {bad:?}"
        );
    }
    let changed = [&body[..body.len() - 1], b"X"].concat();
    ensure_err!(
        uploads.accept(&token, length, changed.into()).await,
        UploadError::Store(BlobError::ChecksumMismatch),
        "other content"
    );
    ensure_err!(
        uploads.accept(&token, Some(1), body.clone().into()).await,
        UploadError::Length { .. },
        "another length announced"
    );
    let longer = [body.as_slice(), b"X"].concat();
    ensure_err!(
        uploads.accept(&token, None, longer.into()).await,
        UploadError::Length { .. },
        "a longer body"
    );
    ensure!(
        uploads.accept(&token, None, vec![].into()).await.is_err(),
        "a shorter body"
    );
    uploads.accept(&token, length, body.clone().into()).await?;
    ensure_eq!(content(subject, &path).await?, body, "what was uploaded");
    ensure_err!(
        uploads.accept(&token, length, body.clone().into()).await,
        UploadError::Store(BlobError::ConditionFailed),
        "a second upload"
    );
    (subject.pass_s)(61).await;
    ensure_err!(
        uploads.accept(&token, length, body.into()).await,
        UploadError::Expired,
        "after its time"
    );
    Ok(())
}

async fn paths_are_confined(subject: &Subject) -> Verdict {
    let long = "s".repeat(161);
    let deep = "abc/".repeat(128) + "d";
    for bad in [
        "", "/", "/a", "a/", "a//b", "..", "a/../b", "./a", "a/.", "a/.b", "a\\b", "a\0b", "a b",
        "a:b", "ä", "a\nb", "~", "a%2e", &long, &deep,
    ] {
        ensure!(BlobPath::parse(bad).is_err(), "a path {bad:?}");
    }
    for prefix in ["../", "/etc", "a\0", "\u{1F980}", "%"] {
        let listed = subject.platform.blobs.list(prefix, 1, None).await;
        ensure!(
            listed.as_ref().map_or(true, |page| page.blobs.is_empty()),
            "listed by {prefix:?}: {listed:?}"
        );
    }
    Ok(())
}

async fn a_large_message_goes_by_blob(subject: &Subject) -> Verdict {
    let platform = &subject.platform;
    let queue = subject.name("claim");
    let bodies = [
        "small".to_owned(),
        "ß".repeat(50_000),
        "nul \0".to_owned(),
        format!("{}x", claim::MARK),
        String::new(),
    ];
    for (n, body) in bodies.iter().enumerate() {
        let path = subject.path(&format!("claim/{n}"))?;
        claim::send_or_blob(platform, &queue, &path, Message::new(n.to_string(), body)).await?;
    }
    let deliveries = platform.queue.receive(&queue, Receive::default()).await?;
    ensure_eq!(deliveries.len(), 5, "deliveries");
    for delivery in deliveries {
        let message = &delivery.message;
        let number: usize = message.id.parse()?;
        let body = claim::body(&*platform.blobs, message, 200_000).await?;
        ensure!(
            bodies.get(number) == Some(&body),
            "another body of {number}"
        );
        if number == 1 {
            ensure_err!(
                claim::body(&*platform.blobs, message, 1000).await,
                claim::ClaimError::TooLarge { .. },
                "a body above the limit"
            );
            platform.queue.ack(&delivery).await?;
            claim::forget(&*platform.blobs, message).await?;
            ensure_err!(
                claim::body(&*platform.blobs, message, 200_000).await,
                claim::ClaimError::Gone,
                "a body that was forgotten"
            );
        }
    }
    Ok(())
}
