//! The reader and the upgrade against an independent server: the one of tungstenite.

use std::task::Poll;

use futures_util::{SinkExt, StreamExt, poll};
use hyper::header::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::{Bytes, Message as ServerMessage};

use crate::gateway::connection::websocket::buffer::MIN_CAPACITY;
use crate::gateway::connection::websocket::reader::{Message, ReadError, Reader};
use crate::gateway::connection::websocket::upgrade::{UpgradeError, upgrade};
use crate::gateway::connection::websocket::writer::Writer;

const MAX_BYTES: usize = 1 << 20;

fn reader(bytes: &[u8]) -> Reader<DuplexStream> {
    // The other end is dropped, so the stream is at its end.
    Reader::new(duplex(1).0, bytes.to_vec(), MAX_BYTES)
}

/// A frame of a server; for short payloads.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, u8::try_from(payload.len()).unwrap()];
    frame.extend(payload);
    frame
}

async fn upgraded(stream: DuplexStream) -> Result<(DuplexStream, Vec<u8>), UpgradeError> {
    let uri = "ws://localhost:1/?v=10".parse().unwrap();
    upgrade(stream, &uri, &HeaderValue::from_static("test")).await
}

#[tokio::test]
async fn both_sides_understand_each_other() {
    let (client, server) = duplex(1 << 10);
    let sizes = [0, 1, 125, 126, 127, 4095, 4096, 65_535, 65_536, 300_000, 3];
    let server = tokio::spawn(async move {
        let mut server = accept_async(server).await.unwrap();
        for size in sizes {
            server
                .send(ServerMessage::text("é".repeat(size)))
                .await
                .unwrap();
            let bytes = Bytes::from(vec![7; size]);
            server.send(ServerMessage::Binary(bytes)).await.unwrap();
        }
        server
            .send(ServerMessage::Ping(Bytes::from_static(b"p")))
            .await
            .unwrap();
        let mut received = Vec::new();
        while let Some(Ok(message)) = server.next().await {
            received.push(message);
        }
        received
    });
    let (stream, read) = upgraded(client).await.ok().unwrap();
    let (stream, writer) = tokio::io::split(stream);
    let (mut reader, mut writer) = (Reader::new(stream, read, MAX_BYTES), Writer::new(writer));
    for size in sizes {
        assert_eq!(
            reader.next().await.unwrap(),
            Message::Text(&"é".repeat(size))
        );
        assert_eq!(
            reader.next().await.unwrap(),
            Message::Binary(&vec![7; size])
        );
    }
    assert_eq!(reader.next().await.unwrap(), Message::Ping(b"p"));
    for size in sizes {
        writer.text(&"é".repeat(size)).await.unwrap();
    }
    writer.pong(b"p").await.unwrap();
    writer.close(4900).await.unwrap();
    assert_eq!(reader.next().await.unwrap(), Message::Close(Some(4900)));
    assert!(matches!(reader.next().await, Err(ReadError::Ended)));
    let received = server.await.unwrap();
    let texts = sizes.map(|size| ServerMessage::text("é".repeat(size)));
    assert_eq!(received[..sizes.len()], texts);
    assert_eq!(
        received[sizes.len()],
        ServerMessage::Pong(Bytes::from_static(b"p"))
    );
    assert!(received[sizes.len() + 1].is_close());
}

#[tokio::test]
async fn a_message_may_arrive_byte_by_byte_and_in_pieces() {
    let mut wire = frame(0x01, b"one ");
    wire.extend(frame(0x89, b"ping"));
    wire.extend(frame(0x00, b"two "));
    wire.extend(frame(0x80, b"three"));
    wire.extend(frame(0x82, b"binary"));
    let (stream, mut server) = duplex(1);
    let mut reader = Reader::new(stream, Vec::new(), MAX_BYTES);
    let server = async {
        for byte in wire {
            server.write_u8(byte).await.unwrap();
        }
    };
    let reading = async {
        assert_eq!(reader.next().await.unwrap(), Message::Ping(b"ping"));
        let whole = Message::Text("one two three");
        assert_eq!(reader.next().await.unwrap(), whole);
        assert_eq!(reader.next().await.unwrap(), Message::Binary(b"binary"));
    };
    tokio::join!(server, reading);
}

