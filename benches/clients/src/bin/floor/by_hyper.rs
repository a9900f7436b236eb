//! HTTP by hyper, on connections that stay open, as a client needs it: JSON to the server, JSON back.

use std::env;
use std::io;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::http;

/// Requests without an end, this many at once.
pub(crate) async fn flood(at_once: usize) -> io::Result<()> {
    let mut callers = JoinSet::new();
    for channel in 1..=at_once {
        callers.spawn_local(call(channel));
    }
    while let Some(ended) = callers.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

async fn call(channel: usize) -> io::Result<()> {
    let address = http::address()?;
    let socket = TcpStream::connect(&address).await?;
    socket.set_nodelay(true)?;
    let handshake = http1::handshake(TokioIo::new(socket)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    tokio::task::spawn_local(connection);
    let token = env::var("SMALLD_TOKEN").map_err(io::Error::other)?;
    loop {
        let body = serde_json::to_vec(&json!({ "content": "pong" }))?;
        let request = Request::post(format!("/api/v10/channels/{channel}/messages"))
            .header("host", &address)
            .header("authorization", format!("Bot {token}"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(io::Error::other)?;
        let response = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(io::Error::other)?;
        let message: Value = serde_json::from_slice(&body.to_bytes())?;
        std::hint::black_box(message);
    }
}
