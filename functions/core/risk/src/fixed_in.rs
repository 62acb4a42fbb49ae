//! Where a finding of Windows is fixed, and with what.
//!
//! Of a host it is an update. Of an image it depends on what is to be fixed and on how its containers are kept apart: under
//! process isolation kernel and drivers are the host's; under Hyper-V isolation a container has a kernel of its own, which
//! comes with the image's base. Source: Microsoft Learn, "Isolation modes". No list of base images' tags is read, so what an
//! image needs is named by its build: Microsoft publishes a tag for each build of a base.

use schemas::{
    Place,
    finding::{Finding, FixAt, FixedIn},
    risk::{Answer, PlaceFacts},
};

/// Where it is fixed; `None` for what is no finding of Windows.
pub fn fixed_in(finding: &Finding, place: &Place, facts: &PlaceFacts) -> Option<FixedIn> {
    finding.evidence.product_id.as_ref()?;
    let kb = finding.kb.clone();
    let build = finding.fixed_version.clone();
    let build = build.filter(|version| version.starts_with("10.0."));
    let update = match (&kb, &build) {
        (Some(kb), Some(build)) => Some(format!("{kb} (build {build}) or a later update")),
        (Some(kb), None) => Some(format!("{kb} or a later update")),
        (None, Some(build)) => Some(format!("an update to build {build} or later")),
        (None, None) => None,
    };
    let install = || match &update {
        Some(update) => format!("install {update}"),
        None => "no update is named".to_owned(),
    };
    let rebuild = || match &build {
        Some(build) => format!("build the image anew on a base of build {build} or later"),
        None => format!("build the image anew on a base that has {}", named(&update)),
    };
    let is_own_kernel = facts.own_kernel == Answer::Yes;
    let at = match (place, finding.fix_at) {
        (Place::Host(_), _) => FixAt::Host,
        (Place::Image(_), Some(FixAt::Host | FixAt::Both)) if is_own_kernel => FixAt::Image,
        (Place::Image(_), at) => at.unwrap_or(FixAt::Unknown),
    };
    let advice = match at {
        FixAt::Host if matches!(place, Place::Host(_)) => install(),
        FixAt::Host => format!(
            "under process isolation its containers run on the host's kernel: on hosts that run it {}",
            install()
        ),
        FixAt::Image if is_own_kernel && finding.fix_at != Some(FixAt::Image) => format!(
            "{}; its containers are isolated by Hyper-V, and their kernel comes with the base",
            rebuild()
        ),
        FixAt::Image => rebuild(),
        FixAt::Both => format!("{}, and on hosts that run it {}", rebuild(), install()),
        FixAt::Unknown => format!("{}; where is not known", install()),
    };
    Some(FixedIn {
        at,
        kb: kb.filter(|_| at != FixAt::Image),
        build,
        advice,
    })
}

fn named(update: &Option<String>) -> &str {
    update.as_deref().unwrap_or("the fix")
}
