//! `cost`: prints the monthly bill of estates of several sizes.
//!
//! `cost` prints it by what was measured last; `cost measure FILE` measures anew and writes that to a file; `cost write
//! FILE` puts the table into its place in a document.

use std::{io::Write as _, path::Path};

use anyhow::{Context as _, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => print(&cost::table::markdown(&cost::bills()?)),
        ["measure", file] => measure(Path::new(file)),
        ["write", file] => write(Path::new(file)),
        _ => bail!("cost takes nothing, `measure FILE` or `write FILE`"),
    }
}

fn print(text: &str) -> Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

fn measure(file: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let measured = runtime.block_on(cost::measure::measure())?;
    let mut text = String::from(
        "# What each event asks of the services. Written by `make cost-measure`; not to be changed by hand.\n\n",
    );
    text.push_str(&toml::to_string_pretty(&measured)?);
    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

fn write(file: &Path) -> Result<()> {
    let table = cost::table::markdown(&cost::bills()?);
    let before = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let after = cost::table::replaced(&before, &table)?;
    if after != before {
        std::fs::write(file, after)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    print(&table)
}
