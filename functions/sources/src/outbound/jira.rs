//! Writing issues of Jira. Sources: Atlassian, "Jira Cloud platform REST API v3": issue search (`/search/jql`), issues,
//! comments, transitions and issue properties; "Jira Data Center REST API", the same of version 2.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use notification::{
    ChannelSecrets, JiraState, jira_document, jira_label, jira_markup, jira_summary,
};
use schemas::{
    api::notification::{JiraDeployment, JiraSettings},
    notification::{Notification, NotificationEvent},
};
use serde_json::{Value, json};

use super::{Outcome, failure, judge, told_answer};
use crate::http::{Http, HttpReply, HttpRequest};

/// Most bytes of an answer that are read.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Name of what is kept with an issue.
const PROPERTY: &str = "bulkhead";

/// A Jira that is asked.
struct Jira<'a> {
    http: &'a Http,
    settings: &'a JiraSettings,
    secrets: &'a ChannelSecrets,
    authorization: String,
    is_cloud: bool,
}

/// Writes a notification into the open issue of its fix, or into a new one. A delivery that the issue has is not written
/// again.
pub(super) async fn send(
    http: &Http,
    settings: &JiraSettings,
    secrets: &ChannelSecrets,
    told: &Notification,
    id: &str,
) -> Outcome {
    let odd = || Outcome::Refused("its token or its user is missing".to_owned());
    let Some(token) = secrets.password() else {
        return odd();
    };
    let (is_cloud, authorization) = match (settings.deployment, &settings.user) {
        (JiraDeployment::Cloud, Some(user)) => {
            let both = BASE64_STANDARD.encode(format!("{user}:{token}"));
            (true, format!("Basic {both}"))
        }
        (JiraDeployment::DataCenter, _) => (false, format!("Bearer {token}")),
        _ => return odd(),
    };
    let jira = Jira {
        http,
        settings,
        secrets,
        authorization,
        is_cloud,
    };
    match jira.write(told, id).await {
        Ok(said) => Outcome::Delivered(said),
        Err(outcome) => outcome,
    }
}

