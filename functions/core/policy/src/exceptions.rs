//! Exceptions: findings that somebody decided to live with, for a reason and for a time.

use std::collections::HashMap;

use schemas::{
    Timestamp,
    finding::{CannotJudge, Finding},
    policy::{PolicyNotice, PolicyNoticeKind, Suppression, SuppressionKind, VexStatus},
};
use serde::Deserialize;

use crate::{
    glob::Glob,
    image::ImageNames,
    rules::fix_available,
    vex::Justification,
    words::{DAY_MS, Day, Said, counted, day},
};

/// Days before its end in which an exception is announced as expiring.
const EXPIRING_DAYS: i64 = 14;

/// An exception as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionForm {
    vulnerability: Option<Glob>,
    package: Option<Glob>,
    image: Option<Glob>,
    path: Option<Glob>,
    reason: Said,
    author: Option<Said>,
    expires: Option<Day>,
    until: Option<Until>,
    justification: Option<Justification>,
}

/// What an exception may wait for.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Until {
    /// A fix.
    Fixable,
}

/// An exception: what all its patterns fit does not count.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "ExceptionForm")]
pub(crate) struct Exception {
    vulnerability: Option<Glob>,
    package: Option<Glob>,
    image: Option<Glob>,
    path: Option<Glob>,
    reason: String,
    author: Option<String>,
    expires_at: Option<Timestamp>,
    until_fixable: bool,
    justification: Option<Justification>,
}

impl TryFrom<ExceptionForm> for Exception {
    type Error = String;

    fn try_from(form: ExceptionForm) -> Result<Self, String> {
        let anything = form.vulnerability.is_none()
            && form.package.is_none()
            && form.image.is_none()
            && form.path.is_none();
        if anything {
            return Err(
                "an exception names nothing: add vulnerability, package, image or path".to_owned(),
            );
        }
        if form.expires.is_none() && form.until.is_none() {
            return Err(
                "an exception never ends: add expires = \"2026-12-31\" or until = \"fixable\""
                    .to_owned(),
            );
        }
        Ok(Self {
            vulnerability: form.vulnerability,
            package: form.package,
            image: form.image,
            path: form.path,
            reason: form.reason.0,
            author: form.author.map(|author| author.0),
            expires_at: form.expires.map(|day| day.end),
            until_fixable: form.until.is_some(),
            justification: form.justification,
        })
    }
}

/// What is asked of exceptions about a finding or a row that cannot be judged.
struct Subject<'a> {
    ids: [Option<&'a str>; 2],
    names: [Option<&'a str>; 2],
    purl: Option<&'a str>,
    path: Option<&'a str>,
    fixable: bool,
}

impl Exception {
    /// What it is about, for people.
    fn named(&self) -> String {
        let parts = [
            ("", &self.vulnerability),
            ("package ", &self.package),
            ("image ", &self.image),
            ("path ", &self.path),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter_map(|(what, glob)| glob.as_ref().map(|glob| format!("{what}{}", glob.as_str())))
            .collect();
        parts.join(", ")
    }

    fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }

    fn about(&self, subject: &Subject<'_>) -> bool {
        let any = |glob: &Option<Glob>, texts: &[Option<&str>]| match glob {
            None => true,
            Some(glob) => texts.iter().flatten().any(|text| glob.matches(text)),
        };
        any(&self.vulnerability, &subject.ids)
            && any(&self.path, &[subject.path])
            && match &self.package {
                Some(glob) if glob.as_str().starts_with("pkg:") => {
                    subject.purl.is_some_and(|purl| fits_purl(glob, purl))
                }
                other => any(other, &subject.names),
            }
    }

    fn suppression(&self, policy: &str) -> Suppression {
        Suppression {
            kind: SuppressionKind::Exception,
            source: policy.to_owned(),
            reason: self.reason.clone(),
            author: self.author.clone(),
            expires_at: self.expires_at,
            until_fixable: self.until_fixable,
            vex_status: self.justification.map(|_| VexStatus::NotAffected),
            vex_justification: self.justification.map(|word| word.as_str().to_owned()),
        }
    }
}

/// A pattern fits a purl whole, without its qualifiers, or without its version: who names no version means all.
fn fits_purl(glob: &Glob, purl: &str) -> bool {
    let bare = purl.split(['?', '#']).next().unwrap_or(purl);
    let unversioned = bare.rsplit_once('@').map_or(bare, |(before, _)| before);
    [purl, bare, unversioned]
        .iter()
        .any(|text| glob.matches(text))
}

/// The exceptions of one policy at work on one report.
pub(crate) struct Exceptions<'a> {
    policy: &'a str,
    all: &'a [Exception],
    now: Timestamp,
    /// Those whose image pattern fits what was scanned, by the vulnerability that they name whole.
    by_vulnerability: HashMap<&'a str, Vec<usize>>,
    /// The others.
    rest: Vec<usize>,
    /// What each was seen to do.
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    other_image: bool,
    suppressed: usize,
    expired: usize,
    fixable: usize,
}

