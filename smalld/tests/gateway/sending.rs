//! F: payloads that bots send over the gateway.

use std::time::Duration;

use smalld::handler::Handlers;
use smalld::{Error, Json, Result, SmallD, State, json};
use smalld_sandbox::Connection;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::support::TIMEOUT;
use crate::test_bot::{HEARTBEAT_INTERVAL, TestBot, sent_so_far};

const SECOND: Duration = Duration::from_secs(1);

/// Sends a payload in a task of its own.
fn sends(bot: &SmallD, payload: Json) -> JoinHandle<Result<()>> {
    let bot = bot.clone();
    tokio::spawn(async move { bot.send_gateway_payload(payload).await })
}

/// A payload that can be recognized by its number.
fn numbered(n: u64) -> Json {
    json!({ "op": 43, "d": { "n": n } })
}

#[tokio::test(start_paused = true)]
async fn case_f1_4096_bytes_are_sent_and_4097_are_an_error() {
    // The limit is in bytes: an é has two, an emoji four.
    let of_size = |size: usize| {
        let empty = json!({ "op": 3, "d": "é👍" }).to_string().len();
        json!({ "op": 3, "d": format!("é👍{}", "x".repeat(size - empty)) })
    };
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    let longest = of_size(4096);
    test.bot.send_gateway_payload(&longest).await.unwrap();
    let refused = test.bot.send_gateway_payload(of_size(4097)).await;
    let Err(Error::Gateway(error)) = refused else {
        panic!("{refused:?}")
    };
    assert!(error.to_string().contains("4097"), "{error}");
    assert_eq!(sent_so_far(&mut connection).await, [longest]);
    test.close(connection).await;
}

/// Sends this many payloads. One that is refused is sent again when it may be.
async fn sends_patiently(bot: SmallD, payloads: u64) {
    for n in 0..payloads {
        while let Err(error) = bot.send_gateway_payload(numbered(n)).await {
            let Error::RateLimit(error) = error else {
                panic!("{error}")
            };
            tokio::time::sleep(error.retry_after).await;
        }
    }
}

