//! HTTP/1.1 with fixed answers. It understands what HTTP clients send to Discord, and no more.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{ActionKind, Shared, gateway};

const MAX_REQUEST_BYTES: usize = 64 << 10;
/// A bucket that is never exhausted, so that the client's limiter has something to learn.
const RATE_LIMIT: &str = "x-ratelimit-bucket: load\r\nx-ratelimit-limit: 1000000\r\n\
    x-ratelimit-remaining: 999999\r\nx-ratelimit-reset: 4102444800.0\r\n\
    x-ratelimit-reset-after: 3600.0\r\n";
const USER: &str = r#"{"id":"1214490133659779074","username":"Pocketwatch","discriminator":"4471","global_name":null,"avatar":null,"bot":true,"verified":true,"mfa_enabled":true,"flags":0,"public_flags":0}"#;
const APPLICATION: &str = r#"{"id":"1214490133659779074","name":"Pocketwatch","icon":null,"description":"","summary":"","bot_public":true,"bot_require_code_grant":false,"verify_key":"00","flags":565248,"team":null}"#;
const MESSAGE: &str = r#"{"type":0,"tts":false,"timestamp":"2026-06-03T18:22:51.419000+00:00","pinned":false,"mentions":[],"mention_roles":[],"mention_everyone":false,"id":"1511797328707715086","flags":0,"embeds":[],"edited_timestamp":null,"content":"pong","components":[],"channel_id":"1073894697992323077","author":{"username":"Pocketwatch","public_flags":0,"id":"1214490133659779074","global_name":null,"discriminator":"4471","bot":true,"avatar":null},"attachments":[]}"#;

/// The number of requests so far.
#[derive(Default)]
pub(super) struct Counter {
    count: AtomicU64,
    /// At which count somebody is notified.
    awaited: AtomicU64,
    reached: Notify,
}

impl Counter {
    fn add(&self) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if count == self.awaited.load(Ordering::Relaxed) {
            self.reached.notify_one();
        }
    }

    /// The server and the scenario share one thread, so no request comes between the two lines.
    pub(super) async fn reached(&self, count: u64) {
        self.awaited.store(count, Ordering::Relaxed);
        if self.count.load(Ordering::Relaxed) < count {
            self.reached.notified().await;
        }
    }
}

struct Request {
    /// Method and path, such as `GET /api/v10/gateway/bot`.
    target: String,
    websocket_key: Option<String>,
    head_bytes: usize,
    body_bytes: usize,
}

/// Answers the requests of one connection until the client closes it.
pub(super) async fn serve(mut socket: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let Some(request) = read(&mut socket, &mut buffer).await? else {
            return Ok(());
        };
        buffer.drain(..request.head_bytes + request.body_bytes);
        if let Some(key) = &request.websocket_key {
            let accept = derive_accept_key(key.as_bytes());
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\
                 connection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
            );
            socket.write_all(head.as_bytes()).await?;
            return gateway::serve(socket, buffer, shared).await;
        }
        let is_post = request.target.starts_with("POST ");
        if is_post && shared.settings.report_posts {
            shared.report(ActionKind::Posted).await;
        }
        let body = body(&request.target, &shared);
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        let _ = write!(answer, "{RATE_LIMIT}\r\n{body}");
        if is_post {
            shared.requests.add();
        }
        socket.write_all(answer.as_bytes()).await?;
    }
}

fn body(target: &str, shared: &Shared) -> String {
    let (address, shards) = (shared.address, shared.settings.shards);
    let path = target.split(['?', ' ']).nth(1).unwrap_or_default();
    if path.ends_with("/messages") {
        MESSAGE.to_owned()
    } else if path.ends_with("/gateway/bot") {
        format!(
            r#"{{"url":"ws://{address}","shards":{shards},"session_start_limit":{{"total":100000,"remaining":100000,"reset_after":0,"max_concurrency":{shards}}}}}"#
        )
    } else if path.ends_with("/gateway") {
        format!(r#"{{"url":"ws://{address}"}}"#)
    } else if path.ends_with("/applications/@me") {
        APPLICATION.to_owned()
    } else if path.ends_with("/users/@me") {
        USER.to_owned()
    } else {
        "{}".to_owned()
    }
}

/// Reads until the buffer starts with a whole request. Returns `None` when the client has closed.
async fn read(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    loop {
        if let Some(request) = parse(buffer)?
            && buffer.len() >= request.head_bytes + request.body_bytes
        {
            return Ok(Some(request));
        }
        if buffer.len() > MAX_REQUEST_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// Parses the head, once it is complete.
fn parse(bytes: &[u8]) -> io::Result<Option<Request>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidData);
    let head = str::from_utf8(&bytes[..end]).map_err(invalid)?;
    let mut lines = head.split("\r\n");
    let target = lines.next().unwrap_or_default();
    let mut request = Request {
        target: target.trim_end_matches(" HTTP/1.1").to_owned(),
        websocket_key: None,
        head_bytes: end + 4,
        body_bytes: 0,
    };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            request.body_bytes = value.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        } else if name.eq_ignore_ascii_case("sec-websocket-key") {
            request.websocket_key = Some(value.to_owned());
        }
    }
    Ok(Some(request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_parsed_once_it_is_complete() {
        assert!(parse(b"GET / HTTP/1.1\r\nhost: a\r\n").unwrap().is_none());
        let post = b"POST /channels/1/messages HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET";
        let request = parse(post).unwrap().unwrap();
        assert_eq!(request.target, "POST /channels/1/messages");
        assert_eq!(request.head_bytes + request.body_bytes, post.len() - 3);
        assert!(parse(b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n").is_err());
    }
}
