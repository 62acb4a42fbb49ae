//! What a channel can be that leads to a server of syslog or mail, or to an issue tracker.

use notification::ChannelSecrets;
use schemas::api::notification::{
    ChannelTarget, JiraDeployment, JiraSettings, MailEncryption, MailSettings, SyslogTransport,
};
use sources::outbound::{check_authorities, is_mail_address};

use super::{MAX_TEXT_BYTES, bad};
use crate::{problem::ApiError, state::ApiState};

/// Most addresses that mail goes to.
const MAX_RECEIVERS: usize = 20;
/// Most characters of a user's name, and of names in Jira.
const MAX_WORD_CHARS: usize = 200;
/// Most characters of a project's key. Source: Atlassian, "Edit a project's details".
const MAX_KEY_CHARS: usize = 100;

fn host(state: &ApiState, field: &str, host: &str, port: u16) -> Result<String, ApiError> {
    let guarded = state.guard().host(host, port);
    guarded.map_err(|error| bad(format!("`{field}`: {error}.")))
}

fn authorities(field: &str, pem: Option<&String>) -> Result<(), ApiError> {
    let checked = pem.map_or(Ok(()), |pem| check_authorities(pem));
    checked.map_err(|why| bad(format!("`{field}`: {why}.")))
}

/// Text of one line, within bounds.
fn word(field: &str, text: &str) -> Result<(), ApiError> {
    let length = text.chars().count();
    if (1..=MAX_WORD_CHARS).contains(&length) && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(bad(format!(
            "`{field}` has 1 to {MAX_WORD_CHARS} characters and no control characters."
        )))
    }
}

/// A server of syslog.
pub(super) fn syslog(
    state: &ApiState,
    name: &str,
    port: u16,
    transport: SyslogTransport,
    pem: Option<String>,
) -> Result<ChannelTarget, ApiError> {
    if transport == SyslogTransport::Unknown {
        return Err(bad("`target.transport` is `tls` or `tcp`."));
    }
    authorities("target.authorities", pem.as_ref())?;
    Ok(ChannelTarget::Syslog {
        host: host(state, "target.host", name, port)?,
        port,
        transport,
        authorities: pem,
    })
}

/// A server of mail.
pub(super) fn email(state: &ApiState, wish: MailSettings) -> Result<MailSettings, ApiError> {
    if wish.encryption == MailEncryption::Unknown {
        return Err(bad(
            "`target.mail.encryption` is `tls`, `starttls` or `none`.",
        ));
    }
    if !(1..=MAX_RECEIVERS).contains(&wish.to.len()) {
        return Err(bad(format!(
            "`target.mail.to` are 1 to {MAX_RECEIVERS} addresses."
        )));
    }
    for (field, address) in
        std::iter::once(("from", &wish.from)).chain(wish.to.iter().map(|address| ("to", address)))
    {
        if !is_mail_address(address) {
            return Err(bad(format!(
                "`target.mail.{field}`: an address is like `ops@example.org`, without a name."
            )));
        }
    }
    if let Some(user) = &wish.user {
        word("target.mail.user", user)?;
        if wish.encryption == MailEncryption::None {
            return Err(bad(
                "`target.mail.user`: a password is sent to no server without encryption.",
            ));
        }
    }
    authorities("target.mail.authorities", wish.authorities.as_ref())?;
    Ok(MailSettings {
        host: host(state, "target.mail.host", &wish.host, wish.port)?,
        ..wish
    })
}

/// Whether a password that went to one of these goes the same way to the other.
pub(super) fn same_server(before: &MailSettings, now: &MailSettings) -> bool {
    let way = |settings: &MailSettings| {
        let of = (settings.host.clone(), settings.port, settings.user.clone());
        (of, settings.encryption, settings.authorities.clone())
    };
    way(before) == way(now)
}

/// A Jira.
pub(super) fn jira(state: &ApiState, wish: JiraSettings) -> Result<JiraSettings, ApiError> {
    let guarded = state.guard().url(&wish.url);
    let guarded = guarded.map_err(|error| bad(format!("`target.jira.url`: {error}.")))?;
    if guarded.query().is_some() {
        return Err(bad("`target.jira.url` has no query."));
    }
    match (wish.deployment, &wish.user) {
        (JiraDeployment::Cloud, None) => {
            return Err(bad(
                "`target.jira.user` is needed: the cloud is signed in to with an address and a token.",
            ));
        }
        (JiraDeployment::Unknown, _) => {
            return Err(bad("`target.jira.deployment` is `cloud` or `data_center`."));
        }
        (_, Some(user)) => word("target.jira.user", user)?,
        (JiraDeployment::DataCenter, None) => {}
    }
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let length = wish.project.len();
    if !(1..=MAX_KEY_CHARS).contains(&length) || !wish.project.chars().all(is_key) {
        return Err(bad(
            "`target.jira.project` is the key of a project, such as `OPS`.",
        ));
    }
    word("target.jira.issue_type", &wish.issue_type)?;
    if let Some(transition) = &wish.transition {
        word("target.jira.transition", transition)?;
    }
    Ok(JiraSettings {
        url: guarded.as_str().trim_end_matches('/').to_owned(),
        ..wish
    })
}

/// The password that was entered, or the one that stays; needed where somebody signs in.
pub(super) fn password(
    entered: Option<String>,
    kept: Option<ChannelSecrets>,
    is_needed: bool,
) -> Result<Option<ChannelSecrets>, ApiError> {
    match entered {
        Some(_) if !is_needed => Err(bad("A password without a `user` is for nobody.")),
        Some(text) => {
            let fits = (1..=MAX_TEXT_BYTES).contains(&text.len());
            if fits && !text.chars().any(char::is_control) {
                Ok(Some(ChannelSecrets::of_password(Some(text))))
            } else {
                Err(bad(format!(
                    "A password or token has 1 to {MAX_TEXT_BYTES} bytes and no control characters."
                )))
            }
        }
        None if !is_needed => Ok(None),
        None => match kept {
            Some(secrets) if secrets.password().is_some() => Ok(Some(secrets)),
            _ => Err(bad(
                "A password or token is needed: the channel had none for this server and user.",
            )),
        },
    }
}
