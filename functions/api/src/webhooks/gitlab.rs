//! GitLab's container registry: the notifications of the distribution project's registry, which it is built from.
//!
//! Source: GitLab, "Administer the container registry", "Configure container registry notifications". Its headers are what
//! its configuration says; GitLab's own webhooks have their secret in `X-Gitlab-Token`.

use super::{Format, authentic::Way, distribution};

pub(super) static FORMAT: Format = Format {
    name: "gitlab",
    ways: &[Way::Authorization, Way::Header("x-gitlab-token")],
    read: distribution::read,
};
