//! What the description says of each operation, for what stands before all of them.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
};
use utoipa::openapi::{OpenApi, RefOr, path, security::SecurityRequirement};

use crate::idempotency;

/// An operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Operation {
    /// Its `operationId`.
    pub(crate) id: String,
    /// Whether whoever calls shows who they are.
    pub(crate) asks_who: bool,
    /// The types of what it answers, where it answers something.
    pub(crate) types: Vec<String>,
    /// Whether it is done once under an `Idempotency-Key`.
    pub(crate) is_once: bool,
    /// Whether it reads a body.
    pub(crate) has_body: bool,
}

/// The operations, by declared path and method.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared(Arc<HashMap<String, Vec<(Method, Operation)>>>);

impl Declared {
    /// The operations of a description.
    pub(crate) fn of(openapi: &OpenApi) -> Self {
        let paths = openapi.paths.paths.iter().map(|(path, item)| {
            let all = methods(item)
                .into_iter()
                .filter_map(|(method, found)| {
                    let found = found.as_ref()?;
                    Some((method.clone(), operation(&method, found)))
                })
                .collect();
            (path.clone(), all)
        });
        Self(Arc::new(paths.collect()))
    }

    /// The operation that a request is for.
    pub(crate) fn operation(&self, request: &Request) -> Option<&Operation> {
        let path = request.extensions().get::<MatchedPath>()?;
        let method = match *request.method() {
            Method::HEAD => &Method::GET,
            ref method => method,
        };
        let all = self.0.get(path.as_str())?;
        let found = all.iter().find(|(of, _)| of == method)?;
        Some(&found.1)
    }
}

/// The methods of a path.
fn methods(item: &path::PathItem) -> [(Method, &Option<path::Operation>); 5] {
    [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ]
}

fn operation(method: &Method, found: &path::Operation) -> Operation {
    let responses = found.responses.responses.iter();
    let answers = responses.filter(|(status, _)| status.starts_with('2'));
    let types = answers.flat_map(|(_, response)| match response {
        RefOr::T(response) => response.content.keys().cloned().collect(),
        RefOr::Ref(_) => Vec::new(),
    });
    Operation {
        id: found.operation_id.clone().unwrap_or_default(),
        asks_who: asks_who(found),
        types: types.collect(),
        is_once: idempotency::is_offered(method, found),
        has_body: found.request_body.is_some(),
    }
}

/// Whether an operation asks for some proof.
pub(crate) fn asks_who(operation: &path::Operation) -> bool {
    let ways = operation.security.iter().flatten();
    let nothing = SecurityRequirement::default();
    let mut ways = ways.peekable();
    ways.peek().is_some() && ways.all(|way| *way != nothing)
}
