//! A server that answers by a script, byte for byte, and remembers what it was asked.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// One answer.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Bytes of the body that are sent before the connection is closed.
    sent: usize,
}

impl Reply {
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_vec();
        Self {
            status: 200,
            headers: Vec::new(),
            sent: body.len(),
            body,
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::ok("")
        }
    }

    /// The rest of a document from an offset on.
    pub(crate) fn partial(whole: impl AsRef<[u8]>, from: usize) -> Self {
        let whole = whole.as_ref();
        let range = format!("bytes {from}-{}/{}", whole.len() - 1, whole.len());
        Self {
            status: 206,
            ..Self::ok(&whole[from..])
        }
        .header("content-range", &range)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Announces the whole body and closes the connection before.
    pub(crate) fn cut_at(mut self, bytes: usize) -> Self {
        self.sent = bytes;
        self
    }

    async fn send(&self, socket: &mut TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Scripted\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 304 {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(&self.body[..self.sent]).await?;
        socket.flush().await?;
        socket.shutdown().await
    }
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, VecDeque<Reply>>,
    requests: Vec<String>,
}

/// The server.
pub(crate) struct Server {
    port: u16,
    script: Arc<Mutex<Script>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let script = Arc::clone(&shared);
                tokio::spawn(async move {
                    // A client that goes away in the middle is a client's right.
                    let _ = answer(socket, &script).await;
                });
            }
        });
        Self { port, script }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What is answered to requests for a path, one after another; the last for good.
    pub(crate) fn answers(&self, path: &str, replies: Vec<Reply>) {
        let mut script = self.script.lock().unwrap();
        script.answers.insert(path.to_owned(), replies.into());
    }

    /// Heads of all requests, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.script.lock().unwrap().requests.clone()
    }

    /// Heads of the requests whose first line holds this.
    pub(crate) fn requests_of(&self, path: &str) -> Vec<String> {
        let mut requests = self.requests();
        requests.retain(|head| head.lines().next().is_some_and(|line| line.contains(path)));
        requests
    }
}

async fn answer(mut socket: TcpStream, script: &Mutex<Script>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if socket.read(&mut byte).await? == 0 {
            return Ok(());
        }
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let reply = {
        let mut script = script.lock().unwrap();
        script.requests.push(head.to_lowercase());
        match script.answers.get_mut(&path) {
            Some(replies) if replies.len() > 1 => replies.pop_front(),
            Some(replies) => replies.front().cloned(),
            None => None,
        }
    };
    reply
        .unwrap_or_else(|| Reply::status(404))
        .send(&mut socket)
        .await
}
