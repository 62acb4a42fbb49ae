//! A scan's report in the forms that other tools read: SARIF 2.1.0, CycloneDX 1.6, SPDX 2.3, JUnit XML, and HTML for
//! people.
//!
//! Every form is a function of the report alone: the same report gives the same bytes, identifiers included. What is
//! written is streamed, so that a report of fifty thousand findings needs little more memory than itself. Names,
//! versions and texts come from images and feeds and are taken to be hostile in every form. And no form looks clean
//! when something was not read: each says where its readers look what is missing.

mod cyclonedx;
mod html;
mod identity;
mod junit;
mod links;
mod sarif;
mod spdx;
mod stream;
pub mod text;
mod upstream;
pub mod words;
mod xml;

use std::io::{self, Write};

use schemas::report::Report;

/// The forms that a report can have beside JSON and a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// CycloneDX 1.6 as JSON: what is in it, and what is wrong with that.
    CycloneDx,
    /// SPDX 2.3 as JSON: what is in it.
    Spdx,
    /// JUnit XML, for whatever shows tests of a build.
    Junit,
    /// One HTML file that needs nothing else.
    Html,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Sarif,
        Self::CycloneDx,
        Self::Spdx,
        Self::Junit,
        Self::Html,
    ];
}

/// Writes a report in a form.
///
/// # Errors
/// When the writer fails.
pub fn write(report: &Report, form: Form, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Sarif => sarif::write(report, out),
        Form::CycloneDx => cyclonedx::write(report, out),
        Form::Spdx => spdx::write(report, out),
        Form::Junit => junit::write(report, out),
        Form::Html => html::write(report, out),
    }
}
