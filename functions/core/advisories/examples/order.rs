//! Orders pairs of versions: `order ECOSYSTEM`, lines of `A B` on standard input, one of `<`, `=`, `>`
//! a line on standard output.
//!
//! A line that does not hold two fields is named on standard error and answered with `?`, so that the
//! answers stay beside their lines; the exit code is then 2.

use std::cmp::Ordering;
use std::io::{self, BufRead, BufWriter, Write};
use std::process::ExitCode;

use advisories::version::VersionScheme;

/// Exit code for wrong arguments and malformed lines.
const WRONG_INPUT: u8 = 2;

fn main() -> ExitCode {
    let mut stderr = io::stderr().lock();
    let mut arguments = std::env::args().skip(1);
    let scheme = match (arguments.next(), arguments.next()) {
        (Some(name), None) => match name.parse::<VersionScheme>() {
            Ok(scheme) => scheme,
            Err(error) => return complain(&mut stderr, &error.to_string()),
        },
        _ => {
            let names: Vec<&str> = VersionScheme::ALL.iter().map(|s| s.name()).collect();
            let usage = format!("usage: order {} < PAIRS", names.join("|"));
            return complain(&mut stderr, &usage);
        }
    };
    match order_lines(scheme, io::stdin().lock(), io::stdout().lock(), &mut stderr) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(WRONG_INPUT),
        // The reader of the answers has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&mut stderr, &error.to_string()),
    }
}

/// Answers every line; false when one of them was malformed.
fn order_lines(
    scheme: VersionScheme,
    mut input: impl BufRead,
    output: impl Write,
    errors: &mut impl Write,
) -> io::Result<bool> {
    let mut output = BufWriter::new(output);
    let mut line = Vec::new();
    let mut all_well = true;
    for number in 1u64.. {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let answer = match order_line(scheme, &line) {
            Ok(Ordering::Less) => "<",
            Ok(Ordering::Equal) => "=",
            Ok(Ordering::Greater) => ">",
            Err(reason) => {
                all_well = false;
                writeln!(errors, "line {number}: {reason}")?;
                "?"
            }
        };
        writeln!(output, "{answer}")?;
    }
    output.flush()?;
    Ok(all_well)
}

fn order_line(scheme: VersionScheme, line: &[u8]) -> Result<Ordering, String> {
    let line = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let mut fields = line.split_ascii_whitespace();
    match (fields.next(), fields.next(), fields.count()) {
        (Some(a), Some(b), 0) => Ok(scheme.order(a, b)),
        (a, b, more) => {
            let count = usize::from(a.is_some()) + usize::from(b.is_some()) + more;
            Err(format!("expected two versions, found {count} fields"))
        }
    }
}

fn complain(errors: &mut impl Write, message: &str) -> ExitCode {
    // Nothing is left to tell when standard error is closed; the exit code says it.
    let _ = writeln!(errors, "order: {message}");
    ExitCode::from(WRONG_INPUT)
}
