//! What the roles of a deployed stack allow, as CloudFormation resolved it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    calls::Call,
    client::{Aws, between},
};

/// The statements of each function's role.
pub struct Policies(BTreeMap<String, Vec<Value>>);

impl Policies {
    /// Reads the inline and managed policies of these roles: function, name of its role.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(aws: &Aws, roles: &[(String, String)]) -> Result<Self> {
        let ask = |action: &str, more: &[(&str, &str)]| {
            let mut parameters = vec![("Action", action), ("Version", "2010-05-08")];
            parameters.extend_from_slice(more);
            aws.form("iam", &parameters)
        };
        let mut all = BTreeMap::new();
        for (function, role) in roles {
            let mut documents = Vec::new();
            let inline = ask("ListRolePolicies", &[("RoleName", role)])?;
            for name in between(&inline, "member") {
                let more = [("RoleName", role.as_str()), ("PolicyName", name)];
                documents.push(ask("GetRolePolicy", &more)?);
            }
            let attached = ask("ListAttachedRolePolicies", &[("RoleName", role)])?;
            for arn in between(&attached, "PolicyArn") {
                let policy = ask("GetPolicy", &[("PolicyArn", arn)])?;
                let version = between(&policy, "DefaultVersionId").next().unwrap_or("v1");
                let more = [("PolicyArn", arn), ("VersionId", version)];
                documents.push(ask("GetPolicyVersion", &more)?);
            }
            let kept = all.entry(function.clone()).or_insert_with(Vec::new);
            for document in &documents {
                let name = if document.contains("<PolicyDocument>") {
                    "PolicyDocument"
                } else {
                    "Document"
                };
                let text = between(document, name).next().context("a document")?;
                kept.extend(statements(text)?);
            }
        }
        Ok(Self(all))
    }

    /// What a call needs and its function's role does not allow.
    pub fn lacking(&self, call: &Call) -> Vec<(String, String)> {
        let statements = self.0.get(&call.function);
        call.needs
            .iter()
            .filter(|(action, resource)| {
                !statements
                    .into_iter()
                    .flatten()
                    .any(|statement| allows(statement, action, resource))
            })
            .cloned()
            .collect()
    }
}

fn statements(text: &str) -> Result<Vec<Value>> {
    // IAM answers with documents encoded as in a URL; other servers leave them as they are.
    let plain = percent_decoded(text)
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let document: Value = serde_json::from_str(&plain).with_context(|| plain.clone())?;
    Ok(match &document["Statement"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    })
}

fn percent_decoded(text: &str) -> String {
    super::calls::decoded(text)
}

fn allows(statement: &Value, action: &str, resource: &str) -> bool {
    // Encryption by the key on behalf of table and bucket is conditional on the service, and made by that service.
    statement["Effect"] == "Allow"
        && statement["Condition"].is_null()
        && any(&statement["Action"], |pattern| matches(pattern, action))
        && any(&statement["Resource"], |pattern| {
            matches(pattern, resource)
                || (resource == "any key" && pattern.starts_with("arn:aws:kms:"))
        })
}

fn any(one_or_many: &Value, holds: impl Fn(&str) -> bool) -> bool {
    match one_or_many {
        Value::Array(many) => many.iter().filter_map(Value::as_str).any(holds),
        one => one.as_str().is_some_and(holds),
    }
}

/// `*` stands for any characters, also none.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("s3:GetObject", "s3:GetObject", true),
            ("s3:GetObject", "s3:GetObjectTagging", false),
            ("b/t/*/scans/*", "b/t/a/scans/x/y", true),
            ("b/t/*/scans/*", "b/t/a/layers/x", false),
            ("b/t/*", "b/t/", true),
            ("*", "anything", true),
            ("b/*/b", "b/b", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
