//! The project's own programs, built once with the profile of the tests.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use anyhow::{Context, Result, ensure};

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// The workspace's root.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// Path of one of the project's programs, built if it is stale.
///
/// # Errors
/// When the build fails.
pub fn program(name: &str) -> Result<PathBuf> {
    let folder = match FOLDER.get() {
        Some(folder) => folder.clone(),
        None => {
            let folder = build()?;
            FOLDER.get_or_init(|| folder).clone()
        }
    };
    let path = folder.join(name);
    ensure!(path.exists(), "{} was not built", path.display());
    Ok(path)
}

fn build() -> Result<PathBuf> {
    // The tests' own program lies in `<target>/<profile>/deps`.
    let own = std::env::current_exe().context("path of the test program")?;
    let folder = own
        .parent()
        .and_then(Path::parent)
        .map(Path::to_path_buf)
        .context("folder of the test program")?;
    // Whoever has built just before says so; asking cargo again costs seconds.
    if std::env::var_os("BULKHEAD_TEST_BUILT").is_some() {
        return Ok(folder);
    }
    let mut cargo = Command::new(env!("CARGO"));
    // The same selection as that of `cargo test --workspace`: with another, features differ and much is compiled again.
    cargo.args([
        "build",
        "--locked",
        "--offline",
        "--workspace",
        "--bins",
        "--tests",
    ]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    for (name, _) in std::env::vars_os() {
        if is_of_a_package(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    let output = cargo
        .current_dir(workspace())
        .output()
        .context("cargo build")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(folder)
}

/// Whether cargo sets a variable for the programs that it runs, to say which package they are of. Build scripts ask for some
/// of these and are then run again whenever they differ (ring's is one), and with them whatever is built on them is compiled
/// again: here, and once more by the next command of a shell.
fn is_of_a_package(name: &str) -> bool {
    let kinds = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CFG_"];
    let alone = [
        "CARGO",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    alone.contains(&name) || kinds.iter().any(|kind| name.starts_with(kind))
}

/// Runs a program to its end and returns what it printed.
///
/// # Errors
/// When it cannot be started, or ends with another exit code than 0; the error holds what it wrote.
pub fn run(command: &mut Command) -> Result<String> {
    let output = finish(command)?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program to its end, however it ends.
///
/// # Errors
/// When it cannot be started.
pub fn finish(command: &mut Command) -> Result<Output> {
    command
        .output()
        .with_context(|| format!("start {command:?}"))
}

#[cfg(test)]
mod tests {
    use super::is_of_a_package;

    #[test]
    fn what_people_set_for_cargo_stays() {
        for gone in [
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "CARGO_BIN_EXE_x",
            "OUT_DIR",
        ] {
            assert!(is_of_a_package(gone), "{gone}");
        }
        for kept in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_INCREMENTAL",
            "CARGO_BUILD_JOBS",
            "PATH",
        ] {
            assert!(!is_of_a_package(kept), "{kept}");
        }
    }
}
