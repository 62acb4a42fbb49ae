//! Requests and answers of the API for people. One file per noun.

pub mod agent;
pub mod alert;
pub mod api_key;
pub mod audit;
pub mod collection;
pub mod container;
pub mod dead_letter;
pub mod enrolment_token;
pub mod exception;
pub mod export;
pub mod feed;
pub mod health;
pub mod identity_provider;
pub mod image_scan;
pub mod notification;
pub mod page;
pub mod person;
pub mod place;
pub mod policy;
pub mod posture;
pub mod problem;
pub mod registry;
pub mod risk_settings;
pub mod role;
pub mod scan;
pub mod session;
pub mod session_settings;
pub mod token;
pub mod trusted_build;
pub mod vulnerability;
pub mod windows_build;

pub use problem::Problem;
pub use role::RoleName;
pub use session::Role;
