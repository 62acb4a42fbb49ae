//! A listener on this machine that keeps what is posted to it.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

/// How long a message is waited for before the test gives up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Largest body that is kept, in bytes.
const MAX_BODY_BYTES: usize = 4 << 20;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Method, path and version.
    pub line: String,
    /// Its headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// The listener. It answers 204 to whatever comes, for as long as the test's process lives.
pub struct Listener {
    address: SocketAddr,
    kept: Arc<(Mutex<Vec<Arrived>>, Condvar)>,
}

impl Listener {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let kept: Arc<(Mutex<Vec<Arrived>>, Condvar)> = Arc::default();
        let keeper = Arc::clone(&kept);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A request that breaks off is none; whoever sent it tries again.
                if let Ok(arrived) = serve(&stream) {
                    let (all, told) = &*keeper;
                    all.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(arrived);
                    told.notify_all();
                }
            }
        });
        Ok(Self { address, kept })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What arrived so far.
    pub fn arrived(&self) -> Vec<Arrived> {
        let all = self.kept.0.lock();
        all.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many requests arrived, and returns them.
    ///
    /// # Errors
    /// When they do not in time.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Arrived>> {
        let deadline = Instant::now() + PATIENCE;
        let (all, told) = &*self.kept;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        while all.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            ensure!(
                !left.is_zero(),
                "{} of {count} requests arrived: {all:?}",
                all.len()
            );
            let waited = told.wait_timeout(all, left);
            all = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(all.clone())
    }
}

/// Reads one request and answers it.
fn serve(stream: &TcpStream) -> Result<Arrived> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        ensure!(reader.read_line(&mut header)? > 0, "the headers broke off");
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').context("no header")?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(Ok(0), |text| text.parse::<usize>())?;
    ensure!(
        length <= MAX_BODY_BYTES,
        "a body of {length} bytes is too large"
    );
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut answer = stream;
    answer.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")?;
    Ok(Arrived {
        line: line.trim_end().to_owned(),
        headers,
        body,
    })
}
