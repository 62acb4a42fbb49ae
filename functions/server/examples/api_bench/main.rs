//! Measures the API of a real server over real sockets, with 100,000 findings in 10,000 images and on 1,000 hosts, for people
//! of several roles: lists and the ranked view while requests arrive independently, how many mixed reads a second it answers
//! at most, how fast a webhook is queued, and whether memory stays flat.
//!
//! `cargo run --release -p server --example api_bench -- BULKHEAD_SERVER [FOLDER [HOSTS]]`; the estate is made in the folder,
//! where a later run finds it, or in one that goes away, with ten images for each of 1,000 hosts. `SOAK_S` is how long the part
//! takes that watches memory, 60 seconds without it, and `PART_S` each of the others, 15 seconds without it.
//!
//! Requests arrive at moments that nobody's answer moves (a Poisson process), and latencies count from those moments: while a
//! server is slow, whoever would have come meanwhile waits, too. Server and load share this machine's cores.

mod estate;
mod load;
mod people;
mod served;

use std::{
    collections::BTreeMap,
    io::{Write, stdout},
    path::PathBuf,
    time::Duration,
};

use load::{Load, Outcome, Question};
use people::People;
use served::Served;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Requests per second of lists and the ranked view, and what their 99th percentile may take.
const LISTS_PER_S: f64 = 1_000.0;
const LISTS_P99_MS: f64 = 15.0;
/// Mixed reads per second that are to be answered before saturation.
const READS_PER_S: f64 = 3_000.0;
/// Deliveries of webhooks, each of another push, how many of them arrive per second, and what the 99th percentile of queueing them may take.
const WEBHOOKS: usize = 1_500;
const WEBHOOKS_PER_S: f64 = 100.0;
const WEBHOOK_P99_MS: f64 = 10.0;
/// Requests of each kind whose processor time is measured: it is told in hundredths of a second.
const IN_TURN: usize = 2_000;
/// Mixed reads per second of the soak, and how much more memory may be held at its end than after its first quarter.
const SOAK_PER_S: f64 = 500.0;
const SOAK_GROWTH: f64 = 1.10;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let server = arguments
        .next()
        .ok_or("which bulkhead-server is measured?")?;
    let made = tempfile::tempdir()?;
    let folder = arguments.next().unwrap_or_else(|| made.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let seconds = |name: &str, default| -> Result<Duration, Failure> {
        let text = std::env::var(name).ok();
        let seconds = text.map_or(Ok(default), |text| text.parse())?;
        Ok(Duration::from_secs(seconds))
    };
    let (part, soak) = (seconds("PART_S", 15)?, seconds("SOAK_S", 60)?);
    let hosts = arguments.next().map(|text| text.to_string_lossy().parse());
    let told = estate::prepare(&server, &folder, hosts.unwrap_or(Ok(1_000))?)?;
    writeln!(stdout(), "{told}")?;
    // One thread makes all the load: what it takes, the server lacks.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, measure(&server, &folder, part, soak))
}

async fn measure(
    server: &std::path::Path,
    folder: &std::path::Path,
    length: Duration,
    soak: Duration,
) -> Result<(), Failure> {
    let served = Served::start(server, folder)?;
    let people = People::sign_in(served.address, folder).await?;
    let load = Load::connect(served.address).await?;
    let lists = people.lists();
    let reads = people.mixed_reads();
    // Whatever is remembered is read first.
    load.arriving(&reads, 200.0, Duration::from_secs(5)).await?;

    costs(&served, &reads).await?;

    let outcome = part(
        &served,
        "lists and the ranked view at 1,000/s",
        async || load.arriving(&lists, LISTS_PER_S, length).await,
    );
    let outcome = outcome.await?;
    outcome.print()?;
    ratio("99th percentile", outcome.p99_ms(), LISTS_P99_MS, "ms")?;

    let outcome = part(&served, "mixed reads at 3,000/s", async || {
        load.arriving(&reads, READS_PER_S, length).await
    });
    outcome.await?.print()?;
    let outcome = part(
        &served,
        "mixed reads, as many as are answered",
        async || load.saturating(&reads, length).await,
    );
    let per_s = outcome.await?.per_s();
    writeln!(
        stdout(),
        "  {per_s:.0}/s; {:.2} of the {READS_PER_S:.0}/s wanted (more is better)",
        per_s / READS_PER_S
    )?;

    let name = format!("mixed reads at {SOAK_PER_S:.0}/s for {} s", soak.as_secs());
    let memory = served.watch_memory();
    let outcome = part(&served, &name, async || {
        load.arriving(&reads, SOAK_PER_S, soak).await
    });
    outcome.await?.print()?;
    let seen = memory.end();
    let (early, late) = (seen.early(), seen.late());
    writeln!(
        stdout(),
        "  memory: {:.0} MB after the first quarter, {:.0} MB in the last one, {:.0} MB at most",
        early / 1e6,
        late / 1e6,
        seen.most() / 1e6
    )?;
    ratio("growth", late / early, SOAK_GROWTH, "times")?;

    // Last, since what the webhooks queued is still worked on afterwards.
    let hook = people.webhook(served.address).await?;
    let deliveries: Vec<_> = (0..WEBHOOKS).map(|number| hook.delivery(number)).collect();
    let outcome = part(&served, "webhooks at 100/s", async || {
        load.each_arriving(deliveries, WEBHOOKS_PER_S).await
    });
    let outcome = outcome.await?;
    outcome.print()?;
    ratio("99th percentile", outcome.p99_ms(), WEBHOOK_P99_MS, "ms")
}

/// Says what requests of each kind take of the processors, one after the other: beside other work on the same machine, that
/// says more than how long they take.
async fn costs(served: &Served, reads: &[Question]) -> Result<(), Failure> {
    writeln!(
        stdout(),
        "processor time of the server, one request after the other"
    )?;
    let mut of: BTreeMap<&str, Vec<&Question>> = BTreeMap::new();
    for question in reads {
        of.entry(question.kind).or_default().push(question);
    }
    for (kind, questions) in of {
        let before = served.cpu_s()?;
        Load::in_turn(served.address, &questions, IN_TURN).await?;
        let each_ms = (served.cpu_s()? - before) * 1e3 / f64::from(u32::try_from(IN_TURN)?);
        writeln!(stdout(), "  {kind:<34} {each_ms:>7.3} ms")?;
    }
    Ok(())
}

/// Runs one part, and says what it took of the processors.
async fn part(
    served: &Served,
    name: &str,
    run: impl AsyncFnOnce() -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    writeln!(stdout(), "{name}")?;
    let (server, own) = (served.cpu_s()?, served::own_cpu_s()?);
    let outcome = run().await?;
    let (server, own) = (served.cpu_s()? - server, served::own_cpu_s()? - own);
    let answered = outcome.count() - outcome.left();
    writeln!(
        stdout(),
        "  {answered} answered in {:.1} s; processor: {server:.1} s by the server, {own:.1} s by the load",
        outcome.took_s()
    )?;
    if outcome.left() > 0 {
        let left = outcome.left();
        writeln!(stdout(), "  saturated: {left} more were still waiting")?;
    }
    Ok(outcome)
}

fn ratio(what: &str, value: f64, limit: f64, unit: &str) -> Result<(), Failure> {
    let ratio = value / limit;
    writeln!(
        stdout(),
        "  {what} {value:.2} {unit}; {ratio:.2} of the {limit} {unit} allowed"
    )?;
    Ok(())
}
