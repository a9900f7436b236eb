//! A bot reduced to its sockets, so that tests see every byte of the sandbox.

#![allow(dead_code, reason = "each test binary uses some of it")]
#![allow(unreachable_pub, reason = "as in a crate of its own")]

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method, RequestBuilder};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use smalld_sandbox::{OpenApi, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The bound of every wait; no test comes near it unless something is broken.
pub const TIMEOUT: Duration = Duration::from_secs(20);
pub const ALL_INTENTS: u64 = 53_608_447;
pub const MESSAGE_CONTENT: u64 = 1 << 15;

/// One gateway connection.
pub struct Gateway {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What the gateway sent.
#[derive(Debug)]
pub enum Received {
    Payload(Value),
    Raw(String),
    Closed(Option<u16>),
}

impl Gateway {
    pub async fn connect(url: &str) -> Self {
        let url = format!("{url}/?v=10&encoding=json");
        Self {
            socket: connect_async(url).await.expect("connected").0,
        }
    }

    /// Connects to the general address, and receives HELLO.
    pub async fn greeted(sandbox: &Sandbox) -> Self {
        let mut gateway = Self::connect(&general_url(sandbox)).await;
        let hello = gateway.payload().await;
        assert_eq!(hello["op"], 10);
        gateway
    }

    /// Identifies, and receives READY and `GUILD_CREATE`. Returns the `d` of READY.
    pub async fn ready(sandbox: &Sandbox, intents: u64) -> (Self, Value) {
        let mut gateway = Self::greeted(sandbox).await;
        gateway.send(&identify(sandbox.token(), intents)).await;
        let ready = gateway.payload().await;
        assert_eq!(
            (&ready["t"], &ready["s"]),
            (&json!("READY"), &json!(1)),
            "{ready}"
        );
        if intents & 1 != 0 {
            assert_eq!(gateway.payload().await["t"], "GUILD_CREATE");
        }
        (gateway, ready["d"].clone())
    }

    pub async fn send(&mut self, payload: &Value) {
        self.send_text(&payload.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("sent");
    }

    pub async fn send_message(&mut self, message: Message) {
        self.socket.send(message).await.expect("sent");
    }

    /// One WebSocket message as it came, or how the connection ended.
    pub async fn message(&mut self) -> Option<Result<Message, Error>> {
        timeout(TIMEOUT, self.socket.next())
            .await
            .expect("a message in time")
    }

    pub async fn close(&mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        self.socket.close(Some(frame)).await.expect("closed");
    }

    pub async fn receive(&mut self) -> Received {
        let received = timeout(TIMEOUT, self.next()).await;
        received.expect("a frame in time")
    }

    /// As [`receive`](Self::receive), for any time.
    pub async fn next(&mut self) -> Received {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let json = serde_json::from_str(&text);
                    return json
                        .map_or_else(|_| Received::Raw(text.to_string()), Received::Payload);
                }
                Some(Ok(Message::Close(frame))) => {
                    return Received::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Received::Closed(None),
            }
        }
    }

    pub async fn payload(&mut self) -> Value {
        match self.receive().await {
            Received::Payload(payload) => payload,
            other => panic!("not a payload: {other:?}"),
        }
    }

    /// The close code; everything before it is skipped.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Received::Closed(code) = self.receive().await {
                return code;
            }
        }
    }

    /// The next payload, which must be this dispatch.
    pub async fn dispatch(&mut self, name: &str) -> Value {
        let payload = self.payload().await;
        assert_eq!(
            (&payload["op"], &payload["t"]),
            (&json!(0), &json!(name)),
            "{payload}"
        );
        payload
    }
}

impl From<WebSocketStream<MaybeTlsStream<TcpStream>>> for Gateway {
    fn from(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self { socket }
    }
}

/// A client that has upgraded, without a WebSocket library.
pub async fn upgraded(sandbox: &Sandbox) -> TcpStream {
    let address = sandbox.gateway_url().strip_prefix("ws://").expect("ws");
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = "GET /?v=10&encoding=json HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("asked");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    stream
}

