//! Documents as their publishers have them, where there are samples.

use sources::feeds::FeedSpec;

use crate::{
    months::months,
    script::Reply,
    world::{KEV, MSRC, World},
};

#[tokio::test]
async fn real_documents_pass() {
    let Some(data) = at_hand::data("") else {
        return;
    };
    let read = |name: &str| {
        let bytes = std::fs::read(data.join(name)).unwrap();
        zstd::decode_all(bytes.as_slice()).unwrap()
    };
    let mut world = World::new().await;
    world.answers(
        "kev.json",
        vec![Reply::ok(read(
            "intel/known_exploited_vulnerabilities.json.zst",
        ))],
    );
    let index = std::fs::read(data.join("microsoft/cvrf/index.json")).unwrap();
    let listed = sources::feeds::listing::parse_msrc_updates(&index).unwrap();
    let mut served = Vec::new();
    for id in ["1999-Sep", "2016-Apr", "2016-May"] {
        let file = format!("microsoft/cvrf/{id}.xml.zst");
        if data.join(&file).exists() {
            world.answers(&format!("cvrf/{id}"), vec![Reply::ok(read(&file))]);
            served.push((id, listed[id].as_str()));
        }
    }
    world.answers("updates", vec![Reply::ok(months(&served))]);
    static REAL_KEV: FeedSpec = FeedSpec {
        max_bytes: 64 << 20,
        ..KEV
    };
    world.update(&[&REAL_KEV, &MSRC]).await;
    for feed in ["kev", "msrc"] {
        let state = world.feed(feed);
        assert_eq!(state.last_error(), None, "{feed}");
        assert!(state.rows() > 0, "{feed}: {state:?}");
    }
    assert!(world.feed("kev").rows() > 1000);
    assert_eq!(world.feed("msrc").in_use(), served.len() as u64);
}
