//! B: how the bot closes connections: dead ones, those that Discord asks it to close, and its last
//! one. Time passes only if a test advances the clock, so everything else happens at once.

use std::time::Duration;

use smalld::{Json, json};
use smalld_sandbox::{Connection, Received};
use tokio::runtime::Handle;

use crate::support::TIMEOUT;
use crate::test_bot::{
    HEARTBEAT_INTERVAL, IDENTIFY_INTERVAL, TestBot, bot_leaves, close_code, sent_so_far, until,
};

const SECOND: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_secs(10);

/// A connection with two heartbeats, of which the last was just sent and not acknowledged.
async fn unacknowledged(test: &mut TestBot) -> Connection {
    let mut connection = test.ready_with_interval(INTERVAL).await;
    test.advance(INTERVAL).await;
    assert_eq!(sent_so_far(&mut connection).await.len(), 1);
    // The beat came within that interval; from here on the next ones are half a second away.
    let mut beats = 0;
    while beats == 0 {
        test.advance(SECOND / 2).await;
        beats = sent_so_far(&mut connection).await.len();
    }
    connection.answer_heartbeats(false);
    test.advance(INTERVAL).await;
    let beat = json!({ "op": 1, "d": 42 });
    assert_eq!(sent_so_far(&mut connection).await, [beat]);
    connection
}

#[tokio::test(start_paused = true)]
async fn case_b21_without_an_acknowledgement_no_heartbeat_is_sent_and_the_session_resumed() {
    let mut test = TestBot::start().await;
    let mut connection = unacknowledged(&mut test).await;
    test.advance(INTERVAL.saturating_sub(SECOND)).await;
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    test.advance(SECOND).await;
    assert_eq!(
        connection.receive(TIMEOUT).await,
        Received::Close(Some(4900))
    );
    assert_eq!(connection.receive(TIMEOUT).await, Received::Gone);
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b22_a_half_open_connection_delays_the_resume_by_at_most_five_seconds() {
    let mut test = TestBot::start().await;
    unacknowledged(&mut test).await.keep_silent();
    test.advance(INTERVAL).await;
    test.advance(SECOND * 5).await;
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b23_events_do_not_count_as_acknowledgements() {
    let mut test = TestBot::start().await;
    let mut connection = unacknowledged(&mut test).await;
    for _ in 0..10 {
        connection.event(42).await;
        connection.ping("alive").await;
        test.advance(INTERVAL / 10).await;
    }
    let code = loop {
        match connection.receive(TIMEOUT).await {
            Received::Pong(_) => {}
            other => break other,
        }
    };
    assert_eq!(code, Received::Close(Some(4900)));
    drop(connection);
    let connection = test.resumes().await;
    test.close(connection).await;
}

/// Checks that a reconnect request is obeyed at once and without a loss.
async fn is_reconnected() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send(json!({ "op": 7, "d": null })).await;
    bot_leaves(connection).await;
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b24_opcode_7_closes_and_resumes_at_once() {
    is_reconnected().await;
}

#[tokio::test(start_paused = true)]
async fn case_b25_opcode_7_may_come_instead_of_hello() {
    let mut test = TestBot::start().await;
    let mut connection = test.connection().await;
    connection.send(json!({ "op": 7, "d": null })).await;
    bot_leaves(connection).await;
    test.ready().await.cut();
    let mut connection = test.connection().await;
    assert!(connection.to_resume_url());
    connection.send(json!({ "op": 7, "d": null })).await;
    bot_leaves(connection).await;
    test.pass_backoff(SECOND * 2).await;
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b26_opcode_7_and_a_close_make_one_new_connection() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send(json!({ "op": 7, "d": null })).await;
    connection.close(1001).await;
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b27_opcode_9_false_gets_a_new_session_after_one_to_five_seconds() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send(json!({ "op": 9, "d": false })).await;
    bot_leaves(connection).await;
    test.pass_backoff(SECOND * 9 / 10).await;
    assert!(test.has_no_other_connection());
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let mut connection = test.identifying(INTERVAL).await;
    test.advance(INTERVAL).await;
    let beat = json!({ "op": 1, "d": null });
    assert_eq!(sent_so_far(&mut connection).await, [beat]);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b28_opcode_9_true_is_resumed_after_one_to_five_seconds() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send(json!({ "op": 9, "d": true })).await;
    bot_leaves(connection).await;
    test.pass_backoff(SECOND * 9 / 10).await;
    assert!(test.has_no_other_connection());
    test.pass_backoff(SECOND * 41 / 10).await;
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b29_opcode_9_without_d_gets_a_new_session() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send_text(r#"{"op":9}"#).await;
    bot_leaves(connection).await;
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_b30_close_sends_1000_and_leaves_nothing_behind() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    test.bot.close();
    assert_eq!(close_code(&mut connection).await, Some(1000));
    assert_eq!(connection.receive(TIMEOUT).await, Received::Gone);
    test.ended().await.unwrap();
    test.advance(HEARTBEAT_INTERVAL * 10).await;
    assert!(test.has_no_other_connection());
    drop((test, connection));
    leaves_nothing_behind().await;
}

/// Checks that every task except the test has ended.
async fn leaves_nothing_behind() {
    let metrics = Handle::current().metrics();
    until(|| metrics.num_alive_tasks() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn case_b31_a_deliberate_reconnect_closes_with_4900_and_resumes() {
    is_reconnected().await;
}

#[tokio::test(start_paused = true)]
async fn case_b32_dropping_run_closes_the_connection_and_leaves_nothing_behind() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    test.running.abort();
    assert_eq!(connection.receive(TIMEOUT).await, Received::Gone);
    assert!((&mut test.running).await.unwrap_err().is_cancelled());
    assert!(test.has_no_other_connection());
    drop((test, connection));
    leaves_nothing_behind().await;
}
