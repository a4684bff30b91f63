//! Connections: how many there are, how long one may keep the server waiting, and how they end.
//!
//! Nobody has to be known to connect, so what a connection can cost is bounded before a key is looked at: their number
//! ([`Settings::connections_max`]; one more is refused in words), the time until a request's head is there,
//! and the time that an answer may lie unread. How long a body may take is looked at where it is received.
//!
//! At a stop no more are taken, those that are idle end, and those with a request under way have
//! [`Settings::stop_timeout`] to end it; what is left then is cut.

mod listen;
mod options;
mod refuse;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutWriter;
use tower::ServiceExt;

pub use listen::bind;
pub use options::ConnectionOptions;

/// Bytes of a request's head, and so of what is read ahead of a body: a head that is longer is a 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long nothing is accepted behind an error that is not of one connection: too many open files, say.
const PAUSE_BEHIND_ERROR: Duration = Duration::from_millis(100);

/// Files that are not connections: the data file and its log, say.
const OTHER_FILES: u64 = 64;

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many there may be at once.
    pub connections_max: usize,
    /// For how long one may be without the whole head of a request: idle, or with a head that comes in drops.
    pub idle_timeout: Duration,
    /// For how long a body may take to come.
    pub body_timeout: Duration,
    /// For how long a client may read nothing of its answer.
    pub write_timeout: Duration,
    /// At a stop, for how long requests that are under way are waited for.
    pub stop_timeout: Duration,
}

impl Settings {
    /// 4,096 connections, a minute for what a client does, 20 seconds at a stop.
    pub const DEFAULT: Self = Self {
        connections_max: 4_096,
        idle_timeout: Duration::from_secs(60),
        body_timeout: Duration::from_secs(60),
        write_timeout: Duration::from_secs(60),
        stop_timeout: Duration::from_secs(20),
    };

    /// With so many connections that the process may have open. Raises that limit first, as far as the system lets it.
    pub fn within_open_files(self) -> Self {
        let open_files = match rlimit::increase_nofile_limit(u64::MAX) {
            Ok(open_files) => open_files,
            Err(error) => {
                tracing::warn!(%error, "how many files may be open is not known");
                return self;
            }
        };
        let room = usize::try_from(open_files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(1);
        if room < self.connections_max {
            let wanted = self.connections_max;
            tracing::warn!(
                open_files,
                wanted,
                connections_max = room,
                "fewer connections: too few open files"
            );
        }
        Self { connections_max: self.connections_max.min(room), ..self }
    }
}

/// The connections that there are.
struct Connections {
    room: Arc<Semaphore>,
    /// Over those that are refused: beyond them a connection is closed without a word.
    refusals: Arc<Semaphore>,
    http: http1::Builder,
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
    write_timeout: Duration,
}

/// Answers until `stop` is ready, then ends what is under way. (What goes wrong with one connection is its own, and
/// with the listener is tried again.)
pub async fn serve(listener: TcpListener, app: Router, settings: Settings, stop: impl Future<Output = ()>) {
    let mut connections = Connections::new(settings);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            stream = accept(&listener) => connections.take(stream, &app),
            // What has ended is forgotten.
            Some(_) = connections.tasks.join_next() => {}
        }
    }
    // Whoever comes now is told so by the system.
    drop(listener);
    connections.end(settings.stop_timeout).await;
}

impl Connections {
    fn new(settings: Settings) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(settings.idle_timeout).max_buf_size(HEAD_BYTES_MAX);
        // A client that says no more may still listen, and what it asked for last is carried out.
        http.half_close(true);
        Self {
            room: Arc::new(Semaphore::new(settings.connections_max.clamp(1, Semaphore::MAX_PERMITS))),
            refusals: Arc::new(Semaphore::new(refuse::AT_ONCE_MAX)),
            http,
            graceful: GracefulShutdown::new(),
            tasks: JoinSet::new(),
            write_timeout: settings.write_timeout,
        }
    }

    /// Takes a connection, or refuses it.
    fn take(&mut self, stream: TcpStream, app: &Router) {
        match Arc::clone(&self.room).try_acquire_owned() {
            Ok(place) => self.answer(stream, app, place),
            Err(_) => {
                if let Ok(place) = Arc::clone(&self.refusals).try_acquire_owned() {
                    self.tasks.spawn(async move {
                        refuse::refuse(stream).await;
                        drop(place);
                    });
                }
            }
        }
    }

    fn answer(&mut self, stream: TcpStream, app: &Router, place: OwnedSemaphorePermit) {
        // An answer is written whole: it is not to wait for more.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.write_timeout));
        let app = app
            .clone()
            .map_request(|request: Request<hyper::body::Incoming>| request.map(axum::body::Body::new));
        let connection =
            self.http.serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(app));
        let connection = self.graceful.watch(connection);
        self.tasks.spawn(async move {
            // A client that broke off, was too slow, or sent what is no HTTP.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }

    /// Lets requests that are under way come to their end, and cuts them where that takes too long.
    async fn end(self, stop_timeout: Duration) {
        let Self { graceful, mut tasks, .. } = self;
        if timeout(stop_timeout, graceful.shutdown()).await.is_err() {
            while tasks.try_join_next().is_some() {}
            tracing::warn!(
                connections = tasks.len(),
                ?stop_timeout,
                "cut: their requests did not end in time"
            );
        }
        tasks.shutdown().await;
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // It was gone before it was taken.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {
            }
            Err(error) => {
                tracing::error!(%error, "no connection can be taken: trying again");
                sleep(PAUSE_BEHIND_ERROR).await;
            }
        }
    }
}
