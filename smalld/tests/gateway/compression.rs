//! Compression of the gateway. The test is the server.

use std::time::Duration;

#[cfg(any(feature = "zlib", feature = "zstd"))]
use crate::recorded::{self, Recorded};
use crate::support::{Log, TIMEOUT, builder};
use smalld::gateway::Compression;
use smalld::handler::Handlers;
use smalld::{Builder, Json, Payload, Result, SmallD, json};
use smalld_sandbox::{Connection, Received, Sandbox, Script};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Long enough that no heartbeat is due during a test.
const INTERVAL: Duration = Duration::from_secs(60);

/// A bot, its server (the test), and the events that its handlers receive.
struct Played {
    script: Script,
    bot: SmallD,
    payloads: mpsc::UnboundedReceiver<Payload>,
    task: JoinHandle<Result<()>>,
    _sandbox: Sandbox,
}

impl Played {
    async fn start(options: impl FnOnce(Builder) -> Builder) -> Self {
        let sandbox = Sandbox::start().await.expect("a sandbox");
        let script = sandbox.script();
        let (seen, payloads) = mpsc::unbounded_channel();
        let handlers = Handlers::new().on_gateway_payload(move |_, payload| {
            let _ = seen.send(payload);
            async {}
        });
        let bot = options(builder(&sandbox).handlers(handlers))
            .build()
            .expect("a bot");
        let task = tokio::spawn({
            let bot = bot.clone();
            async move { bot.run().await }
        });
        Self {
            script,
            bot,
            payloads,
            task,
            _sandbox: sandbox,
        }
    }

    async fn compressed(compression: Compression) -> Self {
        Self::start(|builder| builder.compression(compression)).await
    }

    async fn connection(&mut self) -> Connection {
        let connection = self.script.connection(TIMEOUT).await;
        connection.expect("a connection in time")
    }

    /// Starts a session. HELLO and READY are sent as text, which a bot accepts with any
    /// compression.
    async fn ready(&mut self) -> Connection {
        let mut connection = self.connection().await;
        connection.hello(INTERVAL).await;
        let identify = connection.payload(TIMEOUT).await.expect("a payload");
        assert_eq!(identify["op"], 2);
        connection.ready("sid", 1).await;
        assert_eq!(self.next().await["t"], Json::Null);
        assert_eq!(self.next().await["t"], "READY");
        connection
    }

    /// The next payload that a handler received.
    async fn next(&mut self) -> Json {
        let payload = timeout(TIMEOUT, self.payloads.recv()).await;
        let payload = payload.expect("a payload in time").expect("a bot");
        serde_json::from_str(payload.text()).expect("json")
    }

    /// Waits until the bot closes this connection and resumes its session from `seq`.
    async fn leaves_and_resumes(&mut self, mut left: Connection, seq: u64) -> Connection {
        assert_eq!(left.receive(TIMEOUT).await, Received::Close(Some(4900)));
        drop(left);
        let mut connection = self.connection().await;
        assert!(connection.to_resume_url());
        connection.hello(INTERVAL).await;
        let resume = connection.payload(TIMEOUT).await.expect("a payload");
        assert_eq!(resume["op"], 6);
        assert_eq!(resume["d"]["session_id"], "sid");
        assert_eq!(resume["d"]["seq"], seq);
        connection
    }

    async fn close(self) {
        self.bot.close();
        let ended = timeout(TIMEOUT, self.task)
            .await
            .expect("the bot ends in time");
        ended.expect("no panic").expect("a graceful shutdown");
    }
}

fn event(s: u64) -> Json {
    json!({ "t": "TEST_EVENT", "s": s, "op": 0, "d": { "n": s } })
}

/// Plays a recording; the bot must receive all of its payloads.
#[cfg(any(feature = "zlib", feature = "zstd"))]
async fn plays(compression: Compression, recording: &str, query: &str) {
    let recorded = Recorded::read(recording);
    let mut played = Played::compressed(compression).await;
    let mut connection = played.connection().await;
    assert_eq!(connection.target(), format!("/?v=10&encoding=json{query}"));
    for frame in recorded.frames() {
        assert!(connection.send_binary(frame).await);
    }
    for message in &recorded.messages {
        assert_eq!(played.next().await, *message);
    }
    let identify = connection.payload(TIMEOUT).await.expect("a payload");
    assert_eq!(identify["op"], 2);
    played.close().await;
}

