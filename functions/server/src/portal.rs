//! The portal: files of a folder beside the API, as `make portal` builds them. Whatever is no path of the API and no file is
//! a page of the portal, which finds out itself which.

use std::path::{Path, PathBuf};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::services::ServeDir;

use crate::ServerError;

/// The first part of the API's paths. The portal has no page that is named like one.
const OF_THE_API: [&str; 7] = [
    "agent", "api", "healthz", "readyz", "uploads", "version", "webhooks",
];
/// The page that every address of the portal opens.
const PAGE: &str = "/index.html";
/// Files whose names change with their content.
const ASSETS: &str = "/assets/";

/// What the page may load and do: nothing but its own files and its own API. `frontend/csp.ts` says the same.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// What else browsers are told with every file.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), usb=()",
    ),
];

/// Serves the portal of a folder beside the API.
///
/// # Errors
/// When there is no page in the folder.
pub(crate) fn beside(api: Router, folder: &Path) -> Result<Router, ServerError> {
    let page = folder.join(PAGE.trim_start_matches('/'));
    std::fs::metadata(&page).map_err(|source| ServerError::Portal {
        page: page.clone(),
        source,
    })?;
    let files = ServeDir::new(folder)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    Ok(
        api.layer(middleware::from_fn(move |request: Request, next: Next| {
            let files = files.clone();
            async move {
                if is_of_the_api(&request) {
                    next.run(request).await
                } else {
                    file_or_page(files, request).await
                }
            }
        })),
    )
}

/// The folder that is served where none is named: `portal` beside the program, where there is one.
pub(crate) fn beside_the_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    in_folder(program.parent()?)
}

/// The portal of a folder. Nobody named it, so one without its page, half built or something else of that name, is no reason
/// not to serve the API.
fn in_folder(folder: &Path) -> Option<PathBuf> {
    let folder = folder.join("portal");
    if !folder.is_dir() {
        return None;
    }
    let page = folder.join(PAGE.trim_start_matches('/'));
    match std::fs::metadata(&page) {
        Ok(_) => Some(folder),
        Err(error) => {
            tracing::warn!(
                page = %page.display(),
                %error,
                "no portal is served: the folder beside this program has no page; build it with `make portal`, or remove it"
            );
            None
        }
    }
}

fn is_of_the_api(request: &Request) -> bool {
    let first = request.uri().path().split('/').nth(1).unwrap_or_default();
    OF_THE_API.contains(&first) || !matches!(*request.method(), Method::GET | Method::HEAD)
}

