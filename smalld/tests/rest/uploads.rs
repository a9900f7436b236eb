//! Large attachments are read while they are sent, and never held in memory as a whole.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use crate::scripted::wire::Connection;
use crate::scripted::{Reply, Scripted, TOKEN, within};
use smalld::rest::{Attachment, RateLimits};
use smalld::{Error, SmallD, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpListener;

const SIZE: usize = 100 << 20;
/// More than the buffers of a loopback socket can hold.
const MOST_HELD: usize = 32 << 20;

/// A reader of this many zeros that counts how many have been read.
struct Zeros {
    left: usize,
    taken: Arc<AtomicUsize>,
}

impl AsyncRead for Zeros {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = buffer.remaining().min(self.left);
        buffer.initialize_unfilled_to(length).fill(0);
        buffer.advance(length);
        self.left -= length;
        self.taken.fetch_add(length, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the disk is on fire")))
    }
}

/// On one thread: whenever the server yields, the client sends as much as it can.
#[tokio::test(flavor = "current_thread")]
async fn an_attachment_is_read_only_as_fast_as_the_server_takes_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v10", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let zeros = Attachment::reader("zeros", "application/octet-stream", move || {
        let (left, taken) = (SIZE, Arc::clone(&count));
        async move { Ok(Zeros { left, taken }) }
    });
    let bot = SmallD::builder()
        .token(TOKEN)
        .base_url(url)
        .build()
        .unwrap();
    let request = bot.post("/channels/1/messages", ()).attachment(zeros);
    let sent = tokio::spawn(request);

    let (mut socket, _) = within(listener.accept()).await.unwrap();
    for _ in 0..20_000 {
        tokio::task::yield_now().await;
    }
    let ahead = taken.load(Ordering::Relaxed);
    assert!(
        (1..MOST_HELD).contains(&ahead),
        "{ahead} bytes were read ahead"
    );
    let (mut received, mut buffer) = (0, vec![0; 1 << 20]);
    while !buffer.ends_with(b"0\r\n\r\n") {
        buffer.resize(1 << 20, 0);
        let read = within(socket.read(&mut buffer)).await.unwrap();
        assert!(read > 0, "the connection broke");
        received += read;
        let held = taken.load(Ordering::Relaxed).saturating_sub(received);
        assert!(held < MOST_HELD, "{held} bytes are held");
        buffer.truncate(read);
    }
    assert!(received > SIZE);
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    socket.write_all(answer).await.unwrap();
    assert!(within(sent).await.unwrap().unwrap().is_null());
    assert_eq!(taken.load(Ordering::Relaxed), SIZE);
}

#[tokio::test]
async fn a_file_is_sent_from_disk_under_its_name_with_its_length() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("ein kätzchen.png");
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    std::fs::write(&path, &bytes).unwrap();
    let server = Scripted::always(Reply::ok()).await;
    let bot = server.bot(RateLimits::Off);
    let file = Attachment::file(&path).await.unwrap();
    let send = |file: Attachment| {
        let request = bot.patch("/channels/1/messages/2", json!({ "attachments": [] }));
        within(request.attachment(file))
    };
    send(file.clone().content_type("image/png")).await.unwrap();
    let seen = server.only();
    assert!(seen.header("content-length").is_some());
    let parts = seen.parts();
    assert_eq!(
        parts[0].body, br#"{"attachments":[]}"#,
        "left to the caller"
    );
    assert!(parts[1].head.contains("filename=\"ein kätzchen.png\""));
    assert!(parts[1].head.contains("image/png"));
    assert!(parts[1].body == bytes);

    send(file.clone().name("SPOILER_cat.png")).await.unwrap();
    let parts = server.seen().pop().unwrap().parts();
    assert!(parts[1].head.contains("filename=\"SPOILER_cat.png\""));

    std::fs::remove_file(&path).unwrap();
    let error = send(file).await.unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    assert!(error.to_string().contains("kätzchen"), "{error}");
    Attachment::file(&path).await.unwrap_err();
    Attachment::file(env!("CARGO_TARGET_TMPDIR"))
        .await
        .unwrap_err();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_reader_that_fails_is_an_error_with_its_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v10", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let _ = Connection::new(socket).request().await;
        }
    });
    let bot = SmallD::builder()
        .token(TOKEN)
        .base_url(url)
        .build()
        .unwrap();
    let failing = Attachment::reader("x", "text/plain", || async { Ok(Broken) });
    let post = bot.post("/channels/1/messages", ()).attachment(failing);
    let error = within(post).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("the disk is on fire"), "{text}");
    let unopened = Attachment::reader("x", "text/plain", || async {
        Err::<Zeros, _>(io::Error::other("no such tape"))
    });
    let error = within(bot.post("/x", ()).attachment(unopened)).await;
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("`x`") && text.contains("no such tape"),
        "{text}"
    );
    serving.abort();
}
