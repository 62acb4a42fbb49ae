//! One client for each service, over one HTTP client and one TLS.

use std::time::Duration;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use super::AwsSettings;

/// How often the SDK itself tries a request: what lasts longer is for whoever called (see [`crate::patience`]).
const TRIES: u32 = 3;
/// Longest time to connect. Amazon answers within milliseconds, or an address is not reachable.
const CONNECT: Duration = Duration::from_secs(3);
/// Longest time of one try, until the answer's head. Bodies may take longer.
const TRY: Duration = Duration::from_secs(20);
/// The same for records and keys, which are small and answered within milliseconds: three tries leave half of the 30 s in
/// which an answer has to be given over HTTP.
const SMALL_TRY: Duration = Duration::from_secs(5);

/// The region where none is set: servers that speak the protocols elsewhere do not care.
const REGION: &str = "us-east-1";

/// What every client is made from.
async fn shared(settings: &AwsSettings) -> aws_config::SdkConfig {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(
            // Lambda sets the variable. The default chain would also ask the machine's metadata service, which needs a
            // client of its own.
            RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
                .or_else(ProfileFileRegionProvider::new())
                .or_else(Region::from_static(REGION)),
        )
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(TRY)
                .build(),
        );
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// One client for each service.
#[derive(Debug, Clone)]
pub struct Clients {
    /// DynamoDB.
    pub table: aws_sdk_dynamodb::Client,
    /// S3.
    pub blobs: aws_sdk_s3::Client,
    /// SQS.
    pub queue: aws_sdk_sqs::Client,
    /// KMS.
    pub keys: aws_sdk_kms::Client,
}

impl Clients {
    /// Makes the clients. Nothing is asked of any service before the first request.
    pub async fn open(settings: &AwsSettings) -> Self {
        let shared = shared(settings).await;
        let blobs = aws_sdk_s3::config::Builder::from(&shared)
            // Other servers have no name for each bucket.
            .force_path_style(settings.endpoint.is_some())
            // A checksum of the SDK's own choice would be signed into addresses for uploads by others.
            .request_checksum_calculation(
                aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired,
            )
            .response_checksum_validation(
                aws_sdk_s3::config::ResponseChecksumValidation::WhenRequired,
            )
            .build();
        let small = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(SMALL_TRY)
            .build();
        let table = aws_sdk_dynamodb::config::Builder::from(&shared).timeout_config(small.clone());
        let keys = aws_sdk_kms::config::Builder::from(&shared).timeout_config(small);
        Self {
            table: aws_sdk_dynamodb::Client::from_conf(table.build()),
            blobs: aws_sdk_s3::Client::from_conf(blobs),
            queue: aws_sdk_sqs::Client::new(&shared),
            keys: aws_sdk_kms::Client::from_conf(keys.build()),
        }
    }
}