#[tokio::test]
async fn nothing_is_lost_if_reading_is_interrupted() {
    let (stream, mut server) = duplex(1 << 10);
    let mut reader = Reader::new(stream, Vec::new(), MAX_BYTES);
    let wire = frame(0x81, b"whole");
    let (start, end) = wire.split_at(4);
    server.write_all(start).await.unwrap();
    assert!(matches!(poll!(Box::pin(reader.next())), Poll::Pending));
    server.write_all(end).await.unwrap();
    assert_eq!(reader.next().await.unwrap(), Message::Text("whole"));
}

#[tokio::test]
async fn the_buffer_grows_for_a_burst_and_shrinks_when_it_is_quiet() {
    let (stream, mut server) = duplex(1 << 20);
    let mut reader = Reader::new(stream, Vec::new(), MAX_BYTES);
    let small = frame(0x81, &[b'x'; 100]);
    for _ in 0..1000 {
        server.write_all(&small).await.unwrap();
    }
    for _ in 0..1000 {
        reader.next().await.unwrap();
    }
    assert!(matches!(poll!(Box::pin(reader.next())), Poll::Pending));
    assert!(reader.is_large());
    reader.shrink();
    assert!(reader.is_large(), "it was needed since the last time");
    reader.shrink();
    assert!(!reader.is_large());
    // A part of a message keeps the buffer.
    let mut large = vec![0x82, 126, 0x40, 0];
    large.extend([7; 0x4000]);
    server.write_all(&large[..MIN_CAPACITY * 2]).await.unwrap();
    assert!(matches!(poll!(Box::pin(reader.next())), Poll::Pending));
    reader.shrink();
    reader.shrink();
    server.write_all(&large[MIN_CAPACITY * 2..]).await.unwrap();
    assert_eq!(reader.next().await.unwrap(), Message::Binary(&[7; 0x4000]));
}

#[tokio::test]
async fn a_header_reserves_no_memory_beyond_a_bound() {
    let (stream, mut server) = duplex(1 << 10);
    let mut reader = Reader::new(stream, Vec::new(), usize::MAX);
    let header = [0x82, 127, 0, 0, 0, 0, 0xf0, 0, 0, 0];
    server.write_all(&header).await.unwrap();
    let info = allocation_counter::measure(|| {
        let mut next = Box::pin(reader.next());
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(next.as_mut().poll(&mut context).is_pending());
    });
    assert!(info.bytes_max < 2 << 20, "{} bytes", info.bytes_max);
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_connection() {
    for (wire, why) in [
        (frame(0x80, b"x"), "starts with a continuation"),
        (
            [frame(0x01, b"x"), frame(0x81, b"y")].concat(),
            "inside another",
        ),
        (frame(0x81, &[0xc3, 0x28]), "UTF-8"),
        (vec![0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 1], "too long"),
        (frame(0xf1, b"x"), "reserved bit"),
    ] {
        let error = reader(&wire).next().await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let mut pieces = reader(&[]);
    pieces.next().await.unwrap_err();
    let mut close = reader(&frame(0x88, &[]));
    assert_eq!(close.next().await.unwrap(), Message::Close(None));
}

/// What becomes of an upgrade that is answered with `response`.
async fn answered(response: &str) -> UpgradeError {
    let (client, mut server) = duplex(1 << 12);
    let answering = async {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(server.read_u8().await.unwrap());
        }
        server.write_all(response.as_bytes()).await.unwrap();
        drop(server);
    };
    let (upgraded, ()) = tokio::join!(upgraded(client), answering);
    upgraded.err().unwrap()
}

#[tokio::test]
async fn a_refusal_has_a_status_headers_and_the_start_of_its_body() {
    let refusal =
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nwait";
    let UpgradeError::Refused(response) = answered(refusal).await else {
        panic!("it was refused");
    };
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(response.body(), b"wait");
    for no_websocket in [
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        "not HTTP at all\r\n\r\n",
        "",
    ] {
        let failed = answered(no_websocket).await;
        assert!(matches!(failed, UpgradeError::Failed(_)), "{no_websocket}");
    }
}
