//! Measures the program itself, as users run it, on images made of Debian packages: `scan_bench BULKHEAD FOLDER [FEEDS]`.
//! FOLDER keeps the images from one run to the next. Every figure stands beside its limit or a peer of the same run.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod images;
mod measure;

use std::{error::Error, path::Path};

use images::{Image, debian_image, empty_files};
use measure::{Run, median, peer, run};

/// Runs that a figure is the median of.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (program, folder, feeds) = match arguments.as_slice() {
        [program, folder] => (program, folder, None),
        [program, folder, feeds] => (program, folder, Some(feeds.as_str())),
        _ => return Err("usage: scan_bench BULKHEAD FOLDER [FEEDS]".into()),
    };
    let (program, folder) = (Path::new(program), Path::new(folder));
    std::fs::create_dir_all(folder)?;
    start(program, folder)?;
    let name = program.to_str().ok_or("a path that is no text")?;
    if let Some(image) = empty_files(folder, 3_000_000)? {
        let figures = scans(&[name], folder, &image, &["--no-cache"], feeds, 1)?;
        println!(
            "three million empty files: {:.1} s, {:.2} of the limit of 8 s; {} MB, {:.2} of the limit of 100 MB",
            figures.seconds,
            figures.seconds / 8.0,
            figures.peak_mb(),
            f64::from(figures.peak_mb()) / 100.0,
        );
    }
    println!(
        "{:<22} {:>8} {:>8} {:>8} {:>6} {:>7} {:>8} {:>7}",
        "image of Debian", "gzip|tar", "1 cpu", "all", "scales", "of peer", "peak MB", "again"
    );
    for (title, layers, megabytes) in [
        ("200 MB, one layer", 1, 200),
        ("800 MB, four layers", 4, 200),
        ("2 GB, eight layers", 8, 250),
    ] {
        let Some(image) = debian_image(folder, title, layers, megabytes)? else {
            println!("skipped: images of Debian packages need apt-get and dpkg-deb");
            break;
        };
        let other = peer(&image.blobs, 3)?;
        // One reader alone uses two processors, as it unpacks and reads at once: so it is held to one.
        let one = scans(
            &["taskset", "-c", "0", name],
            folder,
            &image,
            &["--no-cache"],
            feeds,
            3,
        )?;
        let two = scans(&[name], folder, &image, &["--no-cache"], feeds, 3)?;
        let cache = tempfile::tempdir()?;
        let cached = [
            "--cache-dir",
            cache.path().to_str().ok_or("a path that is no text")?,
        ];
        scans(&[name], folder, &image, &cached, feeds, 1)?;
        let again = scans(&[name], folder, &image, &cached, feeds, RUNS)?;
        println!(
            "{title:<22} {other:>6.2} s {:>6.2} s {:>6.2} s {:>6.2} {:>7.2} {:>8} {:>4} ms",
            one.seconds,
            two.seconds,
            one.seconds / two.seconds,
            two.seconds / other,
            two.peak_mb(),
            (again.seconds * 1e3).round(),
        );
    }
    println!(
        "limits: scales 1.7 or more (several layers, two processors), again 100 ms, memory 100 MB"
    );
    Ok(())
}

/// How soon the program is at work, and its size.
fn start(program: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let empty = folder.join("empty");
    std::fs::create_dir_all(&empty)?;
    let arguments = ["scan".into(), format!("dir:{}", empty.display())];
    let runs = (0..4 * RUNS)
        .map(|_| run(program, &arguments))
        .collect::<Result<Vec<_>, _>>()?;
    let figures = median(runs);
    println!(
        "start to end of a scan of nothing: {:.1} ms, {:.2} of the limit of 20 ms",
        figures.seconds * 1e3,
        figures.seconds * 1e3 / 20.0
    );
    let megabytes = std::fs::metadata(program)?.len() as f64 / 1e6;
    println!(
        "the program: {megabytes:.1} MB, {:.2} of the limit of 25 MB",
        megabytes / 25.0
    );
    Ok(())
}

fn scans(
    program: &[&str],
    folder: &Path,
    image: &Image,
    more: &[&str],
    feeds: Option<&str>,
    times: usize,
) -> Result<Run, Box<dyn Error>> {
    let report = folder.join("report.json");
    let (program, before) = program.split_first().ok_or("no program")?;
    let mut arguments: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
    arguments.extend([
        "scan".to_owned(),
        format!("oci:{}", image.layout.display()),
        "--format".to_owned(),
        "json".to_owned(),
        "--output".to_owned(),
        report.display().to_string(),
    ]);
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    if let Some(feeds) = feeds {
        arguments.extend(["--feeds".to_owned(), feeds.to_owned()]);
    }
    let mut runs = Vec::new();
    for _ in 0..times {
        runs.push(run(Path::new(program), &arguments)?);
    }
    // A figure of a scan that found nothing would be worth nothing.
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&report)?)?;
    let packages = report
        .get("packages")
        .and_then(|packages| packages.as_array())
        .map_or(0, Vec::len);
    if packages < image.packages {
        return Err(format!(
            "{packages} packages were found, {} are there",
            image.packages
        )
        .into());
    }
    Ok(median(runs))
}
