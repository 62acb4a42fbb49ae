//! What the stack's template makes, for tests that run without the template.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

use super::Clients;
use super::table::{INDEXES, index_names};
use crate::ports::Source;

fn keys(partition: &str, sort: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    [(partition, KeyType::Hash), (sort, KeyType::Range)]
        .into_iter()
        .map(|(name, role)| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(role)
                .build()
        })
        .collect()
}

/// Makes a table with the keys, indexes and time to live that `infra/template.yaml` gives it. One that is there already
/// stays as it is.
///
/// # Errors
/// When the service refuses or cannot be reached.
pub async fn create_table(clients: &Clients, name: &str) -> Result<(), Source> {
    let mut request = clients
        .table
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(keys("p", "s")?));
    let mut attributes = vec!["p", "s"];
    for index in INDEXES {
        let (name, partition, sort) = index_names(index);
        attributes.extend([partition, sort]);
        let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly);
        request = request.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .set_key_schema(Some(keys(partition, sort)?))
                .projection(keys_only.build())
                .build()?,
        );
    }
    for attribute in attributes {
        request = request.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(attribute)
                .attribute_type(ScalarAttributeType::S)
                .build()?,
        );
    }
    match request.send().await {
        Ok(_) => {}
        Err(error) => {
            let there = error
                .as_service_error()
                .is_some_and(|e| e.is_resource_in_use_exception());
            return if there { Ok(()) } else { Err(error.into()) };
        }
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name("t")
        .enabled(true)
        .build()?;
    clients
        .table
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(ttl)
        .send()
        .await?;
    Ok(())
}

/// Makes a key of KMS and returns its id.
///
/// # Errors
/// When the service refuses or cannot be reached.
pub async fn create_key(clients: &Clients) -> Result<String, Source> {
    let made = clients.keys.create_key().send().await?;
    let id = made.key_metadata.map(|meta| meta.key_id);
    id.ok_or_else(|| "KMS answered without the key's id".into())
}

/// Makes a bucket. One that is there already stays as it is.
///
/// # Errors
/// When the service refuses or cannot be reached.
pub async fn create_bucket(clients: &Clients, name: &str) -> Result<(), Source> {
    match clients.blobs.create_bucket().bucket(name).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let there = error
                .as_service_error()
                .is_some_and(|e| e.is_bucket_already_owned_by_you());
            if there { Ok(()) } else { Err(error.into()) }
        }
    }
}
