//! The price list and the assumptions, both checked in.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::measure::Measured;

macro_rules! settings {
    ($($(#[$doc:meta])+ $name:ident { $($(#[$field_doc:meta])+ $field:ident: $type:ty,)+ })+) => {
        $(
            $(#[$doc])+
            #[derive(Clone, Debug, PartialEq, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $($(#[$field_doc])+ pub $field: $type,)+
            }
        )+
    };
}

settings! {
    /// The price list, in USD.
    Prices {
        /// AWS Lambda.
        lambda: Lambda,
        /// API Gateway's HTTP API.
        http_api: HttpApi,
        /// DynamoDB.
        dynamodb: DynamoDb,
        /// S3.
        s3: S3,
        /// SQS.
        sqs: Sqs,
        /// KMS.
        kms: Kms,
        /// CloudWatch.
        cloudwatch: CloudWatch,
        /// EventBridge Scheduler.
        scheduler: Scheduler,
        /// To the internet.
        transfer: Transfer,
    }
    /// Prices of AWS Lambda.
    Lambda {
        /// Of an invocation.
        request: f64,
        /// Of a second with one GB.
        gb_second: f64,
    }
    /// Prices of the HTTP API.
    HttpApi {
        /// Of a request of up to 512 KiB.
        request: f64,
    }
    /// Prices of DynamoDB on demand.
    DynamoDb {
        /// Of a read unit.
        read_unit: f64,
        /// Of a write unit.
        write_unit: f64,
        /// Of a GB for a month.
        stored_gb_month: f64,
        /// Of being able to go back, for a GB and a month.
        recovery_gb_month: f64,
    }
    /// Prices of S3 Standard.
    S3 {
        /// Of a request that writes or lists.
        write: f64,
        /// Of one that reads.
        read: f64,
        /// Of a GB for a month.
        stored_gb_month: f64,
    }
    /// Prices of SQS.
    Sqs {
        /// Of a request of up to 64 KiB.
        request: f64,
    }
    /// Prices of KMS.
    Kms {
        /// Of a key for a month.
        key_month: f64,
        /// Of a request.
        request: f64,
    }
    /// Prices of CloudWatch.
    CloudWatch {
        /// Of a GB of logs.
        ingested_gb: f64,
        /// Of a GB of logs that is kept for a month.
        stored_gb_month: f64,
        /// Of a metric for a month.
        metric_month: f64,
        /// Of an alarm for a month.
        alarm_month: f64,
        /// Of a dashboard for a month.
        dashboard_month: f64,
    }
    /// Prices of EventBridge Scheduler.
    Scheduler {
        /// Of a start.
        invocation: f64,
    }
    /// Prices of data on its way.
    Transfer {
        /// Of a GB to the internet.
        out_gb: f64,
    }

    /// What is assumed.
    Assumptions {
        /// Of each host.
        host: HostDay,
        /// Of images.
        images: ImagesKept,
        /// Of feeds.
        feeds: FeedsDay,
        /// Of people.
        people: PeopleDay,
        /// Of how functions run.
        functions: Running,
        /// Of what stands still.
        standing: Standing,
    }
    /// Times a day for each host.
    HostDay {
        /// Heartbeats.
        heartbeats: f64,
        /// Changes of what is installed.
        inventory_changes: f64,
        /// Changes of what runs.
        container_changes: f64,
        /// Tellings of a host and its containers that did not change.
        told_again: f64,
        /// Tellings of each image that did not.
        images_told_again: f64,
        /// Images on the host's disk.
        images_held: f64,
        /// Images that nobody has seen.
        new_images: f64,
        /// Images that others have seen.
        known_images: f64,
    }
    /// Images that are kept.
    ImagesKept {
        /// For each host.
        per_host: f64,
        /// Layers that only one image has.
        own_layers: f64,
    }
    /// Times a day for the estate.
    FeedsDay {
        /// Generations that change something.
        publications: f64,
        /// Days' probabilities of exploitation.
        epss: f64,
        /// Seconds that one refresh compiles.
        compile_seconds: f64,
        /// Refreshes.
        refreshes: f64,
        /// Share of places that are matched again and stay.
        places_concerned: f64,
        /// Share of places that change.
        places_changed: f64,
        /// Read units for each place and publication.
        name_read_units: f64,
    }
    /// Times a day for each person.
    PeopleDay {
        /// People in any estate.
        fixed: f64,
        /// Hosts for which there is one more.
        hosts_per_person: f64,
        /// Sign-ins.
        sign_ins: f64,
        /// Lists that are opened.
        lists: f64,
        /// Places that are looked at.
        places: f64,
        /// Share of lists whose index is new to the instance.
        lists_first: f64,
        /// Share of places whose page is opened on an instance that reads the whole index for it.
        index_read: f64,
    }
    /// How functions run.
    Running {
        /// Memory of the API, in MB.
        api_memory_mb: f64,
        /// Share of invocations that start an instance.
        starts: f64,
        /// Milliseconds of a start.
        start_ms: f64,
        /// What measured processor time is multiplied by.
        compute_factor: f64,
        /// Messages of one invocation.
        messages_at_once: f64,
        /// Bytes of logs for each invocation.
        log_bytes: f64,
        /// Milliseconds of a request to the table.
        table_ms: f64,
        /// Milliseconds of a request that reads a blob.
        blob_read_ms: f64,
        /// Milliseconds of a request that writes a blob.
        blob_write_ms: f64,
        /// Milliseconds of sending messages.
        send_ms: f64,
        /// Milliseconds of a request to the key service.
        key_ms: f64,
        /// Megabytes of blobs a second.
        blob_mb_per_s: f64,
        /// Milliseconds for each MB of the estate index.
        index_ms_per_mb: f64,
        /// Milliseconds of ranking the findings of each MB of the estate index.
        rank_ms_per_mb: f64,
    }
    /// What stands still.
    Standing {
        /// Queues.
        queues: f64,
        /// Receives a month of a queue that nobody writes to.
        idle_receives: f64,
        /// Metrics.
        metrics: f64,
        /// Alarms.
        alarms: f64,
        /// Dashboards.
        dashboards: f64,
        /// Keys.
        keys: f64,
        /// Days that envelopes are kept.
        envelope_days: f64,
        /// Days that what was replaced or deleted is kept.
        history_days: f64,
        /// Days that logs are kept.
        log_days: f64,
        /// Requests to the key service for each request to the bucket.
        key_share: f64,
        /// Seconds between two folds.
        fold_every_s: f64,
    }
}

/// The price list.
///
/// # Errors
/// When it is not of its form.
pub fn prices() -> Result<Prices> {
    toml::from_str(include_str!("../prices.toml")).context("prices.toml is not understood")
}

/// The assumptions.
///
/// # Errors
/// When they are not of their form.
pub fn assumptions() -> Result<Assumptions> {
    toml::from_str(include_str!("../assumptions.toml"))
        .context("assumptions.toml is not understood")
}

/// What was measured last.
///
/// # Errors
/// When it is not of its form.
pub fn measured() -> Result<Measured> {
    toml::from_str(include_str!("../measured.toml")).context("measured.toml is not understood")
}
