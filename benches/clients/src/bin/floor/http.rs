//! HTTP/1.1 on sockets that stay open.

use std::env;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const BODY: &str = r#"{"content":"pong"}"#;

/// Host and port of the server.
pub(crate) fn address() -> io::Result<String> {
    let url = env::var("SMALLD_BASE_URL").map_err(io::Error::other)?;
    let rest = url.strip_prefix("http://").unwrap_or(&url);
    Ok(rest.split('/').next().unwrap_or_default().to_owned())
}

pub(crate) struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(channel: &str) -> io::Result<Self> {
        let address = address()?;
        let socket = TcpStream::connect(&address).await?;
        socket.set_nodelay(true)?;
        let token = env::var("SMALLD_TOKEN").map_err(io::Error::other)?;
        let request = format!(
            "POST /api/v10/channels/{channel}/messages HTTP/1.1\r\nhost: {address}\r\n\
             authorization: Bot {token}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{BODY}",
            BODY.len()
        );
        Ok(Self {
            socket,
            buffer: Vec::with_capacity(4096),
            request: request.into_bytes(),
        })
    }

    /// Posts a message and reads the answer.
    pub(crate) async fn post(&mut self) -> io::Result<()> {
        self.socket.write_all(&self.request).await?;
        self.buffer.clear();
        while !is_complete(&self.buffer) {
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

fn is_complete(answer: &[u8]) -> bool {
    let find = |needle: &[u8]| memchr::memmem::find(answer, needle);
    let Some(head) = find(b"\r\n\r\n") else {
        return false;
    };
    let length = find(b"content-length: ").map_or(0, |at| {
        let digits = answer[at + 16..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
    });
    answer.len() >= head + 4 + length
}

/// Requests without an end, this many at once.
pub(crate) async fn flood(at_once: usize) -> io::Result<()> {
    let mut callers = JoinSet::new();
    for channel in 1..=at_once {
        callers.spawn_local(async move {
            let mut connection = Connection::open(&channel.to_string()).await?;
            loop {
                connection.post().await?;
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        let ended: io::Result<()> = ended.map_err(io::Error::other)?;
        ended?;
    }
    Ok(())
}