impl Jira<'_> {
    async fn write(&self, told: &Notification, id: &str) -> Result<String, Outcome> {
        let project = &self.settings.project;
        if told.event == NotificationEvent::Test {
            // It makes no issue: that the project can be read with this token is enough.
            self.ask("GET", &format!("project/{}", segment(project)), None)
                .await?;
            return Ok(format!(
                "the project {project} can be read; no issue was made"
            ));
        }
        let label = jira_label(told);
        let Some(key) = self.find(&label).await? else {
            return if told.event.is_good() {
                Ok("no open issue tells of it".to_owned())
            } else {
                self.create(told, id, &label).await
            };
        };
        self.comment(told, id, &key).await
    }

    /// The open issue of a label.
    async fn find(&self, label: &str) -> Result<Option<String>, Outcome> {
        let jql = format!(
            "project = \"{}\" AND labels = \"{label}\" AND statusCategory != Done ORDER BY created ASC",
            self.settings.project
        );
        let path = if self.is_cloud {
            "search/jql"
        } else {
            "search"
        };
        let path = format!("{path}?maxResults=1&fields=key&jql={}", encoded(&jql));
        let found = self.ask("GET", &path, None).await?;
        let key = found.pointer("/issues/0/key").and_then(Value::as_str);
        Ok(key.map(str::to_owned))
    }

    async fn create(&self, told: &Notification, id: &str, label: &str) -> Result<String, Outcome> {
        let mut state = JiraState::default();
        state.told(told, id);
        let issue = json!({
            "fields": {
                "project": {"key": self.settings.project},
                "issuetype": {"name": self.settings.issue_type},
                "summary": jira_summary(told),
                "description": self.text(told),
                "labels": ["bulkhead", label],
            },
            "properties": [{"key": PROPERTY, "value": state}],
        });
        let made = self.ask("POST", "issue", Some(&issue)).await?;
        let key = made
            .get("key")
            .and_then(Value::as_str)
            .unwrap_or("an issue");
        Ok(format!("{key} was made"))
    }

    async fn comment(&self, told: &Notification, id: &str, key: &str) -> Result<String, Outcome> {
        let issue = format!("issue/{}", segment(key));
        let property = format!("{issue}/properties/{PROPERTY}");
        let mut state = self.state(&property).await?;
        let is_written = state.has(id);
        let is_done = state.told(told, id);
        if !is_written {
            let comment = json!({"body": self.text(told)});
            self.ask("POST", &format!("{issue}/comment"), Some(&comment))
                .await?;
            let kept = serde_json::to_value(&state).unwrap_or_default();
            self.ask("PUT", &property, Some(&kept)).await?;
        }
        match &self.settings.transition {
            Some(name) if is_done => self.close(&issue, key, name).await,
            _ => Ok(format!("{key} was commented on")),
        }
    }

    /// What is kept with an issue; nothing where a person took it away.
    async fn state(&self, property: &str) -> Result<JiraState, Outcome> {
        let reply = self.reply("GET", property, None).await?;
        if reply.status == 404 {
            return Ok(JiraState {
                // It is not known where it is missing.
                more: true,
                ..JiraState::default()
            });
        }
        let answer = self.good(reply)?;
        let value = answer.get("value").cloned().unwrap_or_default();
        Ok(serde_json::from_value(value).unwrap_or_default())
    }

    async fn close(&self, issue: &str, key: &str, name: &str) -> Result<String, Outcome> {
        let path = format!("{issue}/transitions");
        let offered = self.ask("GET", &path, None).await?;
        let offered = offered.get("transitions").and_then(Value::as_array);
        let id = offered.into_iter().flatten().find_map(|one| {
            let is_it = one.get("name")?.as_str()?.eq_ignore_ascii_case(name);
            one.get("id")?.as_str().filter(|_| is_it)
        });
        let Some(id) = id else {
            return Ok(format!(
                "{key} was commented on; it has no transition `{name}` now"
            ));
        };
        let wish = json!({"transition": {"id": id}});
        self.ask("POST", &path, Some(&wish)).await?;
        Ok(format!(
            "{key} was commented on, and its transition `{name}` made"
        ))
    }

    fn text(&self, told: &Notification) -> Value {
        if self.is_cloud {
            jira_document(told)
        } else {
            Value::String(jira_markup(told))
        }
    }

    /// The JSON of a good answer; nothing for an answer without a body.
    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Outcome> {
        let reply = self.reply(method, path, body).await?;
        self.good(reply)
    }

    async fn reply(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<HttpReply, Outcome> {
        let version = if self.is_cloud { 3 } else { 2 };
        let base = self.settings.url.trim_end_matches('/');
        let mut headers = vec![
            ("authorization".to_owned(), self.authorization.clone()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let request = HttpRequest {
            method: method.to_owned(),
            url: format!("{base}/rest/api/{version}/{path}"),
            headers,
            body: body
                .map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
        };
        let sent = self.http.send(request, MAX_ANSWER_BYTES).await;
        sent.map_err(|error| failure(&error, self.secrets))
    }

    fn good(&self, reply: HttpReply) -> Result<Value, Outcome> {
        if (200..300).contains(&reply.status) {
            return match reply.body.is_empty() {
                true => Ok(Value::Null),
                false => serde_json::from_slice(&reply.body)
                    .map_err(|_| Outcome::Refused("its answer is no JSON".to_owned())),
            };
        }
        let said = told_answer("Jira", reply.status, &reply.body, self.secrets);
        let said = said.replace(&self.authorization, "[secret]");
        Err(
            match judge(reply.status, said, reply.header("retry-after")) {
                // Nothing of Jira says that a channel is not wanted any more.
                Outcome::Gone(reason) => Outcome::Refused(reason),
                other => other,
            },
        )
    }
}

/// A part of a path.
fn segment(text: &str) -> String {
    encoded(text)
}

/// Text in a path or a query: all but letters, digits and four marks by their bytes (RFC 3986, 2.3).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
