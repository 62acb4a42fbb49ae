//! A lake in a bucket of the operator's own.

use async_trait::async_trait;
use aws_sdk_s3::{Client, primitives::ByteStream};
use bytes::Bytes;

use crate::ports::lake::{Lake, LakeError, is_lake_key};

/// A bucket in which objects are only put.
#[derive(Clone, Debug)]
pub struct AwsLake {
    client: Client,
    bucket: String,
    region: String,
}

impl AwsLake {
    /// The bucket of this name.
    pub fn new(client: Client, bucket: &str) -> Self {
        let region = client.config().region().map(ToString::to_string);
        Self {
            client,
            bucket: bucket.to_owned(),
            region: region.unwrap_or_else(|| "unknown".to_owned()),
        }
    }
}

#[async_trait]
impl Lake for AwsLake {
    async fn put(&self, key: &str, body: Bytes) -> Result<(), LakeError> {
        if !is_lake_key(key) {
            return Err(LakeError::Key(key.to_owned()));
        }
        let put = self.client.put_object().bucket(&self.bucket).key(key);
        put.content_type("application/gzip")
            .body(ByteStream::from(body))
            .send()
            .await
            .map(drop)
            .map_err(|error| LakeError::Failed(error.into()))
    }

    fn region(&self) -> &str {
        &self.region
    }
}
