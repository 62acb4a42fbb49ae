//! HTML for people: one file that asks nothing of the network, sorts and filters by a script of its own, and can be read
//! without it.
//!
//! The page forbids itself everything but its own two scripts and its style, by their hashes (source: W3C "Content
//! Security Policy Level 3"), so that nothing that slipped into it could run or fetch. What is not read comes first.

mod findings;
mod parts;

use std::io::{self, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use schemas::report::Report;
use sha2::{Digest as _, Sha256};

use crate::{words, xml::Escaped};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Tells the style that the script will come.
const MARK: &str = "document.documentElement.classList.add(\"js\");";

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {} {}; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{} – vulnerabilities</title>\n",
        hash(STYLE),
        hash(MARK),
        hash(SCRIPT),
        Escaped(&report.target.name),
    )?;
    write!(
        out,
        "<style>{STYLE}</style>\n<script>{MARK}</script>\n</head>\n<body>\n<header>\n"
    )?;
    write!(
        out,
        "<p class=\"faint\">Bulkhead report of {} {}</p>\n<h1>{}</h1>\n",
        article(words::target(report.target.kind)),
        words::target(report.target.kind),
        Escaped(&report.target.name)
    )?;
    parts::facts(report, out)?;
    out.write_all(b"</header>\n<main>\n")?;
    parts::coverage(report, out)?;
    parts::policy(report, out)?;
    parts::counts(report, out)?;
    parts::remedies(report, out)?;
    findings::findings(report, out)?;
    findings::suppressed(report, out)?;
    findings::cannot_judge(report, out)?;
    parts::feeds(report, out)?;
    write!(
        out,
        "</main>\n<footer>Made by Bulkhead {} at {}. This file needs no network and sends nothing.</footer>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n",
        Escaped(&report.software),
        report.scanned_at
    )
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// What the page's policy allows: the text between the tags, byte by byte.
fn hash(content: &str) -> String {
    format!(
        "'sha256-{}'",
        STANDARD.encode(Sha256::digest(content.as_bytes()))
    )
}
