//! Where the adapter finds its table, bucket, queues and key.

use std::path::PathBuf;

/// Names of what the stack made, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsSettings {
    /// Name of the DynamoDB table.
    pub table: String,
    /// Name of the S3 bucket.
    pub bucket: String,
    /// What the URL of every queue begins with, before the name of the port's queue.
    pub queue_url_prefix: String,
    /// Id, ARN or alias of the KMS key that wraps keys.
    pub key: String,
    /// Name of the operator's own bucket for events; without one none are put.
    pub events_bucket: Option<String>,
    /// Another address than Amazon's for all services, for servers that speak their protocols.
    pub endpoint: Option<String>,
    /// Folder for blobs that are read as files; without one they are read by ranges.
    pub cache: Option<PathBuf>,
    /// Most bytes in that folder.
    pub max_cache_bytes: u64,
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A variable is not set, or empty.
    #[error("the environment variable {0} is not set: it comes from the stack's template")]
    Missing(&'static str),
    /// A variable is not a number of bytes.
    #[error("the environment variable {0} is not a number of bytes")]
    NotBytes(&'static str),
}

/// Bytes of the folder for blobs where nothing else is set (256 MiB of the 512 MiB that a function has).
const CACHE_BYTES: u64 = 256 << 20;

impl AwsSettings {
    /// The settings in an environment, given by a function that reads a variable:
    ///
    /// | variable | what |
    /// |---|---|
    /// | `BULKHEAD_TABLE` | name of the table |
    /// | `BULKHEAD_BUCKET` | name of the bucket |
    /// | `BULKHEAD_QUEUES` | what the URL of each queue begins with |
    /// | `BULKHEAD_KEY` | the KMS key |
    /// | `BULKHEAD_EVENTS_BUCKET` | the operator's bucket for events; optional |
    /// | `BULKHEAD_CACHE` | folder for blobs read as files; optional |
    /// | `BULKHEAD_CACHE_BYTES` | most bytes in it; optional |
    /// | `AWS_ENDPOINT_URL` | another address than Amazon's; optional |
    ///
    /// # Errors
    /// When one that is needed is not there, or a number is none.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &'static str| set(name).ok_or(SettingsError::Missing(name));
        let max_cache_bytes = match set("BULKHEAD_CACHE_BYTES") {
            None => CACHE_BYTES,
            Some(text) => text
                .parse()
                .map_err(|_| SettingsError::NotBytes("BULKHEAD_CACHE_BYTES"))?,
        };
        Ok(Self {
            table: needed("BULKHEAD_TABLE")?,
            bucket: needed("BULKHEAD_BUCKET")?,
            queue_url_prefix: needed("BULKHEAD_QUEUES")?,
            key: needed("BULKHEAD_KEY")?,
            events_bucket: set("BULKHEAD_EVENTS_BUCKET"),
            endpoint: set("AWS_ENDPOINT_URL"),
            cache: set("BULKHEAD_CACHE").map(PathBuf::from),
            max_cache_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<AwsSettings, SettingsError> {
        AwsSettings::read(|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_missing_is_named() {
        let whole = [
            ("BULKHEAD_TABLE", "t"),
            ("BULKHEAD_BUCKET", "b"),
            ("BULKHEAD_QUEUES", "https://sqs/1/stack-"),
            ("BULKHEAD_KEY", "alias/k"),
        ];
        assert_eq!(read(&whole).unwrap().max_cache_bytes, CACHE_BYTES);
        for at in 0..whole.len() {
            let mut cut = whole.to_vec();
            let (name, _) = cut.remove(at);
            assert_eq!(read(&cut), Err(SettingsError::Missing(name)));
            cut.push((name, ""));
            assert_eq!(read(&cut), Err(SettingsError::Missing(name)));
        }
        let odd = [whole.as_slice(), &[("BULKHEAD_CACHE_BYTES", "much")]].concat();
        assert_eq!(
            read(&odd),
            Err(SettingsError::NotBytes("BULKHEAD_CACHE_BYTES"))
        );
    }
}
