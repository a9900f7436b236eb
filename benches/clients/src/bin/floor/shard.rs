//! A connection of the gateway. An idle one holds no buffer: all of them read into the same.

use std::cell::RefCell;
use std::env;
use std::io;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::inflate::Inflate;
use crate::look::{self, Task, Work};
use crate::{frames, http};

const READ_BYTES: usize = 64 << 10;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Own,
    Tungstenite,
}

/// What all shards share.
pub(crate) struct Client {
    work: Work,
    reader: Reader,
    read: RefCell<Vec<u8>>,
    room: RefCell<Vec<u8>>,
}

impl Client {
    pub(crate) fn new(work: Work, reader: Reader) -> Self {
        Self {
            work,
            reader,
            read: RefCell::new(vec![0; READ_BYTES]),
            room: RefCell::new(Vec::with_capacity(READ_BYTES)),
        }
    }
}

struct Shard {
    client: Rc<Client>,
    id: u32,
    count: u32,
    inflate: Inflate,
    /// Opened for the first pong.
    http: Option<http::Connection>,
}

pub(crate) async fn run(client: Rc<Client>, id: u32, count: u32) -> io::Result<()> {
    let mut socket = TcpStream::connect(http::address()?).await?;
    socket.set_nodelay(true)?;
    let shard = Shard {
        id,
        count,
        inflate: Inflate::from_env(),
        http: None,
        client,
    };
    shard.upgrade(&mut socket).await?;
    match shard.client.reader {
        Reader::Own => shard.read(socket).await,
        Reader::Tungstenite => shard.read_by_tungstenite(socket).await,
    }
}

impl Shard {
    async fn upgrade(&self, socket: &mut TcpStream) -> io::Result<()> {
        let request = format!(
            "GET /?v=10&encoding=json{} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            self.inflate.query(),
            http::address()?,
        );
        socket.write_all(request.as_bytes()).await?;
        // Byte by byte, because what follows belongs to the next reader.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await?);
        }
        Ok(())
    }

    async fn read(mut self, mut socket: TcpStream) -> io::Result<()> {
        // The frames whose ends have not arrived.
        let mut partial = Vec::new();
        loop {
            socket.readable().await?;
            let client = Rc::clone(&self.client);
            let tasks = {
                let mut buffer = client.read.borrow_mut();
                let kept = partial.len();
                if buffer.len() < kept + READ_BYTES {
                    buffer.resize(kept + READ_BYTES, 0);
                }
                let length = match socket.try_read(&mut buffer[kept..kept + READ_BYTES]) {
                    Ok(0) => return Ok(()),
                    Ok(length) => length,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                    Err(error) => return Err(error),
                };
                buffer[..kept].copy_from_slice(&partial);
                self.take_all(&client, &mut partial, &buffer[..kept + length])?
            };
            for task in tasks {
                self.perform(task, &mut socket).await?;
            }
        }
    }

    /// Handles all complete frames and keeps the rest.
    fn take_all(
        &mut self,
        client: &Client,
        partial: &mut Vec<u8>,
        mut bytes: &[u8],
    ) -> io::Result<Vec<Task>> {
        let mut tasks = Vec::new();
        let mut room = client.room.borrow_mut();
        while let Some((message, length)) = frames::next(bytes) {
            let text = self.inflate.text(message, &mut room)?;
            match look::take(client.work, text) {
                Task::Nothing => {}
                task => tasks.push(task),
            }
            bytes = &bytes[length..];
        }
        *partial = bytes.to_vec();
        Ok(tasks)
    }

    async fn perform(&mut self, task: Task, socket: &mut TcpStream) -> io::Result<()> {
        match task {
            Task::Nothing => Ok(()),
            Task::Pong => self.pong().await,
            task => socket.write_all(&frames::text(&self.payload(task))).await,
        }
    }

    async fn pong(&mut self) -> io::Result<()> {
        let connection = match self.http.take() {
            Some(connection) => connection,
            None => http::Connection::open("1073894697992323077").await?,
        };
        self.http.insert(connection).post().await
    }

    fn payload(&self, task: Task) -> String {
        let (id, count) = (self.id, self.count);
        if task == Task::Answer {
            return r#"{"op":3,"d":{"since":null,"activities":[],"status":"online","afk":false}}"#
                .to_owned();
        }
        let token = env::var("SMALLD_TOKEN").unwrap_or_default();
        format!(
            r#"{{"op":2,"d":{{"token":"{token}","intents":53608447,"shard":[{id},{count}],"properties":{{"os":"linux","browser":"floor","device":"floor"}}}}}}"#
        )
    }

    async fn read_by_tungstenite(mut self, socket: TcpStream) -> io::Result<()> {
        use futures_util::{SinkExt, StreamExt};

        let config = WebSocketConfig::default().read_buffer_size(READ_BYTES);
        let config = config.max_message_size(None).max_frame_size(None);
        let mut socket = WebSocketStream::from_raw_socket(socket, Role::Client, Some(config)).await;
        while let Some(message) = socket.next().await {
            let message = message.map_err(io::Error::other)?.into_data();
            let client = Rc::clone(&self.client);
            let task = {
                let mut room = client.room.borrow_mut();
                look::take(client.work, self.inflate.text(&message, &mut room)?)
            };
            if task != Task::Nothing {
                let payload = Message::text(self.payload(task));
                socket.send(payload).await.map_err(io::Error::other)?;
            }
        }
        Ok(())
    }
}
