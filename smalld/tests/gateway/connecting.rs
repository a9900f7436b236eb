//! G: connections that do not come about, or only slowly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection};
use smalld::handler::Handlers;
use smalld::{Json, json};
use smalld_sandbox::{Received, Refusal, Sandbox};
use tokio::net::TcpListener;

use crate::play::{CALM, Play, is_left, so_far, until};
use crate::scripted::{Reply, Scripted};

const SECOND: Duration = Duration::from_secs(1);

/// A Discord whose `/gateway/bot` names these addresses, one after the other.
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

fn begin_at(sandbox: Sandbox, rest: &Scripted) -> Play {
    let url = rest.url();
    Play::begin_on(sandbox, Handlers::new(), |builder| builder.base_url(url))
}

#[tokio::test(start_paused = true)]
async fn case_g1_after_refused_upgrades_all_is_as_with_the_first_connection() {
    let mut play = Play::begin().await;
    play.script.refuse(Refusal::status(503), 3);
    for (ended, wait) in [(1, 0), (2, 2), (3, 4)] {
        play.has_ended(ended).await;
        assert!(play.sandbox.refused_connections() >= ended);
        play.clock.pass(SECOND * wait).await;
    }
    let connection = play.begins_anew().await;
    assert_eq!(play.sandbox.refused_connections(), 3);
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_g2_retry_after_is_kept_to() {
    let mut play = Play::begin().await;
    play.script.refuse(Refusal::too_many(SECOND * 30), 1);
    play.has_ended(1).await;
    play.clock.pass(SECOND * 29).await;
    assert!(play.is_alone());
    play.clock.pass(SECOND * 2).await;
    let connection = play.begins_anew().await;
    assert_eq!(play.sandbox.refused_connections(), 1);
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_g2_retry_after_is_kept_for_five_minutes_at_most() {
    let mut play = Play::begin().await;
    play.script.refuse(Refusal::too_many(SECOND * 86_400), 1);
    play.has_ended(1).await;
    let line = "asks to connect again in 1 d, but smalld does so in 5 min";
    assert_eq!(play.log.lines(line).len(), 1);
    play.clock.pass(SECOND * 299).await;
    assert!(play.is_alone());
    play.clock.pass(SECOND * 2).await;
    let connection = play.begins_anew().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_g3_hello_is_waited_for_twenty_seconds() {
    let mut play = Play::begin().await;
    let mut connection = play.connection().await;
    so_far(&mut connection).await;
    play.clock.pass(SECOND * 19).await;
    assert_eq!(so_far(&mut connection).await, [] as [Json; 0]);
    play.clock.pass(SECOND).await;
    is_left(connection).await;
    let mut connection = play.connection().await;
    so_far(&mut connection).await;
    play.clock.pass(SECOND * 20).await;
    is_left(connection).await;
    play.pause(SECOND * 2).await;
    let connection = play.begins_anew().await;
    play.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_g4_an_address_that_fails_is_asked_for_anew() {
    // No part of a name may be so long, so it resolves nowhere, and without asking anybody.
    let nowhere = format!("wss://{}.invalid", "x".repeat(64));
    let sandbox = Sandbox::start().await.unwrap();
    let rest = rest(&[&nowhere, sandbox.gateway_url()]).await;
    let mut play = begin_at(sandbox, &rest);
    for (ended, wait) in [(1, 0), (2, 2), (3, 4)] {
        play.has_ended(ended).await;
        play.clock.pass(SECOND * wait).await;
    }
    play.has_ended(4).await;
    // It asks first and waits then.
    until(|| play.log.lines("GET /gateway/bot: 200").len() == 2).await;
    // The waits of a few attempts, whatever chance makes of them.
    for _ in 0..100 {
        if play.sandbox.connections() == 0 {
            play.clock.pass(SECOND / 2).await;
        }
    }
    let connection = play.connection().await;
    assert_eq!(play.log.lines("cannot connect to the gateway").len(), 4);
    let asked = rest
        .seen()
        .into_iter()
        .filter(|seen| seen.path == "/gateway/bot");
    assert_eq!(asked.count(), 2);
    drop((play, connection));
}

/// A TLS server with a certificate that nobody trusts. Counts those who came, and those who went
/// on all the same.
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
async fn case_g5_a_certificate_that_nobody_trusts_is_an_error_and_tried_again() {
    let (came, stayed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let url = untrusted(Arc::clone(&came), Arc::clone(&stayed));
    let rest = rest(&[&url]).await;
    let mut play = begin_at(Sandbox::start().await.unwrap(), &rest);
    for (ended, wait) in [(1, 0), (2, 2)] {
        play.has_ended(ended).await;
        play.clock.pass(SECOND * wait).await;
    }
    play.has_ended(3).await;
    assert_eq!(
        play.log.lines("certificate").len(),
        3,
        "{}",
        play.log.text()
    );
    until(|| came.load(Ordering::SeqCst) == 3).await;
    assert_eq!(stayed.load(Ordering::SeqCst), 0);
    play.bot.close();
    play.ended().await.unwrap();
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
async fn case_g6_a_server_may_be_as_slow_as_it_likes_between_heartbeats() {
    let mut play = Play::begin().await;
    let mut connection = play.connection().await;
    let trickle = async |connection: &mut smalld_sandbox::Connection, payload: Json| {
        for byte in frame(&payload) {
            connection.send_bytes([byte]).await;
            play.clock.pass(Duration::from_millis(10)).await;
        }
    };
    trickle(
        &mut connection,
        json!({ "op": 10, "d": { "heartbeat_interval": 40_000 } }),
    )
    .await;
    let identify = connection.payload(CALM).await.unwrap();
    assert_eq!(identify["op"], 2);
    let url = play.sandbox.resume_gateway_url();
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
    play.record.has(42).await;
    play.close(connection).await;
}

/// `run` ends though no time passes, and no further connection is made.
async fn ends_at_once(play: &mut Play) {
    play.bot.close();
    let begun = tokio::time::Instant::now();
    play.ended().await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    play.clock.pass(CALM).await;
}

#[tokio::test(start_paused = true)]
async fn case_g7_the_end_comes_at_once_while_connecting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let rest = rest(&[&url]).await;
    let mut play = begin_at(Sandbox::start().await.unwrap(), &rest);
    // It is accepted, and its upgrade is never answered.
    let (_silent, _) = listener.accept().await.unwrap();
    ends_at_once(&mut play).await;
}

#[tokio::test(start_paused = true)]
async fn case_g7_the_end_comes_at_once_while_waiting_to_connect_again() {
    let mut play = Play::begin().await;
    play.script.refuse(Refusal::too_many(SECOND * 30), 1);
    play.has_ended(1).await;
    ends_at_once(&mut play).await;
    assert!(play.is_alone());
}

#[tokio::test(start_paused = true)]
async fn case_g7_the_end_comes_at_once_while_waiting_to_identify() {
    let mut play = Play::begin().await;
    play.live().await.close(4009).await;
    // The session before is too young for another, and time stands still.
    play.has_ended(1).await;
    ends_at_once(&mut play).await;
    assert!(play.is_alone());
}

#[tokio::test(start_paused = true)]
async fn case_g7_the_end_comes_at_once_while_waiting_for_hello() {
    let mut play = Play::begin().await;
    let mut connection = play.connection().await;
    so_far(&mut connection).await;
    play.bot.close();
    assert_eq!(connection.receive(CALM).await, Received::Close(Some(1000)));
    drop(connection);
    ends_at_once(&mut play).await;
    assert!(play.is_alone());
}
