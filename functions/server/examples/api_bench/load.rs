//! Load by one thread: connections that stay open, and questions that wait for one that is free.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    io::{Write, stdout},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::Semaphore,
    task::spawn_local,
    time::{sleep, sleep_until},
};

use crate::Failure;

/// Connections, as many as browsers of some people and scripts have.
const CONNECTIONS: usize = 64;
/// Something that is asked again and again.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// What it is counted under.
    pub(crate) kind: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) body: Bytes,
}

impl Question {
    pub(crate) fn get(kind: &'static str, path: impl Into<String>, token: &str) -> Self {
        Self {
            kind,
            method: Method::GET,
            path: path.into(),
            authorization: format!("Bearer {token}"),
            body: Bytes::new(),
        }
    }
}

/// What came of a part.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Latencies by kind, sorted.
    of: BTreeMap<&'static str, Vec<Duration>>,
    /// Questions that were not asked any more.
    left: usize,
    took: Duration,
}

impl Outcome {
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    pub(crate) fn count(&self) -> usize {
        self.of.values().map(Vec::len).sum()
    }

    pub(crate) fn took_s(&self) -> f64 {
        self.took.as_secs_f64()
    }

    pub(crate) fn per_s(&self) -> f64 {
        f64::from(u32::try_from(self.count()).unwrap_or(u32::MAX)) / self.took_s()
    }

    /// The 99th percentile of all kinds together.
    pub(crate) fn p99_ms(&self) -> f64 {
        let mut all: Vec<Duration> = self.of.values().flatten().copied().collect();
        all.sort_unstable();
        percentile(&all, 99)
    }

    /// A line for each kind.
    pub(crate) fn print(&self) -> Result<(), Failure> {
        let mut out = stdout().lock();
        for (kind, sorted) in &self.of {
            let worst = sorted.last().map_or(0.0, |last| last.as_secs_f64() * 1e3);
            writeln!(
                out,
                "  {kind:<34} {:>7}  median {:>6.2} ms  99th percentile {:>6.2} ms  worst {worst:>6.2} ms",
                sorted.len(),
                percentile(sorted, 50),
                percentile(sorted, 99),
            )?;
        }
        Ok(())
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |at| at.as_secs_f64() * 1e3)
}

/// What is waiting to be asked, each with the moment that it arrived at, and what came of it.
#[derive(Default)]
struct Waiting {
    queue: RefCell<VecDeque<(Instant, Question)>>,
    /// Questions that were sent and are not answered yet.
    under_way: Cell<usize>,
    answered: RefCell<BTreeMap<&'static str, Vec<Duration>>>,
    failure: RefCell<Option<Failure>>,
}

impl Waiting {
    fn note(&self, kind: &'static str, at: Instant) {
        let mut answered = self.answered.borrow_mut();
        answered.entry(kind).or_default().push(at.elapsed());
    }
}

/// Connections to a server.
pub(crate) struct Load {
    waiting: Rc<Waiting>,
    count: Rc<Semaphore>,
    random: Cell<u64>,
}

impl Load {
    /// Opens the connections.
    pub(crate) async fn connect(host: SocketAddr) -> Result<Self, Failure> {
        let waiting = Rc::new(Waiting::default());
        let count = Rc::new(Semaphore::new(0));
        for _ in 0..CONNECTIONS {
            let sender = open(host).await?;
            spawn_local(work(sender, Rc::clone(&waiting), Rc::clone(&count), host));
        }
        Ok(Self {
            waiting,
            count,
            random: Cell::new(0x9e37_79b9_7f4a_7c15),
        })
    }

    /// Asks questions one after the other, over one connection, so often in all.
    pub(crate) async fn in_turn(
        host: SocketAddr,
        questions: &[&Question],
        count: usize,
    ) -> Result<(), Failure> {
        let mut sender = open(host).await?;
        for question in questions.iter().cycle().take(count) {
            sender.ready().await?;
            ask(&mut sender, question, host).await?;
        }
        Ok(())
    }

    /// Asks questions, whichever of them, at independent moments.
    pub(crate) async fn arriving(
        &self,
        questions: &[Question],
        per_s: f64,
        length: Duration,
    ) -> Result<Outcome, Failure> {
        let start = Instant::now();
        let mut at = Duration::ZERO;
        loop {
            // The times between arrivals of a Poisson process are exponentially distributed.
            at += Duration::from_secs_f64(-(1.0 - self.uniform()).ln() / per_s);
            if at >= length {
                break;
            }
            if start + at > Instant::now() {
                sleep_until((start + at).into()).await;
            }
            self.arrive(start + at, self.any(questions)?);
        }
        self.settle(start).await
    }

