//! All wanted pages of the ranked list, put together.

use std::time::{Duration, Instant};

use schemas::api::{
    session::{SessionReply, SignIn},
    vulnerability::VulnerabilityList,
};
use secrecy::{ExposeSecret, SecretString};

use super::{client::Client, job, secret::Credentials};
use crate::{args::VulnerabilitiesArgs, exit::Failure};

/// The most rows of one page that the API gives.
const MAX_PAGE_ROWS: u32 = 500;

/// Time between two looks at a list that is waited for.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// How often a list must come out the same to have settled, and how often an empty one, which may be the beginning.
const SAME_LOOKS: u32 = 2;
const SAME_EMPTY_LOOKS: u32 = 5;

/// Signs in where needed and reads the list, as soon as it has settled or `--wait` is over.
pub(super) async fn settled(
    args: &VulnerabilitiesArgs,
    credentials: &Credentials,
) -> Result<VulnerabilityList, Failure> {
    let client = Client::new(&args.into())?;
    let signed_in = match credentials {
        Credentials::Login { user, password } => {
            Some(sign_in(&client, args, user, password).await?)
        }
        Credentials::Token(token) => Some(token.clone()),
        Credentials::Job(_) => None,
    };
    let token = async || match (credentials, &signed_in) {
        (Credentials::Job(job), _) => job.token(&client, job::environment).await,
        (_, signed_in) => Ok(signed_in.clone().unwrap_or_default()),
    };
    let until = Instant::now() + Duration::from_secs(args.wait);
    let mut list = fetch(&client, args, &token().await?).await?;
    let mut same = 0;
    while Instant::now() < until {
        let enough = if list.total == 0 {
            SAME_EMPTY_LOOKS
        } else {
            SAME_LOOKS
        };
        if same >= enough && list.feeds_loaded && list.as_of.is_some() {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let next = fetch(&client, args, &token().await?).await?;
        let unchanged = next.vulnerabilities == list.vulnerabilities && next.total == list.total;
        same = if unchanged { same + 1 } else { 0 };
        list = next;
    }
    Ok(list)
}

/// Reads pages until the limit.
async fn fetch(
    client: &Client,
    args: &VulnerabilitiesArgs,
    token: &SecretString,
) -> Result<VulnerabilityList, Failure> {
    let mut list: Option<VulnerabilityList> = None;
    let mut cursor: Option<String> = None;
    loop {
        let had = list.as_ref().map_or(0, |list| list.vulnerabilities.len());
        let missing = args
            .limit
            .saturating_sub(u32::try_from(had).unwrap_or(u32::MAX));
        if missing == 0 {
            break;
        }
        let path = path(args, missing.min(MAX_PAGE_ROWS), cursor.as_deref());
        let headers = vec![
            ("accept".to_owned(), "application/json".to_owned()),
            (
                "authorization".to_owned(),
                format!("Bearer {}", token.expose_secret()),
            ),
        ];
        let page: VulnerabilityList = client.json("GET", &path, headers, Vec::new()).await?;
        let empty = page.vulnerabilities.is_empty();
        // The cursor that was sent coming back would go round for ever.
        let again = page.next_cursor.is_some() && page.next_cursor == cursor;
        cursor.clone_from(&page.next_cursor);
        match &mut list {
            None => list = Some(page),
            Some(list) => {
                list.vulnerabilities.extend(page.vulnerabilities);
                list.next_cursor = page.next_cursor;
            }
        }
        if cursor.is_none() || empty || again {
            break;
        }
    }
    list.ok_or_else(|| Failure::input(anyhow::anyhow!("no rows were asked for")))
}

async fn sign_in(
    client: &Client,
    args: &VulnerabilitiesArgs,
    user: &str,
    password: &SecretString,
) -> Result<SecretString, Failure> {
    let tenant = match &args.tenant {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|error: schemas::ids::InvalidId| Failure::input(error))?,
        ),
    };
    let body = serde_json::to_vec(&SignIn {
        tenant,
        login: user.to_owned(),
        password: password.expose_secret().to_owned(),
        cookie: false,
        code: None,
    })
    .map_err(Failure::input)?;
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let reply: SessionReply = client
        .json("POST", "/api/v1/session", headers, body)
        .await?;
    if reply.must_change_password {
        return Err(Failure::input(anyhow::anyhow!(
            "the password of {user} is a one-time password and must be changed first"
        ))
        .advise("change it with POST /api/v1/session/password, then try again with the new one"));
    }
    Ok(SecretString::from(reply.token))
}

fn path(args: &VulnerabilitiesArgs, rows: u32, cursor: Option<&str>) -> String {
    let mut path = format!("/api/v1/vulnerabilities?limit={rows}");
    if !args.severity.is_empty() {
        let words: Vec<_> = args.severity.iter().map(|word| word.as_str()).collect();
        path.push_str("&severity=");
        path.push_str(&encoded(&words.join(",")));
    }
    if args.known_exploited {
        path.push_str("&known_exploited=true");
    }
    for (name, value) in [("search", args.search.as_deref()), ("cursor", cursor)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    path
}

/// A value of a query, percent-encoded. Source: RFC 3986, 2.3: unreserved characters stay.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn filters_become_an_encoded_query() {
        let cli = Cli::try_parse_from([
            "bulkhead",
            "vulnerabilities",
            "--server=http://127.0.0.1:1",
            "--severity=critical,high",
            "--known-exploited",
            "--search=CVE 2024&x",
        ])
        .unwrap();
        let Command::Vulnerabilities(args) = cli.command else {
            panic!("another command");
        };
        assert_eq!(
            path(&args, 50, Some("a+b/c=")),
            "/api/v1/vulnerabilities?limit=50&severity=critical%2Chigh&known_exploited=true\
             &search=CVE%202024%26x&cursor=a%2Bb%2Fc%3D"
        );
    }
}
