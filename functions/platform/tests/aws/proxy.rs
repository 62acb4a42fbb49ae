//! A way to a server on which things go wrong as a test says: a proxy that throttles, fails, is silent, loses answers and
//! does batches in part.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is passed on.
    None,
    /// It is answered here, with this status and body, and reaches no server.
    Answer(u16, String),
    /// It is never answered, and reaches no server.
    Silence,
    /// The server does it, and the connection breaks before its answer.
    LoseAnswer,
    /// The server is asked for the first half of a batch; the rest was not processed.
    Half,
}

impl Fault {
    /// The answer of a service with the code of an error.
    pub(crate) fn error(status: u16, code: &str) -> Self {
        Self::error_with(status, code, json!({"message": "as the test says"}))
    }

    /// The same with this body.
    pub(crate) fn error_with(status: u16, code: &str, mut body: Value) -> Self {
        body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{code}").into();
        Self::Answer(status, body.to_string())
    }
}

#[derive(Default)]
struct State {
    plan: VecDeque<Fault>,
    always: Option<Fault>,
    seen: Vec<String>,
}

/// The proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// A proxy before a server, or before none: then every request has to be answered here.
    pub(crate) async fn before(server: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let server = server.map(|at| at.trim_start_matches("http://").to_owned());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (server, state) = (server.clone(), Arc::clone(&shared));
                // A client that goes away is part of the test.
                tokio::spawn(async move { serve(client, server, state).await.ok() });
            }
        });
        Self { endpoint, state }
    }

    /// What becomes of the next requests, one after the other, and forgets what was seen.
    pub(crate) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut state = self.state.lock().unwrap();
        state.plan = faults.into_iter().collect();
        state.always = None;
        state.seen.clear();
    }

    /// What becomes of every request, and forgets what was seen.
    pub(crate) fn always(&self, fault: Fault) {
        self.next([]);
        self.state.lock().unwrap().always = Some(fault);
    }

    /// The operations that were asked for, such as `PutItem`.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.state.lock().unwrap().seen.clone()
    }
}

/// The head of a request or an answer with its body.
async fn read_message(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end);
    let length = header(&head, "content-length").and_then(|length| length.parse().ok());
    match length {
        Some(length) => while body.len() < length && stream.read_buf(&mut body).await? > 0 {},
        None => {
            stream.read_to_end(&mut body).await?;
        }
    }
    Ok((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

async fn serve(
    mut client: TcpStream,
    server: Option<String>,
    state: Arc<Mutex<State>>,
) -> std::io::Result<()> {
    let (head, body) = read_message(&mut client).await?;
    let target = header(&head, "x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let fault = {
        let mut state = state.lock().unwrap();
        state.seen.push(operation);
        let next = state.plan.pop_front().or_else(|| state.always.clone());
        next.unwrap_or(Fault::None)
    };
    let ask = async |body: &[u8]| match &server {
        Some(server) => ask(server, &head, body).await,
        None => Err(std::io::ErrorKind::NotConnected.into()),
    };
    match fault {
        Fault::None => {
            let (status, body) = ask(&body).await?;
            answer(&mut client, &status, &body).await
        }
        Fault::Answer(status, body) => {
            answer(&mut client, &status.to_string(), body.as_bytes()).await
        }
        Fault::Silence => {
            // Until the client has gone.
            client.read_u8().await?;
            Ok(())
        }
        Fault::LoseAnswer => ask(&body).await.map(drop),
        Fault::Half => {
            let mut request: Value = serde_json::from_slice(&body)?;
            let (name, left) = cut_half(&mut request);
            let (status, body) = ask(request.to_string().as_bytes()).await?;
            let mut done: Value = serde_json::from_slice(&body)?;
            done[name] = left;
            answer(&mut client, &status, done.to_string().as_bytes()).await
        }
    }
}

/// Keeps the first half of a batch, rounded down to one at least, and returns the rest under the name that it has in the
/// answer.
fn cut_half(request: &mut Value) -> (&'static str, Value) {
    let mut name = "UnprocessedItems";
    let mut left = json!({});
    for (table, batch) in request["RequestItems"].as_object_mut().unwrap() {
        if let Some(keys) = batch.get_mut("Keys") {
            name = "UnprocessedKeys";
            let rest = split(keys);
            if rest != json!([]) {
                left[table] = json!({"Keys": rest, "ConsistentRead": true});
            }
        } else {
            let rest = split(batch);
            if rest != json!([]) {
                left[table] = rest;
            }
        }
    }
    (name, left)
}

fn split(list: &mut Value) -> Value {
    let list = list.as_array_mut().unwrap();
    list.split_off((list.len() / 2).max(1)).into()
}

async fn ask(server: &str, head: &str, body: &[u8]) -> std::io::Result<(String, Vec<u8>)> {
    let mut upstream = TcpStream::connect(server).await?;
    let mut lines: Vec<&str> = head
        .lines()
        .filter(|line| {
            let name = line.split(':').next().unwrap_or_default();
            !line.is_empty()
                && !name.eq_ignore_ascii_case("content-length")
                && !name.eq_ignore_ascii_case("connection")
        })
        .collect();
    let length = format!("content-length: {}", body.len());
    lines.extend([length.as_str(), "connection: close", "", ""]);
    upstream.write_all(lines.join("\r\n").as_bytes()).await?;
    upstream.write_all(body).await?;
    let (head, body) = read_message(&mut upstream).await?;
    let status = head.split(' ').nth(1).unwrap_or("502").to_owned();
    Ok((status, body))
}

async fn answer(client: &mut TcpStream, status: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: application/x-amz-json-1.0\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).await?;
    client.write_all(body).await?;
    client.shutdown().await
}