/// The payloads of this many seconds, each with the second in which it was received.
async fn watch(test: &TestBot, connection: &mut Connection, seconds: usize) -> Vec<(usize, Json)> {
    let mut seen = Vec::new();
    for second in 0..seconds {
        loop {
            test.advance(Duration::ZERO).await;
            let now = sent_so_far(connection).await;
            if now.is_empty() {
                break;
            }
            seen.extend(now.into_iter().map(|payload| (second, payload)));
        }
        test.advance(SECOND).await;
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn case_f2_120_payloads_are_sent_in_a_minute_and_none_is_lost_or_late() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    let sending = tokio::spawn(sends_patiently(test.bot.clone(), 300));
    let seen = watch(&test, &mut connection, 130).await;
    sending.await.unwrap();
    let (beats, payloads): (Vec<_>, Vec<_>) = seen.iter().partition(|(_, p)| p["op"] == 1);
    let numbers = payloads
        .iter()
        .map(|(_, payload)| payload["d"]["n"].as_u64());
    assert!(numbers.eq((0..300).map(Some)));
    let first = payloads.iter().filter(|(at, _)| *at < 60).count();
    assert!((110..=117).contains(&first), "{first}");
    for (from, _) in &seen {
        let minute = seen
            .iter()
            .filter(|(at, _)| (*from..from + 60).contains(at));
        // IDENTIFY counts too.
        assert!(minute.count() <= 119);
    }
    let times: Vec<usize> = beats.iter().map(|(at, _)| *at).collect();
    let calm = usize::try_from(HEARTBEAT_INTERVAL.as_secs()).unwrap();
    assert!(times.len() >= 3 && times[0] <= calm, "{times:?}");
    assert!(
        times.windows(2).all(|two| two[1] - two[0] == calm),
        "{times:?}"
    );
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_f2_beyond_the_limit_an_error_says_at_once_when_to_try_again() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    let error = loop {
        if let Err(error) = test.bot.send_gateway_payload(numbered(0)).await {
            break error;
        }
    };
    let Error::RateLimit(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.retry_after, SECOND * 60);
    assert!(error.reset > std::time::SystemTime::now() + SECOND * 50);
    sent_so_far(&mut connection).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_f3_payloads_wait_for_resumed_and_are_sent_once() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    let mut connection = test.connection().await;
    let sending: Vec<_> = (0..10).map(|n| sends(&test.bot, numbered(n))).collect();
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    test.resume_on(&mut connection, 42).await;
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    connection.resumed(43).await;
    for sending in sending {
        sending.await.unwrap().unwrap();
    }
    let mut sent = sent_so_far(&mut connection).await;
    sent.sort_by_key(|payload| payload["d"]["n"].as_u64());
    assert!(sent.iter().cloned().eq((0..10).map(numbered)), "{sent:?}");
    connection.cut();
    let mut connection = test.resuming(43).await;
    connection.resumed(44).await;
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_f4_an_early_payload_waits_for_ready() {
    let mut test = TestBot::start().await;
    let presence = json!({ "op": 3, "d": { "status": "idle" } });
    let sending = sends(&test.bot, presence.clone());
    let mut connection = test.identifying(HEARTBEAT_INTERVAL).await;
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    assert!(!sending.is_finished());
    connection.ready("sid", 1).await;
    sending.await.unwrap().unwrap();
    assert_eq!(connection.payload(TIMEOUT).await, Some(presence));
    test.close(connection).await;
}

mod chunks {
    use super::*;

    #[smalld::on(guild_members_chunk, "/nonce" = "a")]
    async fn of_a(chunk: Json, got: State<mpsc::Sender<Json>>) {
        let _ = got.send(chunk).await;
    }

    pub(super) fn handlers() -> Handlers {
        Handlers::registered().within(module_path!())
    }
}

#[tokio::test(start_paused = true)]
async fn case_f5_chunks_are_told_apart_by_their_nonce() {
    let (got, mut chunks) = mpsc::channel::<Json>(8);
    let options = |builder: smalld::Builder| builder.state(got);
    let mut test = TestBot::start_with(chunks::handlers(), options).await;
    let mut connection = test.ready().await;
    let request =
        json!({ "op": 8, "d": { "guild_id": "7", "query": "", "limit": 0, "nonce": "a" } });
    test.bot.send_gateway_payload(&request).await.unwrap();
    assert_eq!(connection.payload(TIMEOUT).await, Some(request));
    let chunk = |nonce: &str, index: u64| {
        let members = [json!({ "user": { "id": index.to_string() } })];
        json!({
            "guild_id": "7", "nonce": nonce, "chunk_index": index, "chunk_count": 2,
            "members": members,
        })
    };
    let sent = [chunk("a", 1), chunk("b", 0), chunk("a", 0), chunk("b", 1)];
    for (s, chunk) in (43..).zip(&sent) {
        connection
            .dispatch("GUILD_MEMBERS_CHUNK", s, chunk.clone())
            .await;
    }
    test.record.wait_for(46).await;
    let mut of_a = Vec::new();
    while let Ok(chunk) = chunks.try_recv() {
        of_a.push(chunk);
    }
    assert_eq!(of_a, [sent[0].clone(), sent[2].clone()]);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_f6_a_repeated_request_is_an_error_that_says_how_long_to_wait() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    let ask = |nonce: &str| json!({ "op": 8, "d": { "guild_id": "7", "query": "", "limit": 0, "nonce": nonce } });
    for nonce in ["a", "b"] {
        test.bot.send_gateway_payload(ask(nonce)).await.unwrap();
        assert_eq!(connection.payload(TIMEOUT).await, Some(ask(nonce)));
    }
    let meta = json!({ "guild_id": "7", "nonce": "b" });
    let refusal = json!({ "opcode": 8, "retry_after": 23.4, "meta": meta });
    connection
        .dispatch("RATE_LIMITED", 43, refusal.clone())
        .await;
    assert_eq!(test.record.wait_for(43).await["d"], refusal);
    let refused = test.bot.send_gateway_payload(ask("c")).await;
    let Err(Error::RateLimit(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error.retry_after, Duration::from_millis(23_400));
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    test.advance(error.retry_after).await;
    test.bot.send_gateway_payload(ask("d")).await.unwrap();
    assert_eq!(connection.payload_of(8, TIMEOUT).await, Some(ask("d")));
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_f8_five_presences_of_a_burst_are_sent_in_twenty_seconds() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    let presence = |n: u64| json!({ "op": 3, "d": { "since": n } });
    for n in 0..10 {
        let sent = test.bot.send_gateway_payload(presence(n)).await;
        match sent {
            Ok(()) => assert!(n < 5),
            Err(Error::RateLimit(error)) => {
                assert!(n >= 5);
                assert_eq!(error.retry_after, SECOND * 20);
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(
        sent_so_far(&mut connection)
            .await
            .into_iter()
            .eq((0..5).map(presence))
    );
    test.close(connection).await;
}
