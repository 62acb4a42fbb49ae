//! The deadline by CISA's Binding Operational Directive 26-04: four facts decide until when a vulnerability is to be mended.
//!
//! | in CISA's catalogue | publicly exposed | automatable | technical impact | to be mended |
//! |---|---|---|---|---|
//! | yes | yes | any | total | within 3 days, with a forensic investigation |
//! | yes | no | yes | total | within 3 days, with a forensic investigation |
//! | yes | yes | yes | partial | within 3 days |
//! | no | yes | yes | total | within 3 days |
//! | yes | any other of these | | | within 14 days |
//! | no | yes | yes | partial | within 14 days |
//! | no | yes | no | total | within 14 days |
//! | no | yes | no | partial | within 60 days |
//! | no | no | yes | any | within 60 days |
//! | no | no | no | any | with the next upgrade of the system |
//!
//! Source: CISA, BOD 26-04, "Remediation Timelines" decision table 1.0.0; automatable and technical impact are those of SSVC.
//!
//! **Publicly exposed** is what was seen or declared to be reached from the internet, or has a public address; what nobody
//! reaches, or only its own host or container network, is not. What is published on a private address is not known to be
//! exposed: whether something forwards the internet there nobody here can tell.
//!
//! **The clock** starts when CISA added the vulnerability to its catalogue, where it did, and else when it was first found in
//! the place. Where a fact is not known the deadline is the earliest that any answer gives.

use std::cmp::Reverse;

use schemas::{
    Timestamp,
    risk::{
        Answer, ClockStart, Deadline, DeadlineClock, DeadlineFact, DeadlineQuestion, Exposure,
        PlaceFacts, VulnerabilityFacts,
    },
};

use crate::{exposure, what_if::KEV};

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;

/// What the directive asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Days from when the clock started; `None` where the next upgrade is soon enough.
    pub days: Option<u16>,
    /// Whether it is to be looked for traces of an attack.
    pub forensics: bool,
}

impl Asked {
    const fn within(days: u16) -> Self {
        Self {
            days: Some(days),
            forensics: false,
        }
    }

    /// The strictest first.
    fn rank(self) -> (u16, Reverse<bool>) {
        (self.days.unwrap_or(u16::MAX), Reverse(self.forensics))
    }
}

/// What the directive asks by its four facts.
#[must_use]
pub const fn asked(in_kev: bool, exposed: bool, automatable: bool, total: bool) -> Asked {
    match (in_kev, exposed, automatable, total) {
        (true, true, _, true) | (true, false, true, true) => Asked {
            days: Some(3),
            forensics: true,
        },
        (true, true, true, false) | (false, true, true, true) => Asked::within(3),
        (true, ..) | (false, true, true, false) | (false, true, false, true) => Asked::within(14),
        (false, true, false, false) | (false, false, true, _) => Asked::within(60),
        (false, false, false, _) => Asked {
            days: None,
            forensics: false,
        },
    }
}

/// Whether a place that is reached in this way is exposed to the public.
#[must_use]
pub const fn is_exposed(exposure: Exposure) -> Answer {
    match exposure {
        Exposure::Observed | Exposure::Declared | Exposure::PublicAddress => Answer::Yes,
        Exposure::None | Exposure::Internal => Answer::No,
        Exposure::Published | Exposure::Unknown => Answer::Unknown,
    }
}

/// Whether somebody who says that a vulnerability is exploited is CISA. An earlier version kept the day of the listing with it.
fn is_kev(by: &str) -> bool {
    by.split(' ').next() == Some(KEV)
}

fn in_kev(facts: &VulnerabilityFacts) -> Answer {
    if !facts.known_exploited {
        return Answer::No;
    }
    match facts.exploited_sources.as_slice() {
        // Somebody says that it is exploited, and who is not kept.
        [] => Answer::Unknown,
        by => Answer::from(Some(by.iter().any(|by| is_kev(by)))),
    }
}

fn automatable(facts: &VulnerabilityFacts) -> Answer {
    match facts.automatable.as_deref() {
        Some("yes") => Answer::Yes,
        Some("no") => Answer::No,
        _ => Answer::Unknown,
    }
}

fn is_total(facts: &VulnerabilityFacts) -> Answer {
    match facts.technical_impact.as_deref() {
        Some("total") => Answer::Yes,
        Some("partial") => Answer::No,
        _ => Answer::Unknown,
    }
}

/// The values that an answer leaves open.
fn open(answer: Answer) -> &'static [bool] {
    match answer {
        Answer::Yes => &[true],
        Answer::No => &[false],
        Answer::Unknown => &[true, false],
    }
}

/// The strictest and the mildest that these answers leave open.
fn bounds([in_kev, exposed, automatable, total]: [Answer; 4]) -> (Asked, Asked) {
    // What is left open without any unknown answer, to begin with.
    let (mut first, mut last) = (
        asked(false, false, false, false),
        asked(true, true, true, true),
    );
    for &in_kev in open(in_kev) {
        for &exposed in open(exposed) {
            for &automatable in open(automatable) {
                for &total in open(total) {
                    let one = asked(in_kev, exposed, automatable, total);
                    if one.rank() < first.rank() {
                        first = one;
                    }
                    if one.rank() > last.rank() {
                        last = one;
                    }
                }
            }
        }
    }
    (first, last)
}