#[test]
fn a_compression_that_is_not_built_in_is_an_error_that_names_the_feature() {
    for (compression, feature, built_in) in [
        (Compression::None, "", true),
        (Compression::ZlibStream, "zlib", cfg!(feature = "zlib")),
        (Compression::ZstdStream, "zstd", cfg!(feature = "zstd")),
    ] {
        let bot = SmallD::builder().token("a.b.c").compression(compression);
        match bot.build() {
            Ok(_) => assert!(built_in, "{compression:?}"),
            Err(error) => {
                assert!(!built_in, "{error}");
                let named = format!("features = [\"{feature}\"]");
                assert!(error.to_string().contains(&named), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn requests_the_best_compression_that_is_built_in_by_default() {
    let mut played = Played::start(|builder| builder).await;
    let connection = played.connection().await;
    let query = match (cfg!(feature = "zlib"), cfg!(feature = "zstd")) {
        (_, true) => "&compress=zstd-stream",
        (true, false) => "&compress=zlib-stream",
        (false, false) => "",
    };
    assert_eq!(connection.target(), format!("/?v=10&encoding=json{query}"));
    played.close().await;
}

/// A session whose stream is split, corrupted and interrupted.
async fn survives(compression: Compression) {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let (seen, mut numbers) = mpsc::unbounded_channel();
    let handlers = Handlers::new().on("TEST_EVENT", move |_, payload: Payload| {
        let _ = seen.send(payload.d().to_owned());
        async {}
    });
    let bot = builder(&sandbox)
        .handlers(handlers)
        .compression(compression);
    let bot = bot.build().expect("a bot");
    let task = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    for ready in 1..=3 {
        let at_work = |sandbox: &Sandbox| sandbox.identifies() + sandbox.resumes() == ready;
        assert!(sandbox.wait_until(at_work, TIMEOUT).await);
        for nth in 0..20 {
            sandbox.dispatch("TEST_EVENT", json!(nth + 100 * ready));
        }
        match ready {
            1 => {
                sandbox.split_frames(3);
                sandbox.corrupt_next();
                sandbox.dispatch("TEST_EVENT", json!("corrupt, but replayed"));
            }
            2 => sandbox.cut(),
            _ => {}
        }
    }
    sandbox.dispatch("TEST_EVENT", json!("last"));
    let (mut got, mut expected) = (Vec::new(), Vec::new());
    for ready in 1..=3 {
        expected.extend((0..20).map(|nth| (nth + 100 * ready).to_string()));
        expected.extend((ready == 1).then(|| "\"corrupt, but replayed\"".to_owned()));
    }
    expected.push("\"last\"".to_owned());
    while got.len() < expected.len() {
        let number = timeout(TIMEOUT, numbers.recv()).await;
        got.push(number.expect("an event in time").expect("a bot"));
    }
    assert_eq!(got, expected);
    assert_eq!((sandbox.identifies(), sandbox.resumes()), (1, 2));
    bot.close();
    task.await.expect("no panic").expect("a graceful shutdown");
}

#[tokio::test]
async fn a_session_survives_faults_without_compression() {
    survives(Compression::None).await;
}

#[cfg(feature = "zlib")]
#[tokio::test]
async fn a_session_survives_faults_with_zlib() {
    survives(Compression::ZlibStream).await;
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn a_session_survives_faults_with_zstd() {
    survives(Compression::ZstdStream).await;
}

#[tokio::test]
async fn case_e7_an_unexpected_binary_frame_ends_the_connection_but_not_the_session() {
    let log = Log::capture();
    let mut played = Played::compressed(Compression::None).await;
    let mut connection = played.ready().await;
    assert_eq!(connection.target(), "/?v=10&encoding=json");
    connection.event(2).await;
    connection.send_binary(b"{}").await;
    let mut connection = played.leaves_and_resumes(connection, 2).await;
    connection.event(3).await;
    assert_eq!(played.next().await, event(2));
    assert_eq!(played.next().await["op"], 10);
    assert_eq!(played.next().await, event(3));
    assert_eq!(log.lines("no compression was requested").len(), 1);
    played.close().await;
}

#[cfg(feature = "zlib")]
mod zlib {
    use flate2::{Compress, FlushCompress};

    use super::*;

    /// The server's end of a stream.
    struct Stream(Compress);

    impl Stream {
        fn new() -> Self {
            Self(Compress::new(flate2::Compression::default(), true))
        }

        fn frame(&mut self, text: &str) -> Vec<u8> {
            self.step(text.as_bytes(), FlushCompress::Sync)
        }

        fn step(&mut self, bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
            let mut frame = Vec::with_capacity(bytes.len() + 1024);
            let compressed = self.0.compress_vec(bytes, &mut frame, flush);
            compressed.expect("compressed");
            frame
        }
    }

    #[tokio::test]
    async fn case_e8_a_zlib_stream_can_be_split_anywhere() {
        plays(
            Compression::ZlibStream,
            recorded::ZLIB,
            "&compress=zlib-stream",
        )
        .await;
    }

    #[tokio::test]
    async fn case_e9_each_connection_has_a_new_zlib_stream() {
        let mut played = Played::compressed(Compression::ZlibStream).await;
        let mut connection = played.ready().await;
        let mut stream = Stream::new();
        let good = stream.frame(&event(2).to_string());
        connection.send_binary(good).await;
        let broken_off = stream.frame(&event(3).to_string());
        connection.send_binary(&broken_off[..4]).await;
        assert_eq!(played.next().await, event(2));
        connection.cut();

        let mut connection = played.connection().await;
        assert_eq!(
            (connection.target(), connection.to_resume_url()),
            ("/?v=10&encoding=json&compress=zlib-stream", true)
        );
        let mut stream = Stream::new();
        let hello = r#"{"op":10,"d":{"heartbeat_interval":60000}}"#;
        connection.send_binary(stream.frame(hello)).await;
        let resume = connection.payload(TIMEOUT).await.expect("a payload");
        assert_eq!((&resume["op"], &resume["d"]["seq"]), (&json!(6), &json!(2)));
        let replayed = stream.frame(&event(3).to_string());
        connection.send_binary(replayed).await;
        assert_eq!(played.next().await["op"], 10);
        assert_eq!(played.next().await, event(3));
        played.close().await;
    }

    #[tokio::test]
    async fn case_e10_after_a_corrupt_stream_the_session_is_resumed_from_the_last_good_event() {
        let log = Log::capture();
        let mut played = Played::compressed(Compression::ZlibStream).await;
        let mut connection = played.ready().await;
        let good = Stream::new().frame(&event(2).to_string());
        connection.send_binary(good).await;
        let corrupt = &Recorded::read(recorded::ZLIB_CORRUPT).frames()[1];
        connection.send_binary(corrupt).await;
        let mut connection = played.leaves_and_resumes(connection, 2).await;
        connection.event(3).await;
        assert_eq!(played.next().await, event(2));
        assert_eq!(played.next().await["op"], 10);
        assert_eq!(played.next().await, event(3));
        assert_eq!(log.lines("the compressed stream is corrupt").len(), 1);
        played.close().await;
    }

    #[tokio::test]
    async fn case_e11_after_malformed_text_in_a_stream_the_session_is_resumed() {
        let mut played = Played::compressed(Compression::ZlibStream).await;
        let mut connection = played.ready().await;
        let frames = Recorded::read(recorded::ZLIB_BAD_TEXT).frames();
        for frame in &frames[..2] {
            connection.send_binary(frame).await;
        }
        let mut connection = played.leaves_and_resumes(connection, 1).await;
        let mut stream = Stream::new();
        let good = stream.frame(&event(2).to_string());
        connection.send_binary(good).await;
        let not_utf8 = stream.step(b"{\"op\":0,\"t\":\"\xff\"}", FlushCompress::Sync);
        connection.send_binary(not_utf8).await;
        played.leaves_and_resumes(connection, 2).await;
        played.close().await;
    }

    #[tokio::test]
    async fn case_e13_compressed_payloads_can_be_mixed_with_text() {
        let mut played = Played::start(|builder| {
            builder
                .compression(Compression::None)
                .identify(json!({ "compress": true }))
        })
        .await;
        let mut connection = played.connection().await;
        connection.hello(INTERVAL).await;
        let identify = connection.payload(TIMEOUT).await.expect("a payload");
        assert_eq!(identify["d"]["compress"], true);
        let recorded = Recorded::read(recorded::PAYLOAD);
        connection.send_binary(&recorded.frames()[0]).await;
        connection.event(2).await;
        let alone = Stream::new().step(event(3).to_string().as_bytes(), FlushCompress::Finish);
        connection.send_binary(alone).await;
        assert_eq!(played.next().await["op"], 10);
        assert_eq!(played.next().await, recorded.messages[0]);
        assert_eq!(played.next().await, event(2));
        assert_eq!(played.next().await, event(3));
        played.close().await;
    }

    #[tokio::test]
    async fn case_e14_a_decompression_bomb_is_refused_and_the_session_resumed() {
        let mut played = Played::compressed(Compression::ZlibStream).await;
        let mut connection = played.ready().await;
        let mut stream = Stream::new();
        let good = stream.frame(&event(2).to_string());
        connection.send_binary(good).await;
        // After a full flush a repeated block can be decoded again: 2 GiB of spaces in 2 MiB.
        let blank = vec![b' '; 1 << 20];
        let mut bomb = stream.step(&blank, FlushCompress::Full);
        let block = stream.step(&blank, FlushCompress::Full);
        bomb.extend(block.repeat(2047));
        assert!(bomb.len() < 3 << 20);
        connection.send_binary(bomb).await;
        played.leaves_and_resumes(connection, 2).await;
        played.close().await;
    }
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn case_e12_a_zstd_stream_is_understood() {
    plays(
        Compression::ZstdStream,
        recorded::ZSTD,
        "&compress=zstd-stream",
    )
    .await;
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn case_e12_after_a_corrupt_zstd_stream_the_session_is_resumed() {
    let mut played = Played::compressed(Compression::ZstdStream).await;
    let mut connection = played.ready().await;
    connection.event(2).await;
    connection.send_binary([0xff; 32]).await;
    let mut connection = played.leaves_and_resumes(connection, 2).await;
    assert_eq!(
        connection.target(),
        "/?v=10&encoding=json&compress=zstd-stream"
    );
    connection.event(3).await;
    assert_eq!(played.next().await, event(2));
    assert_eq!(played.next().await["op"], 10);
    assert_eq!(played.next().await, event(3));
    played.close().await;
}
