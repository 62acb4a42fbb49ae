//! Reads a source and prints its inventory as JSON: `read dir|archive|oci|host|inventory|stream PATH [TAG]`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{error::Error, path::PathBuf};

use inventory::{
    Source,
    image::{Options, read_archive_stream},
    read,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, path, rest @ ..] = &arguments[..] else {
        return Err("usage: read dir|archive|oci|host|inventory|stream PATH [TAG]".into());
    };
    let path = PathBuf::from(path);
    let mut options = Options::default();
    options.choice.reference = rest.first().cloned();
    let source = match kind.as_str() {
        "dir" => Source::Folder(path),
        "archive" => Source::Archive(path),
        "oci" => Source::Oci(path),
        "host" => Source::Host {
            root: path,
            name: "host".to_owned(),
        },
        "inventory" => Source::Document(path),
        "stream" => {
            let image = read_archive_stream(&mut std::fs::File::open(path)?, &options)?;
            println!("{}", serde_json::to_string_pretty(&image.inventory())?);
            return Ok(());
        }
        other => return Err(format!("no source is called {other}").into()),
    };
    println!(
        "{}",
        serde_json::to_string_pretty(&read(&source, &options)?)?
    );
    Ok(())
}
