//! Conditions as DynamoDB checks them, in the same step as the write.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::ports::Condition;

/// A condition expression with its values. Nothing in it needs an alias: no name here is a reserved word.
pub(super) struct Expression {
    pub(super) text: &'static str,
    pub(super) values: HashMap<String, AttributeValue>,
}

/// The expression of a condition at a time; none for [`Condition::None`]. DynamoDB removes items some time after their time
/// to live has passed, so that each expression says itself that such an item is absent. A comparison with an attribute
/// that is not there does not hold.
pub(super) fn expression(condition: Condition, now_s: u64) -> Option<Expression> {
    let now = (":now", now_s);
    let (text, values) = match condition {
        Condition::None => return None,
        Condition::NotExists => ("attribute_not_exists(p) OR t <= :now", vec![now]),
        Condition::Exists => (
            "attribute_exists(p) AND (attribute_not_exists(t) OR t > :now)",
            vec![now],
        ),
        Condition::VersionIs(version) => (
            "n = :version AND (attribute_not_exists(t) OR t > :now)",
            vec![now, (":version", version)],
        ),
        Condition::SequenceBelow(limit) => (
            "attribute_not_exists(q) OR q < :limit OR t <= :now",
            vec![now, (":limit", limit)],
        ),
    };
    let values = values
        .into_iter()
        .map(|(name, number)| (name.to_owned(), AttributeValue::N(number.to_string())))
        .collect();
    Some(Expression { text, values })
}
