//! A close code is reported even if a write fails before the code is read.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Mutex, mpsc};

use crate::scripted::{Reply, Scripted, TIMEOUT, within};
use futures_util::{SinkExt, StreamExt};
use smalld::handler::Handlers;
use smalld::{Error, Intents, json};
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// For each connection: sends HELLO, reads IDENTIFY, dispatches READY and an event, closes with 4014 and
/// drops the connection.
async fn gateway(listener: TcpListener, closed: tokio::sync::mpsc::Sender<()>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        let hello = json!({ "op": 10, "d": { "heartbeat_interval": 45_000 } });
        socket.send(Message::text(hello.to_string())).await.unwrap();
        socket.next().await.unwrap().unwrap();
        let ready = json!({ "op": 0, "t": "READY", "s": 1, "d": {
            "user": { "id": "1" }, "session_id": "s", "resume_gateway_url": "ws://127.0.0.1:1",
        } });
        let event = json!({ "op": 0, "t": "TEST", "s": 2, "d": {} });
        for payload in [ready, event] {
            socket
                .send(Message::text(payload.to_string()))
                .await
                .unwrap();
        }
        let frame = CloseFrame {
            code: 4014.into(),
            reason: "".into(),
        };
        socket.send(Message::Close(Some(frame))).await.unwrap();
        drop(socket);
        closed.send(()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_fatal_close_code_stops_the_bot_even_if_its_writer_fails_first() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let limit = json!({ "total": 9, "remaining": 9, "reset_after": 1, "max_concurrency": 1 });
    let answer = json!({ "url": url, "shards": 1, "session_start_limit": limit });
    let rest = Scripted::always(Reply::json(200, &answer)).await;
    let (closed, mut was_closed) = tokio::sync::mpsc::channel(8);
    tokio::spawn(gateway(listener, closed));

    // While this handler blocks the reader, the close frame stays unread behind the event.
    let (go_on, waiting) = mpsc::channel::<()>();
    let waiting = Mutex::new(waiting);
    let handlers = Handlers::new().on("TEST", move |_, _| {
        let _ = waiting.lock().unwrap().recv_timeout(TIMEOUT);
        async {}
    });
    let bot = rest
        .builder()
        .intents(Intents::GUILDS)
        .handlers(handlers)
        .build()
        .unwrap();
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    within(was_closed.recv()).await.unwrap();
    let payload = json!({ "op": 3, "d": {} });
    within(async {
        while !matches!(
            bot.send_gateway_payload(&payload).await,
            Err(Error::Gateway(_))
        ) {}
    })
    .await;
    go_on.send(()).unwrap();
    let Err(Error::Gateway(error)) = within(running).await.unwrap() else {
        panic!("`run` did not end with a gateway error")
    };
    assert_eq!(error.close_code, Some(4014));
}
