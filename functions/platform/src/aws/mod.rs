//! The adapter for Amazon Web Services: records in DynamoDB, blobs in S3, messages in SQS, keys wrapped by KMS.

mod connect;
mod settings;

pub use connect::Clients;
pub use settings::{AwsSettings, SettingsError};
