//! Where results go: standard output or a file that appears whole or not at all.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::exit::Failure;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 64 * 1024;

/// Writes a result.
///
/// A reader that has had enough (`bulkhead … | head`) is no error.
///
/// # Errors
/// When the file or standard output cannot be written.
pub fn write(to: Option<&Path>, content: &[u8]) -> Result<(), Failure> {
    write_with(to, |out| out.write_all(content))
}

/// Writes a result that is made while it is written.
///
/// # Errors
/// When the file or standard output cannot be written.
pub fn write_with(
    to: Option<&Path>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    match to {
        Some(file) => write_file(file, content)
            .with_context(|| format!("write {}", file.display()))
            .map_err(Failure::input),
        None => {
            let mut stdout = io::BufWriter::with_capacity(BUFFER, io::stdout().lock());
            match content(&mut stdout).and_then(|()| stdout.flush()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::input(
                    anyhow::Error::new(error).context("write to standard output"),
                )),
                _ => Ok(()),
            }
        }
    }
}

/// Writes a message for people to standard error; one that cannot be written is lost.
pub fn tell(message: &str) {
    let _ = io::stderr().lock().write_all(message.as_bytes());
}

/// Checks before any work that the file could be written.
///
/// # Errors
/// When its folder does not exist or the file is a folder.
pub fn check(file: &Path) -> Result<(), Failure> {
    if file.is_dir() {
        let error = anyhow::anyhow!("write {}: it is a folder", file.display());
        return Err(Failure::input(error).advise("name a file with --output"));
    }
    let folder = folder_of(file);
    if !folder.is_dir() {
        let error = anyhow::anyhow!(
            "write {}: there is no folder {}",
            file.display(),
            folder.display()
        );
        return Err(Failure::input(error).advise("make the folder first"));
    }
    Ok(())
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn write_file(
    file: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // What a link names is replaced, not the link; and a pipe or device takes bytes and cannot be replaced.
    let file = match std::fs::canonicalize(file) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => file.to_owned(),
        Err(error) => return Err(error),
    };
    if std::fs::metadata(&file).is_ok_and(|facts| !facts.is_file()) {
        let device = std::fs::OpenOptions::new().write(true).open(&file)?;
        let mut device = io::BufWriter::with_capacity(BUFFER, device);
        content(&mut device)?;
        return device.flush();
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bulkhead-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the process's mask takes away what the user does not want.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut part = builder.tempfile_in(folder_of(&file))?;
    let mut buffer = io::BufWriter::with_capacity(BUFFER, &mut part);
    content(&mut buffer)?;
    buffer.flush()?;
    drop(buffer);
    part.as_file().sync_all()?;
    part.persist(&file).map_err(|failed| failed.error)?;
    Ok(())
}

/// How a table may look where it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal; `None` where lines may be of any length.
    pub width: Option<u16>,
    /// Whether colours are wanted.
    pub colour: bool,
}

impl Look {
    /// The look for standard output, or for a file.
    pub fn of(to: Option<&Path>) -> Self {
        if to.is_some() || !io::stdout().is_terminal() {
            return Self::default();
        }
        // Source: no-color.org; set and not empty means no colours.
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|value| value != "dumb");
        Self {
            width: comfy_table::Table::new()
                .width()
                .filter(|width| *width >= 40),
            colour: wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json");
        std::fs::write(&file, "old").unwrap();
        write(Some(&file), b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_told_before_any_work() {
        let folder = tempfile::tempdir().unwrap();
        let failure = check(&folder.path().join("no/report.json")).unwrap_err();
        assert!(
            failure.text().contains("there is no folder"),
            "{}",
            failure.text()
        );
        assert!(
            check(folder.path())
                .unwrap_err()
                .text()
                .contains("it is a folder")
        );
        check(&folder.path().join("report.json")).unwrap();
    }
}
