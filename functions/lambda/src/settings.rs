//! What the environment says of this instance.

use api::Rate;
use handlers::FeedSources;
use roster::{FUNCTIONS, Function, Trigger};
use sources::http::Guard;

use crate::{HostError, feeds};

/// What this instance is.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// A function of the roster.
    Function(&'static Function),
    /// The HTTP API.
    Api,
    /// What an operator sets a site up with.
    Setup,
}

/// Name of the HTTP API among the functions.
pub const API: &str = "api";
/// The variable with the rate of each tenant.
const TENANT_RATE: &str = "BULKHEAD_TENANT_REQUESTS_PER_S";
/// The variable with the rate of each caller.
const CALLER_RATE: &str = "BULKHEAD_CALLER_REQUESTS_PER_S";
/// The variable with the rate of strangers of each address.
const ADDRESS_RATE: &str = "BULKHEAD_ADDRESS_REQUESTS_PER_S";
/// The variable with the networks that are asked beside public addresses.
const NETWORKS: &str = "BULKHEAD_ALLOWED_NETWORKS";
/// Name of the function that operators invoke.
pub const SETUP: &str = "setup";

impl Role {
    /// The role of this name.
    ///
    /// # Errors
    /// When nothing has it; the error names what could be meant.
    pub fn named(name: Option<&str>) -> Result<Self, HostError> {
        let known = || {
            let names = FUNCTIONS.iter().map(|function| function.name);
            names.chain([API, SETUP]).collect::<Vec<_>>().join(", ")
        };
        match name {
            None | Some("") => Err(HostError::NoFunction(known())),
            Some(API) => Ok(Self::Api),
            Some(SETUP) => Ok(Self::Setup),
            Some(name) => FUNCTIONS
                .iter()
                .find(|function| function.name == name)
                .map(Self::Function)
                .ok_or_else(|| HostError::UnknownFunction {
                    name: name.to_owned(),
                    known: known(),
                }),
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Function(function) => function.name,
            Self::Api => API,
            Self::Setup => SETUP,
        }
    }

    /// Whether messages of a queue start it.
    pub(crate) const fn is_of_queue(&self) -> bool {
        matches!(
            self,
            Self::Function(Function {
                trigger: Trigger::Queue(_),
                ..
            })
        )
    }
}

/// What the environment says of this instance, beside the platform's own settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What this instance is: `BULKHEAD_FUNCTION`.
    pub role: Role,
    /// Name of the site in metrics: `BULKHEAD_STAGE`.
    pub stage: String,
    /// Requests per second that each tenant may make of the API, over all instances: `BULKHEAD_TENANT_REQUESTS_PER_S`;
    /// without it none is counted.
    pub tenant_rate: Option<Rate>,
    /// Requests per second that each person, API key and build may make of this instance:
    /// `BULKHEAD_CALLER_REQUESTS_PER_S`; without it none is counted.
    pub caller_rate: Option<Rate>,
    /// Requests per second that may come to this instance from an address of those who do not show who they are:
    /// `BULKHEAD_ADDRESS_REQUESTS_PER_S`; without it none is counted.
    pub address_rate: Option<Rate>,
    /// Where advisory documents come from: `BULKHEAD_FEEDS`, only of the function `feed`.
    pub sources: FeedSources,
    /// What judges the addresses that people enter: `BULKHEAD_ALLOWED_NETWORKS`, networks that are asked beside public
    /// addresses, parted by commas.
    pub guard: Guard,
}

impl Settings {
    /// Reads the settings by a function that reads a variable.
    ///
    /// # Errors
    /// When a variable is missing or means nothing.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, HostError> {
        let role = Role::named(variable("BULKHEAD_FUNCTION").as_deref())?;
        // Only `feed` asks publishers, and no other function should spend its start on an HTTP client.
        let sources = if role.name() == "feed" {
            feeds::sources(variable("BULKHEAD_FEEDS").as_deref().unwrap_or_default())?
        } else {
            FeedSources::None
        };
        let networks = variable(NETWORKS).unwrap_or_default();
        let guard = Guard::of_list(&networks).map_err(|_| HostError::Variable {
            variable: NETWORKS,
            value: networks,
            known: "networks parted by commas, such as 10.0.0.0/8",
        })?;
        Ok(Self {
            role,
            guard,
            tenant_rate: rate(&variable, TENANT_RATE)?,
            caller_rate: rate(&variable, CALLER_RATE)?,
            address_rate: rate(&variable, ADDRESS_RATE)?,
            stage: variable("BULKHEAD_STAGE").unwrap_or_else(|| "none".to_owned()),
            sources,
        })
    }
}

/// The rate that a variable names, if it is set.
fn rate(
    variable: &impl Fn(&str) -> Option<String>,
    name: &'static str,
) -> Result<Option<Rate>, HostError> {
    let Some(text) = variable(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(per_s) if per_s > 0 => Ok(Some(Rate::per_second(per_s))),
        _ => Err(HostError::Variable {
            variable: name,
            value: text,
            known: "the numbers from 1",
        }),
    }
}
