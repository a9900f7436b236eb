//! G: connections that fail, or are slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection};
use smalld::handler::Handlers;
use smalld::{Json, json};
use smalld_sandbox::{Received, Refusal, Sandbox};
use tokio::net::TcpListener;

use crate::scripted::{Reply, Scripted};
use crate::test_bot::{HEARTBEAT_INTERVAL, TestBot, bot_leaves, sent_so_far, until};

const SECOND: Duration = Duration::from_secs(1);

/// Sandbox whose `/gateway/bot` returns these addresses, one after the other.
async fn rest(gateways: &[&str]) -> Scripted {
    let limit = json!({ "total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1 });
    let replies: Vec<Reply> = gateways
        .iter()
        .map(|url| {
            let body = json!({ "url": url, "shards": 1, "session_start_limit": limit });
            Reply::json(200, &body)
        })
        .collect();
    let asked = AtomicUsize::new(0);
    Scripted::by(move |_, seen| {
        if seen.path != "/gateway/bot" {
            return Reply::json(200, &json!({ "flags": 0 }));
        }
        let nth = asked.fetch_add(1, Ordering::Relaxed);
        replies[nth.min(replies.len() - 1)].clone()
    })
    .await
}

fn start_at(sandbox: Sandbox, rest: &Scripted) -> TestBot {
    let url = rest.url();
    TestBot::start_on(sandbox, Handlers::new(), |builder| builder.base_url(url))
}

#[tokio::test(start_paused = true)]
async fn case_g1_after_refused_upgrades_the_next_connection_works_as_usual() {
    let mut test = TestBot::start().await;
    test.script.refuse(Refusal::status(503), 3);
    for (ended, wait) in [(1, 0), (2, 2), (3, 4)] {
        test.wait_for_disconnects(ended).await;
        assert!(test.sandbox.refused_connections() >= ended);
        test.advance(SECOND * wait).await;
    }
    let connection = test.starts_new_session().await;
    assert_eq!(test.sandbox.refused_connections(), 3);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_g2_the_wait_is_as_long_as_retry_after() {
    let mut test = TestBot::start().await;
    test.script.refuse(Refusal::too_many(SECOND * 30), 1);
    test.wait_for_disconnects(1).await;
    test.advance(SECOND * 29).await;
    assert!(test.has_no_other_connection());
    test.advance(SECOND * 2).await;
    let connection = test.starts_new_session().await;
    assert_eq!(test.sandbox.refused_connections(), 1);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_g2_retry_after_is_limited_to_five_minutes() {
    let mut test = TestBot::start().await;
    test.script.refuse(Refusal::too_many(SECOND * 86_400), 1);
    test.wait_for_disconnects(1).await;
    let line = "asks to connect again in 1 d, but smalld does so in 5 min";
    assert_eq!(test.log.lines(line).len(), 1);
    test.advance(SECOND * 299).await;
    assert!(test.has_no_other_connection());
    test.advance(SECOND * 2).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_g3_hello_is_waited_for_twenty_seconds() {
    let mut test = TestBot::start().await;
    let mut connection = test.connection().await;
    sent_so_far(&mut connection).await;
    test.advance(SECOND * 19).await;
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    test.advance(SECOND).await;
    bot_leaves(connection).await;
    let mut connection = test.connection().await;
    sent_so_far(&mut connection).await;
    test.advance(SECOND * 20).await;
    bot_leaves(connection).await;
    test.pass_backoff(SECOND * 2).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_g4_after_failed_connections_discord_is_asked_for_the_address_again() {
    // A label of a host name must not be this long, so resolving it fails without a DNS query.
    let nowhere = format!("wss://{}.invalid", "x".repeat(64));
    let sandbox = Sandbox::start().await.unwrap();
    let rest = rest(&[&nowhere, sandbox.gateway_url()]).await;
    let mut test = start_at(sandbox, &rest);
    for (ended, wait) in [(1, 0), (2, 2), (3, 4)] {
        test.wait_for_disconnects(ended).await;
        test.advance(SECOND * wait).await;
    }
    test.wait_for_disconnects(4).await;
    // The bot asks for the address before it waits.
    until(|| test.log.lines("GET /gateway/bot: 200").len() == 2).await;
    // Longer than the waits of a few attempts, whatever the random numbers.
    for _ in 0..100 {
        if test.sandbox.connections() == 0 {
            test.advance(SECOND / 2).await;
        }
    }
    let connection = test.connection().await;
    assert_eq!(test.log.lines("cannot connect to the gateway").len(), 4);
    let asked = rest
        .seen()
        .into_iter()
        .filter(|seen| seen.path == "/gateway/bot");
    assert_eq!(asked.count(), 2);
    drop((test, connection));
}

/// TLS server with an untrusted certificate. Counts the connections, and the handshakes that
/// succeeded nevertheless.
fn untrusted(came: Arc<AtomicUsize>, stayed: Arc<AtomicUsize>) -> String {
    let certificate = include_bytes!("../data/tls/certificate.der").to_vec();
    let key = PrivatePkcs8KeyDer::from(include_bytes!("../data/tls/key.der").to_vec());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            came.fetch_add(1, Ordering::SeqCst);
            if tls.complete_io(&mut stream.unwrap()).is_ok() {
                stayed.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    url
}

#[tokio::test(start_paused = true)]
async fn case_g5_an_untrusted_certificate_is_an_error_and_is_retried() {
    let (came, stayed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let url = untrusted(Arc::clone(&came), Arc::clone(&stayed));
    let rest = rest(&[&url]).await;
    let mut test = start_at(Sandbox::start().await.unwrap(), &rest);
    for (ended, wait) in [(1, 0), (2, 2)] {
        test.wait_for_disconnects(ended).await;
        test.advance(SECOND * wait).await;
    }
    test.wait_for_disconnects(3).await;
    assert_eq!(
        test.log.lines("certificate").len(),
        3,
        "{}",
        test.log.text()
    );
    until(|| came.load(Ordering::SeqCst) == 3).await;
    assert_eq!(stayed.load(Ordering::SeqCst), 0);
    test.bot.close();
    test.ended().await.unwrap();
}

/// A text frame as a server writes it.
fn frame(payload: &Json) -> Vec<u8> {
    let text = payload.to_string();
    let length = u16::try_from(text.len()).unwrap();
    let mut bytes = vec![0x81, 126];
    bytes.extend(length.to_be_bytes());
    if length < 126 {
        bytes = vec![0x81, u8::try_from(length).unwrap()];
    }
    bytes.extend(text.bytes());
    bytes
}

#[tokio::test(start_paused = true)]
async fn case_g6_a_server_may_be_slow_as_long_as_it_acknowledges_heartbeats() {
    let mut test = TestBot::start().await;
    let mut connection = test.connection().await;
    let trickle = async |connection: &mut smalld_sandbox::Connection, payload: Json| {
        for byte in frame(&payload) {
            connection.send_bytes([byte]).await;
            test.advance(Duration::from_millis(10)).await;
        }
    };
    trickle(
        &mut connection,
        json!({ "op": 10, "d": { "heartbeat_interval": 40_000 } }),
    )
    .await;
    let identify = connection.payload(HEARTBEAT_INTERVAL).await.unwrap();
    assert_eq!(identify["op"], 2);
    let url = test.sandbox.resume_gateway_url();
    let d = json!({ "user": { "id": "1" }, "session_id": "sid", "resume_gateway_url": url });
    trickle(
        &mut connection,
        json!({ "op": 0, "t": "READY", "s": 1, "d": d }),
    )
    .await;
    trickle(
        &mut connection,
        json!({ "op": 0, "t": "X", "s": 42, "d": {} }),
    )
    .await;
    test.record.wait_for(42).await;
    test.close(connection).await;
}

/// Checks that `run` returns without any time passing, and that no further connection is made.
async fn ends_at_once(test: &mut TestBot) {
    test.bot.close();
    let begun = tokio::time::Instant::now();
    test.ended().await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    test.advance(HEARTBEAT_INTERVAL).await;
}

#[tokio::test(start_paused = true)]
async fn case_g7_close_ends_the_bot_at_once_while_connecting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let rest = rest(&[&url]).await;
    let mut test = start_at(Sandbox::start().await.unwrap(), &rest);
    // The server accepts the connection and never answers the upgrade.
    let (_silent, _) = listener.accept().await.unwrap();
    ends_at_once(&mut test).await;
}

#[tokio::test(start_paused = true)]
async fn case_g7_close_ends_the_bot_at_once_while_waiting_to_connect_again() {
    let mut test = TestBot::start().await;
    test.script.refuse(Refusal::too_many(SECOND * 30), 1);
    test.wait_for_disconnects(1).await;
    ends_at_once(&mut test).await;
    assert!(test.has_no_other_connection());
}

#[tokio::test(start_paused = true)]
async fn case_g7_close_ends_the_bot_at_once_while_waiting_to_identify() {
    let mut test = TestBot::start().await;
    test.ready().await.close(4009).await;
    // The last session started too recently for another, and no time passes.
    test.wait_for_disconnects(1).await;
    ends_at_once(&mut test).await;
    assert!(test.has_no_other_connection());
}

#[tokio::test(start_paused = true)]
async fn case_g7_close_ends_the_bot_at_once_while_waiting_for_hello() {
    let mut test = TestBot::start().await;
    let mut connection = test.connection().await;
    sent_so_far(&mut connection).await;
    test.bot.close();
    assert_eq!(
        connection.receive(HEARTBEAT_INTERVAL).await,
        Received::Close(Some(1000))
    );
    drop(connection);
    ends_at_once(&mut test).await;
    assert!(test.has_no_other_connection());
}