    /// Asks each question once, at independent moments.
    pub(crate) async fn each_arriving(
        &self,
        questions: Vec<Question>,
        per_s: f64,
    ) -> Result<Outcome, Failure> {
        let start = Instant::now();
        let mut at = Duration::ZERO;
        for question in questions {
            at += Duration::from_secs_f64(-(1.0 - self.uniform()).ln() / per_s);
            if start + at > Instant::now() {
                sleep_until((start + at).into()).await;
            }
            self.arrive(start + at, question);
        }
        self.settle(start).await
    }

    /// Asks as much as is answered.
    pub(crate) async fn saturating(
        &self,
        questions: &[Question],
        length: Duration,
    ) -> Result<Outcome, Failure> {
        let start = Instant::now();
        while start.elapsed() < length {
            while self.waiting.queue.borrow().len() < CONNECTIONS {
                self.arrive(Instant::now(), self.any(questions)?);
            }
            sleep(Duration::from_millis(1)).await;
        }
        self.settle(start).await
    }

    fn arrive(&self, at: Instant, question: Question) {
        self.waiting.queue.borrow_mut().push_back((at, question));
        self.count.add_permits(1);
    }

    fn any(&self, questions: &[Question]) -> Result<Question, Failure> {
        let at = (self.next() >> 16) % (questions.len().max(1) as u64);
        let question = questions.get(usize::try_from(at)?);
        question.cloned().ok_or_else(|| "nothing to ask".into())
    }

    /// Waits for what is under way, and says what came of it. What is not even asked after as long again as all of it took to
    /// arrive counts as if it were answered then: the server is saturated, and nobody needs to know by how much.
    async fn settle(&self, start: Instant) -> Result<Outcome, Failure> {
        let waiting = &self.waiting;
        let until = Instant::now() + start.elapsed();
        let mut left = 0;
        while !waiting.queue.borrow().is_empty() || waiting.under_way.get() > 0 {
            if let Some(failure) = waiting.failure.take() {
                return Err(failure);
            }
            if Instant::now() > until {
                for (at, question) in waiting.queue.take() {
                    waiting.note(question.kind, at);
                    left += 1;
                }
            }
            sleep(Duration::from_millis(1)).await;
        }
        if let Some(failure) = waiting.failure.take() {
            return Err(failure);
        }
        let mut of = waiting.answered.take();
        of.values_mut().for_each(|some| some.sort_unstable());
        Ok(Outcome {
            of,
            left,
            took: start.elapsed(),
        })
    }

    /// Evenly distributed from 0 to less than 1, the same in each run.
    fn uniform(&self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / 4_294_967_296.0
    }

    /// Xorshift64*. Source: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled".
    fn next(&self) -> u64 {
        let mut state = self.random.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.random.set(state);
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

type Sender = SendRequest<Full<Bytes>>;

async fn open(host: SocketAddr) -> Result<Sender, Failure> {
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    spawn_local(async move {
        // Its end is met by whoever asks over it.
        let _ = connection.await;
    });
    Ok(sender)
}

/// Asks what waits, one after the other.
async fn work(mut sender: Sender, waiting: Rc<Waiting>, count: Rc<Semaphore>, host: SocketAddr) {
    while let Ok(permit) = count.acquire().await {
        permit.forget();
        let Some((at, question)) = waiting.queue.borrow_mut().pop_front() else {
            continue;
        };
        waiting.under_way.set(waiting.under_way.get() + 1);
        // A server ends connections that were idle for a while.
        if sender.is_closed() || sender.ready().await.is_err() {
            match open(host).await {
                Ok(again) => sender = again,
                Err(failure) => *waiting.failure.borrow_mut() = Some(failure),
            }
        }
        match ask(&mut sender, &question, host).await {
            Ok(()) => waiting.note(question.kind, at),
            Err(failure) => *waiting.failure.borrow_mut() = Some(failure),
        }
        waiting.under_way.set(waiting.under_way.get() - 1);
    }
}

/// Asks once and reads all of the answer.
async fn ask(sender: &mut Sender, question: &Question, host: SocketAddr) -> Result<(), Failure> {
    let request = Request::builder()
        .method(question.method.clone())
        .uri(&question.path)
        .header(HOST, host.to_string())
        .header(AUTHORIZATION, &question.authorization)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(question.body.clone()))?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let mut body = answer.into_body();
    let mut begin = Bytes::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data()
            && begin.is_empty()
        {
            begin = data;
        }
    }
    if status.is_success() {
        return Ok(());
    }
    let begin = String::from_utf8_lossy(&begin);
    Err(format!("{}: {status} {begin}", question.path).into())
}
