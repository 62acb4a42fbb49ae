//! What the description says of all operations alike, in one place: words, problems and examples.
//!
//! An operation says what is its own; what surrounds it (sign-in, limits, bodies, the store) is the same for each of its kind
//! and is added here, so that a client made from the description alone knows every answer there is.

mod examples;
mod list;
mod problems;
mod requests;
mod words;

use utoipa::openapi::{OpenApi, path::Operation};

pub(crate) use list::printed as problems;

/// Completes a description whose operations, schemas and security schemes are all there.
pub(crate) fn complete(openapi: &mut OpenApi) {
    words::complete(openapi);
    problems::complete(openapi);
    examples::complete(openapi);
}

/// Every operation with its method, in lower case, and its path.
fn each_operation(openapi: &mut OpenApi, mut act: impl FnMut(&str, &str, &mut Operation)) {
    for (path, item) in &mut openapi.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                act(path, method, operation);
            }
        }
    }
}
