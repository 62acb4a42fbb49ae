//! Requests for images: whatever order news of them come in.

use records::{ImageRequestRecord, ImageRequests};
use schemas::{ImageId, api::image_scan::ImageRequestState};

use crate::support::{at, store, tenant};

#[tokio::test]
async fn a_later_state_is_never_lost_to_an_earlier_one() {
    let (platform, _folder) = store();
    let (requests, tenant) = (ImageRequests(&platform), tenant());
    let id = "r-1".parse().unwrap();
    let image: ImageId = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
    // Of a request that is not kept any more nothing is noted.
    requests.failed(&tenant, &id, "why").await.unwrap();
    assert_eq!(requests.get(&tenant, &id).await.unwrap(), None);

    let made = ImageRequestRecord::new("r/a:1".to_owned(), None, at(1_780_000_000), "ci");
    requests.create(&tenant, &id, &made).await.unwrap();
    // Sent again after its answer was lost.
    requests.create(&tenant, &id, &made).await.unwrap();
    let state = async || {
        let kept = requests.get(&tenant, &id).await.unwrap().unwrap();
        (kept.state, kept.image, kept.reason)
    };
    requests.reading(&tenant, &id, None).await.unwrap();
    requests.reading(&tenant, &id, Some(&image)).await.unwrap();
    let known = Some(image.clone());
    assert_eq!(
        state().await,
        (ImageRequestState::Reading, known.clone(), None)
    );

    let long = "é".repeat(5000);
    requests.failed(&tenant, &id, &long).await.unwrap();
    requests.reading(&tenant, &id, None).await.unwrap();
    let (failed, of, reason) = state().await;
    assert_eq!((failed, of), (ImageRequestState::Failed, known.clone()));
    assert_eq!(reason.unwrap().len(), 4096);

    // Somebody had it read again; a copy of the message that failed comes late.
    requests.done(&tenant, &id, &image).await.unwrap();
    requests.failed(&tenant, &id, "late").await.unwrap();
    assert_eq!(state().await, (ImageRequestState::Done, known, None));
}