async fn file_or_page(files: ServeDir, request: Request) -> Response {
    let is_asset = request.uri().path().starts_with(ASSETS);
    let (parts, _) = request.into_parts();
    let again = || {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = parts.method.clone();
        *request.headers_mut() = parts.headers.clone();
        request
    };
    let mut asked = again();
    *asked.uri_mut() = parts.uri.clone();
    let mut response = serve(files.clone(), asked).await;
    let is_file = response.status() != StatusCode::NOT_FOUND;
    if !is_file && !is_asset {
        let mut page = again();
        *page.uri_mut() = axum::http::Uri::from_static(PAGE);
        response = serve(files, page).await;
    }
    let kept = if is_file && is_asset {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn serve(mut files: ServeDir, request: Request) -> Response {
    match files.try_call(request).await {
        Ok(response) => response.map(Body::new),
        // A name that no file can have, or a folder that cannot be read.
        Err(error) => {
            tracing::debug!(%error, "a file of the portal is not read");
            StatusCode::NOT_FOUND.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::ServiceExt as _;

    use super::*;

    fn portal() -> (tempfile::TempDir, Router) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| {
            std::fs::write(folder.path().join(name), content).unwrap();
        };
        std::fs::create_dir(folder.path().join("portal")).unwrap();
        std::fs::create_dir(folder.path().join("portal/assets")).unwrap();
        write("secret", "not the portal's");
        write(
            "portal/index.html",
            "<!doctype html><title>Bulkhead</title>",
        );
        write("portal/assets/a-1.js", "let plain");
        write("portal/assets/a-1.js.br", "packed");
        let api = Router::new()
            .route("/api/v1/things", axum::routing::any(async || "things"))
            .fallback(async || (StatusCode::NOT_FOUND, "no such path"));
        let router = beside(api, &folder.path().join("portal")).unwrap();
        (folder, router)
    }

    async fn ask(
        router: &Router,
        method: Method,
        path: &str,
        takes: &str,
    ) -> (u16, String, Response) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept-encoding", takes)
            .body(Body::empty())
            .unwrap();
        let response: Result<Response, Infallible> = router.clone().oneshot(request).await;
        let (parts, body) = response.unwrap().into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let status = parts.status.as_u16();
        (status, text, Response::from_parts(parts, Body::empty()))
    }

    #[test]
    fn a_folder_that_nobody_named_is_served_where_it_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(in_folder(folder.path()), None);
        let portal = folder.path().join("portal");
        std::fs::create_dir(&portal).unwrap();
        assert_eq!(in_folder(folder.path()), None);
        std::fs::write(portal.join("index.html"), "<!doctype html>").unwrap();
        assert_eq!(in_folder(folder.path()), Some(portal));
    }

    #[tokio::test]
    async fn pages_are_the_portals_and_the_api_stays_as_it_is() {
        let (_folder, router) = portal();
        for path in [
            "/",
            "/index.html",
            "/vulnerabilities/CVE-2024-38063?tab=places",
            "/agents",
        ] {
            let (status, text, response) = ask(&router, Method::GET, path, "").await;
            assert_eq!(status, 200, "{path}");
            assert!(text.contains("Bulkhead"), "{path}");
            assert_eq!(response.headers()["content-type"], "text/html");
            assert_eq!(response.headers()["cache-control"], "no-cache");
            let policy = response.headers()["content-security-policy"]
                .to_str()
                .unwrap();
            assert!(policy.contains("script-src 'self';"), "{policy}");
        }
        assert_eq!(
            ask(&router, Method::GET, "/api/v1/things", "").await.1,
            "things"
        );
        for (method, path) in [
            (Method::GET, "/api/v1/nothing"),
            (Method::GET, "/api"),
            (Method::POST, "/vulnerabilities"),
        ] {
            let (status, text, response) = ask(&router, method, path, "").await;
            assert_eq!((status, text.as_str()), (404, "no such path"), "{path}");
            assert!(!response.headers().contains_key("content-security-policy"));
        }
    }

    #[tokio::test]
    async fn files_are_packed_and_kept_and_nothing_beside_the_folder_is_one() {
        let (_folder, router) = portal();
        let (status, text, response) =
            ask(&router, Method::GET, "/assets/a-1.js", "gzip, br").await;
        assert_eq!((status, text.as_str()), (200, "packed"));
        assert_eq!(response.headers()["content-encoding"], "br");
        assert!(
            response.headers()["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        assert_eq!(
            ask(&router, Method::GET, "/assets/a-1.js", "").await.1,
            "let plain"
        );
        let (status, text, _) = ask(&router, Method::GET, "/assets/a-2.js", "").await;
        assert_eq!((status, text.as_str()), (404, ""));
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/assets/..%2f..%2fsecret",
            "/assets/%00",
            "//secret",
        ] {
            let (_, text, _) = ask(&router, Method::GET, path, "").await;
            assert!(!text.contains("not the portal's"), "{path}");
        }
    }

    #[test]
    fn the_policy_is_the_one_that_the_portal_is_tried_with() {
        let tried = include_str!("../../../frontend/csp.ts");
        let parts: Vec<&str> = tried.split('"').skip(1).step_by(2).collect();
        let (_, parts) = parts.split_last().unwrap();
        assert_eq!(parts.join("; "), POLICY);
    }

    #[test]
    fn a_folder_without_a_page_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = beside(Router::new(), folder.path()).unwrap_err();
        assert!(error.to_string().contains("index.html"), "{error}");
    }

    #[test]
    fn no_path_of_the_api_is_taken_for_a_page() {
        for path in api::openapi().paths.paths.keys() {
            let first = path.split('/').nth(1).unwrap();
            assert!(OF_THE_API.contains(&first), "{path}");
        }
    }
}