/// A sandbox in which no IDENTIFY is too early.
pub async fn without_identify_limit() -> Sandbox {
    let builder = Sandbox::builder().identify_window(Duration::ZERO);
    builder.start().await.expect("started")
}

pub fn identify(token: &str, intents: u64) -> Value {
    let properties = json!({ "os": "linux", "browser": "test", "device": "test" });
    json!({ "op": 2, "d": { "token": token, "intents": intents, "properties": properties } })
}

pub fn resume(token: &str, session_id: &Value, seq: u64) -> Value {
    json!({ "op": 6, "d": { "token": token, "session_id": session_id, "seq": seq } })
}

pub fn general_url(sandbox: &Sandbox) -> String {
    gateway_at(sandbox.base_url())
}

/// The gateway's address for this base URL of REST.
pub fn gateway_at(base_url: &str) -> String {
    let authority = base_url.strip_prefix("http://").expect("http");
    format!(
        "ws://{}",
        authority.strip_suffix("/api/v10").expect("a version")
    )
}

/// REST requests as the bot would make them.
pub struct Rest {
    base_url: String,
    token: String,
    client: Client,
}

/// A client with its own TLS setup, although nothing here uses TLS: the default depends on what else
/// is built.
pub fn client(agent: &str) -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(agent)
        .no_proxy()
        .build()
        .expect("a client")
}

/// Discord's own document of what an answer looks like, which is not part of the project.
const DOCUMENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/discord/openapi/openapi.json"
);

/// The document, if it is here.
pub fn document() -> Option<&'static OpenApi> {
    static LOADED: OnceLock<Option<OpenApi>> = OnceLock::new();
    let load = || {
        Path::new(DOCUMENT)
            .exists()
            .then(|| OpenApi::load(DOCUMENT).expect("a document"))
    };
    let document = LOADED.get_or_init(load).as_ref();
    if document.is_none() {
        println!("skipped: there is no {DOCUMENT}");
    }
    document
}

/// Panics unless an answer of the sandbox is as the document says.
fn check(method: &Method, path: &str, status: u16, json: &Value) {
    // The document lacks media channels and forwarded messages.
    let is_forwarded = json["message_reference"]["type"] == 1;
    let is_unknown = json["type"] == 16 || is_forwarded;
    let Some(document) = document().filter(|_| !is_unknown) else {
        return;
    };
    let path = path.strip_prefix("/api/v10").unwrap_or(path);
    let mistakes = document.mistakes_in_answer(method.as_str(), path, status, json);
    assert!(
        mistakes.is_null(),
        "{method} {path} {status}: {mistakes}\n{json}"
    );
}

/// A status, headers, and the JSON of the body (null without a body).
pub struct Answer {
    pub status: u16,
    pub json: Value,
    headers: reqwest::header::HeaderMap,
}

impl Rest {
    pub fn new(sandbox: &Sandbox) -> Self {
        Self::at(sandbox.base_url(), sandbox.token())
    }

    pub fn at(base_url: &str, token: &str) -> Self {
        let agent = "DiscordBot (https://example.org, 1.0)";
        Self {
            base_url: base_url.to_owned(),
            token: token.to_owned(),
            client: client(agent),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}{path}", self.base_url));
        request.header("authorization", format!("Bot {}", self.token))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// Any method, with a JSON body.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let method = method.parse().expect("a method");
        Answer::of(self.request(method, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::PUT, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }
}

impl Answer {
    /// The answer, which is as Discord's OpenAPI document says.
    pub async fn of(request: RequestBuilder) -> Self {
        let (client, built) = request.build_split();
        let built = built.expect("a request");
        let (method, path) = (built.method().clone(), built.url().path().to_owned());
        let answer = Self::of_stub(RequestBuilder::from_parts(client, built)).await;
        check(&method, &path, answer.status, &answer.json);
        answer
    }

    /// The answer of a stub, which may be anything.
    pub async fn of_stub(request: RequestBuilder) -> Self {
        let response = timeout(TIMEOUT, request.send())
            .await
            .expect("in time")
            .expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            status,
            json,
            headers,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("text"))
    }

    /// The status, and Discord's code.
    pub fn error(&self) -> (u16, Option<u64>) {
        (self.status, self.json["code"].as_u64())
    }
}
