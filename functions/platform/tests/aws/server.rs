//! A server that speaks Amazon's protocols, with a table and a key of this run.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use platform::aws::{AwsDepot, AwsSettings, Clients, assemble, provision};
use platform::conformance::Subject;
use platform::ports::Clock;
use platform::{Embedded, ManualClock, Platform, SystemClock};

/// Which of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    First,
    Second,
    /// One that has S3 only, and checks what is signed.
    Strict,
}

/// A server with what the adapter needs on it.
pub(crate) struct Server {
    /// Beside the ports that are tested stand those of the embedded platform.
    _dir: tempfile::TempDir,
    pub(crate) platform: Platform,
    pub(crate) depot: AwsDepot,
    pub(crate) settings: AwsSettings,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) run: String,
}

/// A name that no other run has.
fn fresh_run() -> String {
    let mut bytes = [0_u8; 6];
    getrandom::fill(&mut bytes).unwrap();
    hex::encode(bytes)
}

/// The address in a variable.
pub(crate) fn endpoint(which: Which) -> Option<String> {
    let name = match which {
        Which::First => "BULKHEAD_TEST_AWS",
        Which::Second => "BULKHEAD_TEST_AWS_SECOND",
        Which::Strict => "BULKHEAD_TEST_S3",
    };
    let found = std::env::var(name).ok().filter(|at| !at.is_empty());
    if found.is_none() {
        // Where servers were started for the tests, one that is missing is a failure.
        let why = format!("{name} is not set (make test-aws sets it)");
        at_hand::missing(at_hand::Need::Aws, &why);
    }
    found
}

/// Clients of a server at this address.
pub(crate) async fn clients(endpoint: &str) -> (AwsSettings, Clients) {
    let run = fresh_run();
    let settings = AwsSettings {
        table: format!("conformance-{run}"),
        bucket: format!("conformance-{run}"),
        queue_url_prefix: format!("{endpoint}/000000000000/conformance-{run}-"),
        key: String::new(),
        // Objects of events are read back by the adapter's own door.
        events_bucket: Some(format!("conformance-{run}")),
        endpoint: Some(endpoint.to_owned()),
        cache: None,
        max_cache_bytes: 1 << 20,
    };
    let mut clients = Clients::open(&settings).await;
    // These servers ask for a signature and not for whose it is. Nobody waits long in a test.
    let credentials = Credentials::new("test", "test", None, None, "test");
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(5));
    // Clients of one partition have one budget of retries in a process, and some tests fail on purpose.
    let partition = RetryPartition::new(run);
    let table = clients.table.config().to_builder();
    let table = table
        .credentials_provider(credentials.clone())
        .retry_partition(partition.clone())
        .retry_config(retries.clone());
    clients.table = aws_sdk_dynamodb::Client::from_conf(table.build());
    let keys = clients.keys.config().to_builder();
    let keys = keys
        .credentials_provider(credentials.clone())
        .retry_partition(partition.clone())
        .retry_config(retries.clone());
    clients.keys = aws_sdk_kms::Client::from_conf(keys.build());
    let blobs = clients.blobs.config().to_builder();
    let blobs = blobs
        .credentials_provider(credentials)
        .retry_partition(partition)
        .retry_config(retries);
    clients.blobs = aws_sdk_s3::Client::from_conf(blobs.build());
    (settings, clients)
}

impl Server {
    /// The server, or nothing where none is set.
    pub(crate) async fn open(which: Which) -> Option<Self> {
        let endpoint = endpoint(which)?;
        let (mut settings, clients) = clients(&endpoint).await;
        provision::create_bucket(&clients, &settings.bucket)
            .await
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        // Servers remove expired items by their own clock, so that this one starts at the same time.
        let clock = Arc::new(ManualClock::new(SystemClock.now_ms()));
        let beside = Embedded::open(dir.path(), Arc::<ManualClock>::clone(&clock)).unwrap();
        if which != Which::Strict {
            provision::create_table(&clients, &settings.table)
                .await
                .unwrap();
            settings.key = provision::create_key(&clients).await.unwrap();
        }
        settings.cache = Some(dir.path().join("cache"));
        settings.max_cache_bytes = 16 << 20;
        let now = Arc::<ManualClock>::clone(&clock);
        let depot = AwsDepot::new(&clients, &settings, Arc::<ManualClock>::clone(&clock));
        let mut platform = assemble(&clients, &settings, now, |_| Arc::clone(&beside.queue));
        if which == Which::Strict {
            platform.table = beside.table;
            platform.keys = beside.keys;
        }
        Some(Self {
            _dir: dir,
            platform,
            depot,
            settings,
            clock,
            run: fresh_run(),
        })
    }

    /// What the conformance suite looks at.
    pub(crate) fn subject(&self, platform: Platform) -> Subject {
        let clock = Arc::clone(&self.clock);
        Subject {
            platform,
            pass_s: Arc::new(move |seconds| {
                let clock = Arc::clone(&clock);
                Box::pin(async move { clock.advance_ms(seconds * 1000) })
            }),
            run: self.run.clone(),
        }
    }
}
