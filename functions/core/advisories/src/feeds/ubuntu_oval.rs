//! Ubuntu's OVAL definitions of CVEs: one document a release, with what is fixed and what is not.
//!
//! Source: `https://security-metadata.canonical.com/oval/`, `com.ubuntu.<RELEASE>.cve.oval.xml`. What decides is said in
//! the comments of the criteria, by source package; the tests beneath spell out its binaries. The documents of notices
//! (`usn`) name no source package and say nothing that those of CVEs do not, so they are passed over and counted.

use std::borrow::Cow;

use schemas::advisory::AdvisoryStatus;

use super::{
    Document, Feed, FeedError, Sink, is_cve, one_line,
    oval::{is_oval, made_at},
    ubuntu::{Issue, Pocket, place, row, status},
    xml::{self, Element},
};

/// The feed's name.
pub(super) const NAME: &str = "ubuntu-oval";

/// Ubuntu's OVAL definitions.
pub(super) struct UbuntuOval;

impl Feed for UbuntuOval {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        is_oval(document.bytes, &["oval:com.ubuntu."])
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        if let Some(moment) = made_at(document.bytes) {
            sink.as_of(moment);
        }
        let mut count = 0u64;
        xml::each(document.bytes, &["definition"], &mut |definition| {
            count += 1;
            one(&definition, sink);
        })?;
        match count {
            0 => Err(FeedError::Empty),
            _ => Ok(()),
        }
    }
}

fn one(definition: &Element, sink: &mut dyn Sink) {
    let (Some(id), Some(metadata)) = (definition.attribute("id"), definition.child("metadata"))
    else {
        sink.problem("a definition", "it has no id or no metadata");
        return;
    };
    match definition.attribute("class") {
        Some("vulnerability") => {}
        // Every document begins with the check of the release itself.
        Some("inventory") => return,
        _ => {
            sink.not_judged("ubuntu notices without source packages");
            return;
        }
    }
    // `oval:com.ubuntu.jammy:def:…`, `oval:com.ubuntu.esm-infra_xenial:def:…`
    let at = id
        .strip_prefix("oval:com.ubuntu.")
        .and_then(|rest| rest.split(':').next())
        .map(|at| at.replace('_', "/"));
    let title = metadata.text_of("title").unwrap_or_default();
    let special = ["FIPS", "Realtime", "Livepatch"]
        .iter()
        .any(|word| title.contains(word));
    let (release, pocket) = match at.as_deref().and_then(place) {
        Some(found) if found.1 != Pocket::Other && !special => found,
        _ => {
            sink.not_judged("ubuntu kernels and modules of their own pockets");
            return;
        }
    };
    let advisory = metadata.child("advisory");
    let cve = advisory.and_then(|advisory| advisory.child("cve"));
    let own = title.split(' ').next().filter(|id| is_cve(id));
    let description = metadata.text_of("description").unwrap_or_default();
    // The instructions that follow are a list of packages.
    let text = description
        .split("Update Instructions:")
        .next()
        .unwrap_or_default();
    let score = cve.and_then(|cve| cve.attribute("cvss_score")?.parse::<f32>().ok());
    let vector = cve.and_then(|cve| cve.attribute("cvss_vector"));
    let word = cve
        .and_then(|cve| cve.attribute("priority"))
        .or_else(|| advisory.and_then(|advisory| advisory.text_of("severity")));
    let mut comments = Vec::new();
    for criteria in definition.all("criteria") {
        collect(criteria, &mut comments);
    }
    for comment in comments {
        // Documents by package name the vulnerability first: `(CVE-2023-48795) libssh package in …`.
        let named = comment
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(") "))
            .filter(|(id, _)| is_cve(id));
        let (id, comment) = match (named, own) {
            (Some((id, rest)), _) => (id, rest),
            (None, Some(own)) => (own, comment),
            (None, None) => continue,
        };
        let Some((source, said, version)) = verdict(comment) else {
            sink.problem(&format!("{id} {comment}"), "words that are not known");
            continue;
        };
        let issue = Issue {
            id,
            summary: one_line(text).filter(|_| own.is_some()).map(Cow::Owned),
            cvss: vector
                .filter(|_| own.is_some())
                .map(|vector| (score, vector)),
            ..Issue::default()
        };
        row(
            &issue,
            (release, pocket),
            source,
            (said, version),
            word.filter(|_| own.is_some()),
            sink,
        );
    }
}

fn collect<'e>(criteria: &'e Element, comments: &mut Vec<&'e str>) {
    for child in &criteria.children {
        match child.name.as_str() {
            "criterion" => comments.extend(child.attribute("comment")),
            "criteria" => collect(child, comments),
            _ => {}
        }
    }
}

/// The source package, what is said of it, and the version that fixes it.
fn verdict(comment: &str) -> Option<(&str, AdvisoryStatus, Option<&str>)> {
    let (before, rest) = comment.split_once(" package in ")?;
    // `The openssh package in …`, `While related to the CVE in some way, the 'x' package in …`
    let source = before.rsplit(' ').next()?.trim_matches('\'');
    let (note, words) = match rest.split_once("(note: '") {
        Some((words, note)) => (note.split('\'').next(), words),
        None => (None, rest),
    };
    let remark = note.unwrap_or_default();
    let has = |text: &str| words.contains(text);
    let word = if has("has been fixed") {
        "released"
    } else if has("decision has been made to ignore") {
        "ignored"
    } else if has("decision has been made to defer") {
        "deferred"
    } else if has("is pending publication") {
        "pending"
    } else if has("is affected and needs fixing") {
        "needed"
    } else if has("may need fixing") || has("is not known") {
        "needs-triage"
    } else if has("not affected") {
        "not-affected"
    } else {
        return None;
    };
    let said = status(word, remark)?;
    let version = note.filter(|_| said == AdvisoryStatus::Fixed);
    Some((source, said, version))
}
