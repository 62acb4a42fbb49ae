//! A site that end-to-end tests are about: a server of its own, or, where `BULKHEAD_TEST_SITE=deployed`, a stack of its own.
//! The same tests run on both.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    agent::Agent,
    api::Api,
    aws::{self, Stack},
    by_hand::ByHand,
    documents,
    server::Server,
};

/// The administrator's password, once the one-time password was changed.
pub const PASSWORD: &str = "correct horse battery staple";

/// What the site runs on.
enum Host {
    Server(Server),
    Stack(Stack),
}

/// A site with its advisory documents, and a signed-in administrator.
pub struct Site {
    // The host goes first: it still uses the folder.
    host: Host,
    folder: TempDir,
    setup: Value,
    /// The administrator.
    pub api: Api,
}

impl Site {
    /// Opens a site with the small set of documents.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn open() -> Result<Self> {
        let deployed = Self::is_deployed();
        let endpoint = deployed.then(aws::endpoint).flatten();
        anyhow::ensure!(
            endpoint.is_some() || !deployed,
            "a deployed site needs BULKHEAD_TEST_AWS: run make test-aws"
        );
        Self::at(endpoint.as_deref(), "")
    }

    /// Whether sites are stacks.
    pub fn is_deployed() -> bool {
        std::env::var("BULKHEAD_TEST_SITE").is_ok_and(|site| site == "deployed")
    }

    /// Opens a stack on the server at this address, as a site.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn deploy(endpoint: &str) -> Result<Self> {
        Self::at(Some(endpoint), "")
    }

    /// Opens a server of its own, as a site.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn serve() -> Result<Self> {
        Self::at(None, "")
    }

    /// Opens a server of its own with these settings (TOML), as a site.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn serve_with(settings: &str) -> Result<Self> {
        Self::at(None, settings)
    }

    /// Makes another tenant of a server, and signs its first administrator in, whose login is `admin` there, too.
    ///
    /// # Errors
    /// When the site is a stack, or the server refuses.
    pub fn add_tenant(&mut self, tenant: &str) -> Result<Api> {
        let Host::Server(server) = &mut self.host else {
            anyhow::bail!("the site is a stack");
        };
        server.kill()?;
        server.administer(&["tenant", "create"], &[tenant])?;
        let wish = ["--tenant", tenant, "--role", "admin", "admin"];
        let made = server.administer(&["user", "create"], &wish)?;
        server.start_again()?;
        let made: Value = serde_json::from_str(&made)?;
        let one_time = made["one_time_password"].as_str().unwrap_or_default();
        Api::first_sign_in(&server.url(), Some(tenant), "admin", one_time, PASSWORD)
    }

    /// What the server has logged so far.
    ///
    /// # Errors
    /// When the site is a stack.
    pub fn logged(&self) -> Result<String> {
        match &self.host {
            Host::Server(server) => Ok(server.logged()),
            Host::Stack(_) => anyhow::bail!("the site is a stack"),
        }
    }

    /// The same site on a stack that it was moved to: the same people sign in there, and it reads the same documents.
    ///
    /// # Errors
    /// When the administrator is not let in.
    pub fn moved_to(self, stack: Stack) -> Result<Self> {
        stack.publish(&self.path().join("feeds"))?;
        Ok(Self {
            api: Api::sign_in(&stack.url()?, "admin", PASSWORD)?,
            host: Host::Stack(stack),
            ..self
        })
    }

    fn at(endpoint: Option<&str>, settings: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let feeds = folder.path().join("feeds");
        fs::create_dir(&feeds)?;
        documents::write_all(&feeds)?;
        let (host, setup) = match endpoint {
            None => {
                let file = folder.path().join("bulkhead.toml");
                fs::write(&file, settings)?;
                let text = |path: &Path| path.to_str().map(str::to_owned).context("a path of text");
                let (feeds, file) = (text(&feeds)?, text(&file)?);
                let arguments = ["--config", &file, "--feeds-from", &feeds];
                let server = Server::start(folder.path(), &arguments)?;
                let setup = server.setup()?;
                (Host::Server(server), setup)
            }
            Some(endpoint) => {
                let stack = Stack::deploy(endpoint, folder.path())?;
                // What a killed function had taken is given out again only then: by the template in six minutes.
                for queue in ["ingest", "scan", "score"] {
                    stack.shorten_visibility(queue, 20)?;
                }
                let setup = stack.invoke("setup", &json!({}))?;
                stack.publish(&feeds)?;
                (Host::Stack(stack), setup)
            }
        };
        let url = url(&host)?;
        let one_time = setup["one_time_password"].as_str().unwrap_or_default();
        let api = Api::first_sign_in(&url, None, "admin", one_time, PASSWORD)?;
        Ok(Self {
            host,
            folder,
            setup,
            api,
        })
    }

    /// A folder of its own.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where people and agents find it.
    ///
    /// # Errors
    /// Never in practice.
    pub fn url(&self) -> Result<String> {
        url(&self.host)
    }

    /// The stack, where it is one.
    ///
    /// # Errors
    /// When it is a server.
    pub fn stack(&self) -> Result<&Stack> {
        match &self.host {
            Host::Stack(stack) => Ok(stack),
            Host::Server(_) => anyhow::bail!("the site is a server"),
        }
    }

    /// Enrols an agent whose requests the test writes itself.
    ///
    /// # Errors
    /// When it is refused.
    pub fn enrol_by_hand(&self, number: u8) -> Result<ByHand> {
        let wish = json!({"note": "by hand"});
        let made: Value = self.api.post("/api/v1/enrolment-tokens", &wish)?.json()?;
        let token = made["token"].as_str().context("no enrolment token")?;
        ByHand::enrol(&self.url()?, token, number)
    }

    /// Enrols an agent that sees this engine, or none.
    ///
    /// # Errors
    /// When it is refused.
    pub fn enrol(&self, engine: Option<&str>) -> Result<Agent> {
        let token = self.setup["enrolment_token"].as_str().unwrap_or_default();
        Agent::enrol(self.path(), &self.url()?, token, engine)
    }

    /// Ends whatever runs at once, as `kill -9` or a power cut would, and lets nobody reach it.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        match &mut self.host {
            Host::Server(server) => server.kill(),
            Host::Stack(stack) => {
                stack.gateway.take_away(true);
                stack.end_instances()
            }
        }
    }

    /// Starts it again on the same data and address.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn start_again(&mut self) -> Result<()> {
        match &mut self.host {
            Host::Server(server) => server.start_again(),
            Host::Stack(stack) => {
                stack.gateway.take_away(false);
                Ok(())
            }
        }
    }

    /// Lets it read its documents, which were changed in the folder `feeds`.
    ///
    /// # Errors
    /// When it does not come to answer.
    pub fn read_documents(&mut self) -> Result<()> {
        match &mut self.host {
            // A server reads its folder when it starts.
            Host::Server(server) => {
                server.kill()?;
                server.start_again()
            }
            Host::Stack(stack) => stack.publish(&self.folder.path().join("feeds")),
        }
    }
}

fn url(host: &Host) -> Result<String> {
    match host {
        Host::Server(server) => Ok(server.url()),
        Host::Stack(stack) => stack.url(),
    }
}