/// Until when a vulnerability is to be mended in a place, now. `first_found` is when it was first found there, where that is
/// known.
#[must_use]
pub fn deadline(
    vulnerability: &VulnerabilityFacts,
    place: &PlaceFacts,
    first_found: Option<Timestamp>,
    now: Timestamp,
) -> Deadline {
    let answers = answers(vulnerability, place.exposure);
    let facts = evidence(vulnerability, place, answers);
    let (first, last) = bounds(answers);
    let clock = clock(answers, vulnerability, first_found);
    let due = due_by(first, clock);
    let is_earliest = first != last;
    Deadline {
        days: first.days,
        forensics: first.forensics,
        due,
        overdue: due.is_some_and(|due| due < now),
        clock,
        is_earliest,
        reason: reason(first, last, &facts),
        facts: facts.into(),
    }
}

/// [`Deadline::due`] of a vulnerability in a place that is reached in this way, without the reasons.
#[must_use]
pub fn due(
    vulnerability: &VulnerabilityFacts,
    exposure: Exposure,
    first_found: Option<Timestamp>,
) -> Option<Timestamp> {
    let answers = answers(vulnerability, exposure);
    let (first, _) = bounds(answers);
    due_by(first, clock(answers, vulnerability, first_found))
}

fn due_by(asked: Asked, clock: Option<DeadlineClock>) -> Option<Timestamp> {
    let (days, clock) = asked.days.zip(clock)?;
    Some(clock.started_at.plus_ms(i64::from(days) * DAY_MS))
}

/// The answers to the four questions, in their order.
fn answers(vulnerability: &VulnerabilityFacts, exposure: Exposure) -> [Answer; 4] {
    [
        in_kev(vulnerability),
        is_exposed(exposure),
        automatable(vulnerability),
        is_total(vulnerability),
    ]
}

fn clock(
    [in_kev, ..]: [Answer; 4],
    vulnerability: &VulnerabilityFacts,
    first_found: Option<Timestamp>,
) -> Option<DeadlineClock> {
    let added = vulnerability
        .known_exploited_since
        .filter(|_| in_kev != Answer::No);
    let added = added.map(|started_at| DeadlineClock {
        started_at,
        start: ClockStart::AddedToKev,
    });
    added.or(first_found.map(|started_at| DeadlineClock {
        started_at,
        start: ClockStart::FirstFound,
    }))
}

fn reason(first: Asked, last: Asked, facts: &[DeadlineFact; 4]) -> String {
    let mut reason = if first == last {
        format!("{}, by the four facts", words(first))
    } else {
        let missing: Vec<&str> = facts
            .iter()
            .filter(|fact| fact.answer == Answer::Unknown)
            .map(|fact| match fact.question {
                DeadlineQuestion::InKev => "whether CISA's catalogue has it",
                DeadlineQuestion::PubliclyExposed => "whether the place is publicly exposed",
                DeadlineQuestion::Automatable => "whether an attack can be automated",
                DeadlineQuestion::TotalImpact => "whether an attacker gains total control",
                DeadlineQuestion::Unknown => "something else",
            })
            .collect();
        format!(
            "{} at the earliest, and {} at the latest: it is not known {}",
            words(first),
            words(last),
            missing.join(", ")
        )
    };
    if first.days.is_some() && first.forensics {
        reason.push_str("; look for traces of an attack, too");
    }
    reason
}

fn words(asked: Asked) -> String {
    match asked.days {
        Some(days) => format!("within {days} days"),
        None => "with the next upgrade".to_owned(),
    }
}

fn evidence(
    vulnerability: &VulnerabilityFacts,
    place: &PlaceFacts,
    [kev, exposed, automatable, total]: [Answer; 4],
) -> [DeadlineFact; 4] {
    let fact = |question, answer, evidence: String| DeadlineFact {
        question,
        answer,
        evidence,
    };
    let said = match (kev, vulnerability.known_exploited_since) {
        (Answer::Yes, Some(since)) => format!(
            "in CISA's catalogue of known exploited vulnerabilities since {}",
            since.to_string().split('T').next().unwrap_or_default()
        ),
        (Answer::Yes, None) => "in CISA's catalogue of known exploited vulnerabilities".to_owned(),
        (Answer::No, _) if vulnerability.known_exploited => format!(
            "exploited according to {}, and not in CISA's catalogue",
            vulnerability.exploited_sources.join(", ")
        ),
        (Answer::No, _) => "not in CISA's catalogue as it was read last".to_owned(),
        (Answer::Unknown, _) => "exploited, and it is not known who says so".to_owned(),
    };
    let ssvc = |word: &Option<String>, what: &str| match word {
        Some(word) => format!("SSVC: {what} {word}"),
        None => format!("nobody gave SSVC's {what}"),
    };
    [
        fact(DeadlineQuestion::InKev, kev, said),
        fact(
            DeadlineQuestion::PubliclyExposed,
            exposed,
            exposure::words(place),
        ),
        fact(
            DeadlineQuestion::Automatable,
            automatable,
            ssvc(&vulnerability.automatable, "automatable"),
        ),
        fact(
            DeadlineQuestion::TotalImpact,
            total,
            ssvc(&vulnerability.technical_impact, "technical impact"),
        ),
    ]
}
