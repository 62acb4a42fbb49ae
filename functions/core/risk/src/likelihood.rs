//! Likelihood: whether somebody exploits it, wherever it is. Of these facts, not to be listed says something: whoever lists
//! looks at all of them. So what is not reported counts nothing here.

use schemas::risk::{PartGroup, VulnerabilityFacts};

use crate::part::{Part, share};

const GROUP: PartGroup = PartGroup::Likelihood;
/// It is exploited.
const EXPLOITED: u16 = 180;
/// It is exploited, and ransomware uses it.
const RANSOMWARE: u16 = 220;
/// EPSS is certain.
const EPSS: u16 = 80;
/// Attacks were seen.
const ACTIVE: u16 = 50;
/// Whoever wants to attack finds how.
const PUBLIC: u16 = 30;

pub(crate) fn tenths(facts: &VulnerabilityFacts) -> u16 {
    known_exploited_tenths(facts) + epss_tenths(facts.epss) + exploit_tenths(facts)
}

pub(crate) fn parts(facts: &VulnerabilityFacts) -> [Part; 3] {
    [known_exploited(facts), epss(facts), exploit(facts)]
}

fn known_exploited_tenths(facts: &VulnerabilityFacts) -> u16 {
    match (facts.known_exploited, facts.ransomware) {
        (_, true) => RANSOMWARE,
        (true, false) => EXPLOITED,
        (false, false) => 0,
    }
}

fn known_exploited(facts: &VulnerabilityFacts) -> Part {
    let reason = match (facts.known_exploited, facts.ransomware) {
        (_, true) => format!("exploited, by ransomware too{}", said_by(facts)),
        (true, false) => format!("exploited in the wild{}", said_by(facts)),
        (false, false) => "not known to be exploited".to_owned(),
    };
    Part {
        group: GROUP,
        name: "known_exploited",
        tenths: known_exploited_tenths(facts),
        max_tenths: RANSOMWARE,
        reason,
    }
}

fn said_by(facts: &VulnerabilityFacts) -> String {
    match facts.exploited_sources.as_slice() {
        [] => String::new(),
        sources => format!(" (according to {})", sources.join(", ")),
    }
}

fn epss_tenths(epss: Option<f32>) -> u16 {
    epss.map_or(0, |epss| share(EPSS, epss))
}

fn epss(facts: &VulnerabilityFacts) -> Part {
    let reason = match facts.epss {
        Some(epss) => format!(
            "{:.1} % likely to be exploited within 30 days",
            epss * 100.0
        ),
        None => "EPSS does not rate it".to_owned(),
    };
    Part {
        group: GROUP,
        name: "epss",
        tenths: epss_tenths(facts.epss),
        max_tenths: EPSS,
        reason,
    }
}

fn exploit_tenths(facts: &VulnerabilityFacts) -> u16 {
    match facts.exploitation.as_deref() {
        Some("active") => ACTIVE,
        Some("poc") => PUBLIC,
        // What nobody judged, or was judged before it was published.
        _ if facts.public_exploits > 0 => PUBLIC,
        _ => 0,
    }
}

fn exploit(facts: &VulnerabilityFacts) -> Part {
    let reason = match facts.exploitation.as_deref() {
        Some("active") => "active exploitation was seen",
        Some("poc") => "a proof of concept is public",
        _ if facts.public_exploits > 0 => "exploits are public",
        Some("none") => "no public exploit was seen",
        _ => "nobody reported on exploits",
    };
    Part {
        group: GROUP,
        name: "exploit",
        tenths: exploit_tenths(facts),
        max_tenths: ACTIVE,
        reason: reason.to_owned(),
    }
}
