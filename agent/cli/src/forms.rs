//! A report in the forms that it can have.

use std::{
    io::{self, Write},
    path::Path,
};

use report::Form;
use schemas::report::Report;

use crate::{
    args::{OutputArgs, ReportForm},
    exit::Failure,
    output::{self, Look},
    table,
};

/// Checks before any work that all files could be written.
///
/// # Errors
/// When one cannot be, or two reports would go to one file.
pub fn check(args: &OutputArgs) -> Result<(), Failure> {
    for (at, to) in args.output.iter().enumerate() {
        output::check(&to.file)?;
        if args
            .output
            .iter()
            .take(at)
            .any(|other| other.file == to.file)
        {
            let error = anyhow::anyhow!("write {}: two reports would go there", to.file.display());
            return Err(Failure::input(error).advise("give each --output a file of its own"));
        }
    }
    Ok(())
}

/// Writes the report wherever it is wanted.
///
/// # Errors
/// When a file or standard output cannot be written.
pub fn write(report: &Report, args: &OutputArgs) -> Result<(), Failure> {
    for (form, file) in args.destinations() {
        let file = file.map(std::path::PathBuf::as_path);
        output::write_with(file, |out| write_form(report, form, file, out))?;
    }
    Ok(())
}

fn write_form(
    report: &Report,
    form: ReportForm,
    file: Option<&Path>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let form = match form {
        ReportForm::Table => {
            return out.write_all(table::render_report(report, Look::of(file)).as_bytes());
        }
        ReportForm::Json => {
            serde_json::to_writer_pretty(&mut *out, report)?;
            return out.write_all(b"\n");
        }
        ReportForm::Sarif => Form::Sarif,
        ReportForm::Cyclonedx => Form::CycloneDx,
        ReportForm::Spdx => Form::Spdx,
        ReportForm::Junit => Form::Junit,
        ReportForm::Html => Form::Html,
    };
    report::write(report, form, out)
}
