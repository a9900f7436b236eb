//! Parser of requests: as much of HTTP/1.1 as clients need.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Seen;

pub struct Connection {
    socket: TcpStream,
    /// Bytes that were read and not parsed yet.
    buffer: Vec<u8>,
}

impl Connection {
    pub fn new(socket: TcpStream) -> Self {
        // Otherwise the second of two writes waits for the other side's acknowledgement.
        let _ = socket.set_nodelay(true);
        Self {
            socket,
            buffer: Vec::new(),
        }
    }

    /// Returns the next request, or `None` when the client has closed the connection.
    pub async fn request(&mut self) -> Option<Seen> {
        let head = self.until(b"\r\n\r\n").await?;
        let head = String::from_utf8(head).expect("a head of ASCII");
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let header = |name: &str| headers.iter().find(|(known, _)| known == name);
        let body = if header("transfer-encoding").is_some() {
            self.chunks().await?
        } else {
            let length = header("content-length").map_or(Some(0), |(_, n)| n.parse().ok());
            self.take(length?).await?
        };
        // A proxy receives the whole URL.
        let path = target
            .split_once("://")
            .map_or(target.as_str(), |(_, rest)| {
                rest.find('/').map_or("/", |start| &rest[start..])
            });
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Some(Seen {
            method,
            path: path.strip_prefix("/api/v10").unwrap_or(path).to_owned(),
            query: query.to_owned(),
            headers,
            body,
            target: target.clone(),
        })
    }

    pub async fn write(&mut self, bytes: &[u8]) -> bool {
        self.socket.write_all(bytes).await.is_ok()
    }

    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.until(b"\r\n").await?;
            let size = usize::from_str_radix(std::str::from_utf8(&line).ok()?, 16).ok()?;
            body.extend(self.take(size).await?);
            self.take(2).await?;
            if size == 0 {
                return Some(body);
            }
        }
    }

    /// Takes everything up to and including these bytes, and returns what was before them.
    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self.buffer.windows(end.len()).position(|at| at == end);
            if let Some(at) = found {
                let mut taken: Vec<u8> = self.buffer.drain(..at + end.len()).collect();
                taken.truncate(at);
                return Some(taken);
            }
            self.read().await?;
        }
    }

    async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < length {
            self.read().await?;
        }
        Some(self.buffer.drain(..length).collect())
    }

    async fn read(&mut self) -> Option<()> {
        let read = self.socket.read_buf(&mut self.buffer).await.ok()?;
        // A TLS handshake, which a plain HTTP server refuses like this.
        if self.buffer.first() == Some(&0x16) {
            self.write(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            return None;
        }
        (read > 0).then_some(())
    }
}

/// One part of a multipart body.
#[derive(Debug)]
pub struct Part {
    /// Its headers, as they were sent.
    pub head: String,
    pub body: Vec<u8>,
}

pub fn parts(content_type: &str, body: &[u8]) -> Vec<Part> {
    let (_, boundary) = content_type.split_once("boundary=").expect("a boundary");
    let boundary = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let mut rest = body.strip_prefix(&boundary[..]).expect("begins with it");
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, &boundary).expect("ends with it");
        let (whole, after) = (&part[..end - 2], &part[end + boundary.len()..]);
        let head = find(whole, b"\r\n\r\n").expect("a head");
        parts.push(Part {
            head: String::from_utf8_lossy(&whole[..head]).into_owned(),
            body: whole[head + 4..].to_vec(),
        });
        rest = after;
    }
    assert_eq!(rest, b"--\r\n", "closed");
    parts
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|at| at == what)
}