impl<'a> Exceptions<'a> {
    pub(crate) fn new(
        policy: &'a str,
        all: &'a [Exception],
        image: &ImageNames,
        now: Timestamp,
    ) -> Self {
        let mut it = Self {
            policy,
            all,
            now,
            by_vulnerability: HashMap::new(),
            rest: Vec::new(),
            seen: vec![Seen::default(); all.len()],
        };
        for (at, exception) in all.iter().enumerate() {
            if exception
                .image
                .as_ref()
                .is_some_and(|glob| !image.fits(glob))
            {
                if let Some(seen) = it.seen.get_mut(at) {
                    seen.other_image = true;
                }
                continue;
            }
            match exception
                .vulnerability
                .as_ref()
                .filter(|glob| glob.is_literal())
            {
                Some(glob) => it
                    .by_vulnerability
                    .entry(glob.as_str())
                    .or_default()
                    .push(at),
                None => it.rest.push(at),
            }
        }
        it
    }

    /// What says that a finding does not count; `None` when it counts.
    pub(crate) fn of_finding(&mut self, finding: &Finding) -> Option<Suppression> {
        self.first(&Subject {
            ids: [
                Some(finding.vulnerability.as_str()),
                finding.evidence.advisory.as_deref(),
            ],
            names: [Some(&finding.package), Some(&finding.evidence.matched_name)],
            purl: finding.purl.as_deref(),
            path: finding.path.as_deref(),
            fixable: fix_available(finding),
        })
    }

    /// What says that a row that cannot be judged does not count.
    pub(crate) fn of_unjudged(&mut self, row: &CannotJudge) -> Option<Suppression> {
        self.first(&Subject {
            ids: [Some(row.vulnerability.as_str()), None],
            names: [Some(&row.package), None],
            purl: None,
            path: None,
            fixable: false,
        })
    }

    fn first(&mut self, subject: &Subject<'_>) -> Option<Suppression> {
        let mut found: Option<&Exception> = None;
        let named = subject.ids.iter().flatten();
        let candidates: Vec<usize> = named
            .filter_map(|id| self.by_vulnerability.get(id))
            .flatten()
            .chain(&self.rest)
            .copied()
            .collect();
        for at in candidates {
            let (Some(exception), Some(seen)) = (self.all.get(at), self.seen.get_mut(at)) else {
                continue;
            };
            if !exception.about(subject) {
                continue;
            }
            if exception.expired(self.now) {
                seen.expired += 1;
            } else if exception.until_fixable && subject.fixable {
                seen.fixable += 1;
            } else {
                seen.suppressed += 1;
                found = found.or(Some(exception));
            }
        }
        found.map(|exception| exception.suppression(self.policy))
    }

    /// What to tell of them when all findings were asked about.
    pub(crate) fn notices(&self) -> Vec<PolicyNotice> {
        let mut notices = Vec::new();
        for (exception, seen) in self.all.iter().zip(&self.seen) {
            let mut tell = |kind, detail: String| {
                notices.push(PolicyNotice {
                    kind,
                    source: self.policy.to_owned(),
                    detail: format!("exception for {}: {detail}", exception.named()),
                });
            };
            let findings = |number| counted(number, "finding", "findings");
            if let (true, Some(end)) = (exception.expired(self.now), exception.expires_at) {
                let counts = match seen.expired {
                    0 => "nothing here is about it; remove it".to_owned(),
                    number => format!(
                        "{} of it count again; fix them, or decide anew",
                        findings(number)
                    ),
                };
                let last = day(end.plus_ms(-1));
                tell(
                    PolicyNoticeKind::ExceptionExpired,
                    format!("expired on {last}, {counts}"),
                );
                continue;
            }
            if seen.fixable > 0 {
                tell(
                    PolicyNoticeKind::ExceptionFixable,
                    format!(
                        "a fix is there, and {} of it count again; update, and remove it",
                        findings(seen.fixable)
                    ),
                );
            }
            if let Some(end) = exception.expires_at
                && seen.suppressed > 0
                && self.now.plus_ms(EXPIRING_DAYS * DAY_MS) >= end
            {
                let last = day(end.plus_ms(-1));
                tell(
                    PolicyNoticeKind::ExceptionExpiring,
                    format!(
                        "expires on {last}, then {} count",
                        findings(seen.suppressed)
                    ),
                );
            }
            if seen.suppressed + seen.fixable == 0 && !seen.other_image {
                tell(
                    PolicyNoticeKind::ExceptionUnused,
                    "nothing in this scan is about it; remove it if that is so everywhere"
                        .to_owned(),
                );
            }
        }
        notices
    }
}
