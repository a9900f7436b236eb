//! Scripted server: plain HTTP/1.1 on the loopback. It records every request byte for byte. Written
//! by hand, so that it can do what a proper server would not.

#![allow(dead_code, reason = "each test binary uses some of it")]
#![allow(unused_imports, reason = "the same")]
#![allow(unreachable_pub, reason = "as in a crate of its own")]

mod reply;
pub mod wire;

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use smalld::error::RateLimitError;
use smalld::rest::{RateLimits, Request};
use smalld::{Builder, Error, SmallD, json, path};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

pub use reply::{Gate, Reply};
pub use wire::Part;

/// Much longer than any wait in these tests takes, unless something is broken.
pub const TIMEOUT: Duration = Duration::from_secs(20);
pub const TOKEN: &str = "MTA3.secret.bot-token";

/// Waits for a future, with a limit.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(TIMEOUT, future).await.expect("in time")
}

/// A request that creates a message.
pub fn post(bot: &SmallD, channel: u64) -> Request {
    let content = json!({ "content": "hi" });
    bot.post(path!("/channels/{channel}/messages"), content)
}

#[track_caller]
pub fn limited<T: Debug>(result: Result<T, Error>) -> RateLimitError {
    match result {
        Err(Error::RateLimit(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// The path as it was sent, without the query and without `/api/v10`.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The whole target of the request line.
    pub target: String,
}

type Script = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

pub struct Scripted {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    changed: watch::Receiver<usize>,
    serving: AbortHandle,
}

impl Scripted {
    /// Responds with a function of the request and its number, from 0.
    pub async fn by(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (count, changed) = watch::channel(0);
        let server = Server {
            script: Arc::new(script),
            seen: Arc::clone(&seen),
            count: Arc::new(count),
        };
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(server.clone().serve(socket));
            }
        });
        Self {
            address,
            seen,
            changed,
            serving: serving.abort_handle(),
        }
    }

    /// Responds with these in order, and repeats the last one.
    pub async fn replies(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        Self::by(move |nth, _| replies[nth.min(replies.len() - 1)].clone()).await
    }

    pub async fn always(reply: Reply) -> Self {
        Self::replies([reply]).await
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}/api/v10", self.address)
    }

    pub fn builder(&self) -> Builder {
        SmallD::builder().token(TOKEN).base_url(self.url())
    }

    pub fn bot(&self, rate_limits: RateLimits) -> SmallD {
        let bot = self.builder().rate_limits(rate_limits).build();
        bot.expect("a bot")
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub fn count(&self) -> usize {
        *self.changed.borrow()
    }

    /// The only request; panics if there were more.
    #[track_caller]
    pub fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// Waits until this many requests have arrived.
    pub async fn wait_for(&self, count: usize) {
        let mut changed = self.changed.clone();
        let arrived = timeout(TIMEOUT, changed.wait_for(|&arrived| arrived >= count)).await;
        arrived.expect("in time").expect("the server is there");
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Clone)]
struct Server {
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
    count: Arc<watch::Sender<usize>>,
}

impl Server {
    async fn serve(self, socket: TcpStream) {
        let mut connection = wire::Connection::new(socket);
        while let Some(seen) = connection.request().await {
            let nth = {
                let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(seen.clone());
                all.len() - 1
            };
            self.count.send_modify(|count| *count += 1);
            let reply = (self.script)(nth, &seen);
            if !reply.send(&mut connection).await {
                return;
            }
        }
    }
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The parts of a multipart body.
    pub fn parts(&self) -> Vec<Part> {
        let content_type = self.header("content-type").expect("a content type");
        wire::parts(content_type, &self.body)
    }
}
