//! HTTP as it is on the wire: requests as a stranger would make them, and a way to S3 on which things go wrong as a test
//! says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request, and the status, head and body of its answer.
pub(crate) async fn ask(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, target) = rest.split_once('/').unwrap();
    let mut head = format!("{method} /{target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !headers.iter().any(|(name, _)| name == "content-length") {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server may refuse before it has read all.
    stream.write_all(body).await.ok();
    let (head, body) = read_message(&mut stream, true).await.unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, body)
}

/// What becomes of a request to S3.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is passed on.
    None,
    /// It is answered with this status and code of an error, and reaches no server.
    Error(u16, &'static str),
    /// It is never answered, and reaches no server.
    Silence,
    /// One bit of its body is another one when it arrives.
    Change,
    /// The server does it, and the connection breaks before its answer.
    LoseAnswer,
    /// The connection breaks after so many bytes of the answer's body.
    Cut(usize),
}

#[derive(Default)]
struct State {
    /// The operation that a fault is for, or any.
    plan: VecDeque<(&'static str, Fault)>,
    seen: Vec<&'static str>,
}

/// A way to S3.
#[derive(Clone)]
pub(crate) struct Way {
    /// Where it begins.
    pub(crate) endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Way {
    /// A way to a server.
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let server = server.trim_start_matches("http://").to_owned();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (server, state) = (server.clone(), Arc::clone(&shared));
                // A client that goes away is part of the test.
                tokio::spawn(async move { serve(client, &server, state).await.ok() });
            }
        });
        Self { endpoint, state }
    }

    /// What becomes of the next request for each operation, in this order, and forgets what was seen.
    pub(crate) fn next(&self, faults: impl IntoIterator<Item = (&'static str, Fault)>) {
        let mut state = self.state.lock().unwrap();
        state.plan = faults.into_iter().collect();
        state.seen.clear();
    }

    /// The operations that were asked for.
    pub(crate) fn seen(&self) -> Vec<&'static str> {
        self.state.lock().unwrap().seen.clone()
    }
}

/// The operation of a request line.
fn operation(head: &str) -> &'static str {
    let mut line = head.split(' ');
    let (method, target) = (line.next().unwrap(), line.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_object = path.trim_matches('/').contains('/');
    match method {
        "PUT" if query.contains("partNumber=") => "UploadPart",
        "PUT" if is_object => "PutObject",
        "POST" if query.contains("uploadId=") => "CompleteMultipartUpload",
        "POST" => "CreateMultipartUpload",
        "DELETE" if query.contains("uploadId=") => "AbortMultipartUpload",
        "DELETE" => "DeleteObject",
        "HEAD" => "HeadObject",
        "GET" if is_object => "GetObject",
        "GET" => "ListObjectsV2",
        _ => "other",
    }
}

/// The head of a message with its body. The answer to HEAD has none although it tells a length.
async fn read_message(
    stream: &mut TcpStream,
    has_body: bool,
) -> std::io::Result<(String, Vec<u8>)> {
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
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    };
    if header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let length = header("content-length").and_then(|length| length.parse().ok());
    let is_request = !head.starts_with("HTTP/");
    match length {
        _ if !has_body => {}
        Some(length) => while body.len() < length && stream.read_buf(&mut body).await? > 0 {},
        None if is_request => {}
        None => {
            stream.read_to_end(&mut body).await?;
        }
    }
    Ok((head, body))
}

async fn serve(
    mut client: TcpStream,
    server: &str,
    state: Arc<Mutex<State>>,
) -> std::io::Result<()> {
    let (head, mut body) = read_message(&mut client, true).await?;
    let operation = operation(&head);
    let fault = {
        let mut state = state.lock().unwrap();
        state.seen.push(operation);
        let at = state.plan.iter().position(|(of, _)| *of == operation);
        at.and_then(|at| state.plan.remove(at))
            .map_or(Fault::None, |(_, fault)| fault)
    };
    match fault {
        Fault::Silence => {
            // Until the client has gone.
            client.read_u8().await?;
            return Ok(());
        }
        Fault::Error(status, code) => {
            let body = match code {
                "" => "<html>busy</html>".to_owned(),
                code => {
                    format!("<Error><Code>{code}</Code><Message>as the test says</Message></Error>")
                }
            };
            let body = if operation == "HeadObject" { "" } else { &body };
            let answer = format!(
                "HTTP/1.1 {status} Answer\r\ncontent-type: application/xml\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{body}",
                body.len()
            );
            client.write_all(answer.as_bytes()).await?;
            return client.shutdown().await;
        }
        Fault::Change => {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        _ => {}
    }
    let mut upstream = TcpStream::connect(server).await?;
    let lines = head.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !line.is_empty()
            && !name.eq_ignore_ascii_case("connection")
            && !name.eq_ignore_ascii_case("expect")
    });
    let mut request: String = lines.flat_map(|line| [line, "\r\n"]).collect();
    request.push_str("connection: close\r\n\r\n");
    upstream.write_all(request.as_bytes()).await?;
    upstream.write_all(&body).await?;
    let (head, mut body) = read_message(&mut upstream, operation != "HeadObject").await?;
    match fault {
        Fault::LoseAnswer => return Ok(()),
        Fault::Cut(at) => body.truncate(at),
        _ => {}
    }
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding");
    let head = if head.to_ascii_lowercase().contains("connection: close") || chunked {
        head
    } else {
        head.replacen("\r\n", "\r\nconnection: close\r\n", 1)
    };
    client.write_all(head.as_bytes()).await?;
    client.write_all(&body).await?;
    client.shutdown().await
}
