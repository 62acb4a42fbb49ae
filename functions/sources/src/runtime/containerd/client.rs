//! gRPC to containerd, over a Unix socket or a named pipe.

use std::{io, time::Duration};

use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use prost::Message;
use tonic::{
    Code, Request, Status, Streaming,
    client::Grpc,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::super::{RuntimeError, text};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one answer, or one piece of a stream, may take, in seconds.
pub(super) const ANSWER_TIMEOUT_S: u64 = 60;
/// Largest answer. The list of a node's 110 pods takes less than 1 MiB; content comes in pieces of 1 MiB.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// How much of a stream may be under way: a few pieces of content.
const WINDOW_BYTES: u32 = 4 << 20;
/// The namespace in which containerd keeps what belongs to Kubernetes.
const NAMESPACE: &str = "k8s.io";

/// A connection, shared by its clones.
#[derive(Clone)]
pub(super) struct Client {
    channel: Channel,
    address: String,
}

impl Client {
    /// Connects to `unix:///PATH` or `npipe:////./pipe/NAME`.
    pub(super) async fn connect(address: &str) -> Result<Self, RuntimeError> {
        let unreachable =
            |source: Box<dyn std::error::Error + Send + Sync>| RuntimeError::Unreachable {
                address: address.to_owned(),
                source,
            };
        let path = path(address).ok_or_else(|| RuntimeError::Address(address.to_owned()))?;
        // The authority is sent along, and means nothing on a local socket.
        let endpoint = Endpoint::from_static("http://localhost")
            .connect_timeout(CONNECT_TIMEOUT)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES);
        let connector = tower::service_fn(move |_| {
            let path = path.clone();
            async move { open(&path).await.map(TokioIo::new) }
        });
        let connecting = endpoint.connect_with_connector(connector);
        let channel = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|late| unreachable(Box::new(late)))?
            .map_err(|error| unreachable(Box::new(error)))?;
        Ok(Self {
            channel,
            address: address.to_owned(),
        })
    }

    /// Where it is connected to.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// One question and its answer. `what` completes "the engine could not …".
    pub(super) async fn ask<Q, A>(
        &self,
        method: &'static str,
        what: &'static str,
        question: Q,
    ) -> Result<A, RuntimeError>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = self.grpc().await?;
        let codec = ProstCodec::<Q, A>::default();
        let asked = grpc.unary(request(question), PathAndQuery::from_static(method), codec);
        match tokio::time::timeout(Duration::from_secs(ANSWER_TIMEOUT_S), asked).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(self.refused(what, status)),
            Err(_) => Err(RuntimeError::Stalled {
                seconds: ANSWER_TIMEOUT_S,
            }),
        }
    }

    /// One question and a stream of answers; each is to be waited for with [`Client::next`].
    pub(super) async fn ask_for_stream<Q, A>(
        &self,
        method: &'static str,
        what: &'static str,
        question: Q,
    ) -> Result<Streaming<A>, RuntimeError>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = self.grpc().await?;
        let codec = ProstCodec::<Q, A>::default();
        let asked =
            grpc.server_streaming(request(question), PathAndQuery::from_static(method), codec);
        match tokio::time::timeout(Duration::from_secs(ANSWER_TIMEOUT_S), asked).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(self.refused(what, status)),
            Err(_) => Err(RuntimeError::Stalled {
                seconds: ANSWER_TIMEOUT_S,
            }),
        }
    }

    /// The next of a stream's answers.
    pub(super) async fn next<A>(
        &self,
        what: &'static str,
        stream: &mut Streaming<A>,
    ) -> Result<Option<A>, RuntimeError> {
        match tokio::time::timeout(Duration::from_secs(ANSWER_TIMEOUT_S), stream.message()).await {
            Ok(answer) => answer.map_err(|status| self.refused(what, status)),
            Err(_) => Err(RuntimeError::Stalled {
                seconds: ANSWER_TIMEOUT_S,
            }),
        }
    }

    async fn grpc(&self) -> Result<Grpc<Channel>, RuntimeError> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES);
        grpc.ready()
            .await
            .map_err(|error| RuntimeError::Unreachable {
                address: self.address.clone(),
                source: Box::new(error),
            })?;
        Ok(grpc)
    }

    fn refused(&self, what: &'static str, status: Status) -> RuntimeError {
        match status.code() {
            // The message begins with what is gone.
            Code::NotFound => {
                let said = status.message().trim_end_matches(": not found");
                RuntimeError::Gone(text::name(said))
            }
            Code::Unimplemented => RuntimeError::NotOffered(what),
            Code::Unavailable => RuntimeError::Unreachable {
                address: self.address.clone(),
                source: Box::new(status),
            },
            _ => RuntimeError::Refused {
                what,
                source: Box::new(status),
            },
        }
    }
}

fn request<Q>(question: Q) -> Request<Q> {
    let mut request = Request::new(question);
    let namespace = MetadataValue::from_static(NAMESPACE);
    request
        .metadata_mut()
        .insert("containerd-namespace", namespace);
    request
}

#[cfg(unix)]
fn path(address: &str) -> Option<String> {
    let path = address.strip_prefix("unix://")?;
    path.starts_with('/').then(|| path.to_owned())
}

#[cfg(unix)]
async fn open(path: &str) -> io::Result<tokio::net::UnixStream> {
    tokio::net::UnixStream::connect(path).await
}

/// `npipe:////./pipe/NAME` as `\\.\pipe\NAME`.
#[cfg(windows)]
fn path(address: &str) -> Option<String> {
    let name = address.strip_prefix("npipe:////./pipe/")?;
    (!name.is_empty()).then(|| format!(r"\\.\pipe\{name}"))
}

#[cfg(windows)]
async fn open(path: &str) -> io::Result<tokio::net::windows::named_pipe::NamedPipeClient> {
    /// `ERROR_PIPE_BUSY`: every instance of the pipe is taken, and a new one is about to be made.
    const PIPE_BUSY: i32 = 231;
    loop {
        match tokio::net::windows::named_pipe::ClientOptions::new().open(path) {
            // The caller's time limit ends this.
            Err(error) if error.raw_os_error() == Some(PIPE_BUSY) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            other => return other,
        }
    }
}
