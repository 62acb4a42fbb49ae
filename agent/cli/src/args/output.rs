//! What a scan writes, and where.

use std::{fmt, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};

/// What is written.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Form of the report on standard output, or in the file of --output FILE.
    #[arg(long, value_enum, default_value_t = ReportForm::Table)]
    pub format: ReportForm,
    /// File to write the report to; it appears whole or not at all. May be given several times.
    #[arg(
        long,
        value_name = "[FORM=]FILE",
        long_help = "File to write the report to; it appears whole or not at all. May be given several times:\n  \
            --output FILE          writes the form of --format there, and nothing to standard output\n  \
            --output sarif=FILE    writes that form there, beside what goes to standard output"
    )]
    pub output: Vec<Destination>,
}

impl OutputArgs {
    /// What goes where, in the order in which it is written. No file means standard output.
    pub fn destinations(&self) -> Vec<(ReportForm, Option<&PathBuf>)> {
        let mut all: Vec<_> = self
            .output
            .iter()
            .map(|to| (to.form.unwrap_or(self.format), Some(&to.file)))
            .collect();
        if self.output.iter().all(|to| to.form.is_some()) {
            all.push((self.format, None));
        }
        all
    }
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportForm {
    /// For people, in a terminal.
    Table,
    /// All that is known, for scripts (schemas/json/report.schema.json).
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// CycloneDX 1.6: an SBOM with vulnerabilities.
    Cyclonedx,
    /// SPDX 2.3: an SBOM.
    Spdx,
    /// JUnit XML, for whatever shows tests of a build.
    Junit,
    /// One HTML file for people, readable offline.
    Html,
}

/// A file, and the form that is written there when it is not that of `--format`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The form.
    pub form: Option<ReportForm>,
    /// The file.
    pub file: PathBuf,
}

/// Why a text names no destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDestination {
    /// No file follows.
    #[error("no file is named; write FILE or FORM=FILE, such as `sarif=report.sarif`")]
    NoFile,
}

impl FromStr for Destination {
    type Err = InvalidDestination;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A file whose name begins like a form can be written `./json=x`.
        let (form, file) = match text.split_once('=') {
            Some((word, file)) => match ReportForm::from_str(word, true) {
                Ok(form) => (Some(form), file),
                Err(_) => (None, text),
            },
            None => (None, text),
        };
        if file.is_empty() {
            return Err(InvalidDestination::NoFile);
        }
        Ok(Self {
            form,
            file: file.into(),
        })
    }
}

impl fmt::Display for ReportForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_possible_value() {
            Some(value) => f.write_str(value.get_name()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(format: ReportForm, output: &[&str]) -> OutputArgs {
        OutputArgs {
            format,
            output: output.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_file_alone_takes_what_standard_output_would_get() {
        let one = args(ReportForm::Json, &["report.json"]);
        let file = PathBuf::from("report.json");
        assert_eq!(one.destinations(), [(ReportForm::Json, Some(&file))]);
    }

    #[test]
    fn forms_with_files_come_beside_standard_output() {
        let several = args(ReportForm::Table, &["sarif=a=b.sarif", "HTML=r.html"]);
        let (sarif, html) = (PathBuf::from("a=b.sarif"), PathBuf::from("r.html"));
        assert_eq!(
            several.destinations(),
            [
                (ReportForm::Sarif, Some(&sarif)),
                (ReportForm::Html, Some(&html)),
                (ReportForm::Table, None)
            ]
        );
    }

    #[test]
    fn what_names_no_form_is_a_file() {
        let to: Destination = "build=7/report".parse().unwrap();
        assert_eq!((to.form, to.file), (None, PathBuf::from("build=7/report")));
        assert!("sarif=".parse::<Destination>().is_err());
        assert!("".parse::<Destination>().is_err());
    }
}
