//! The main job with real parts: a real agent, a real server, a real container engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gate;
mod interrupted;
mod spine;

use std::path::Path;

use bulkhead_tests::{agent::Agent, api::Api, documents, server::Server};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery staple";

/// A server with its documents, and a signed-in administrator.
struct Site {
    folder: TempDir,
    server: Server,
    api: Api,
}

impl Site {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let feeds = folder.path().join("feeds");
        std::fs::create_dir(&feeds).unwrap();
        documents::write_all(&feeds).unwrap();
        let server =
            Server::start(folder.path(), &["--feeds-from", feeds.to_str().unwrap()]).unwrap();
        let one_time = setup(&server, "one_time_password");
        let api = Api::first_sign_in(&server.url(), "admin", &one_time, PASSWORD).unwrap();
        Self {
            folder,
            server,
            api,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn enrol(&self, engine: Option<&str>) -> Agent {
        let token = setup(&self.server, "enrolment_token");
        Agent::enrol(self.path(), &self.server.url(), &token, engine).unwrap()
    }
}

fn setup(server: &Server, name: &str) -> String {
    server.setup().unwrap()[name]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
