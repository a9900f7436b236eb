//! C: resumes. Time passes only if a test advances the clock, so everything else happens at once.

use std::time::Duration;

use smalld::{Json, json};
use smalld_sandbox::{Refusal, Sandbox};

use crate::support::TIMEOUT;
use crate::test_bot::{
    HEARTBEAT_INTERVAL, IDENTIFY_INTERVAL, TestBot, acknowledge_for, bot_leaves, sent_so_far, until,
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn case_c1_a_resume_delivers_missed_events_in_order() {
    let mut test = TestBot::start().await;
    test.ready().await.close(4000).await;
    let mut connection = test.resuming(42).await;
    connection.event(43).await;
    connection.event(44).await;
    connection.resumed(45).await;
    connection.event(46).await;
    test.record.wait_for(46).await;
    let got = test.record.dispatches();
    let names: Vec<_> = got.iter().map(|(t, s)| (t.as_str(), *s)).collect();
    let event = "TEST_EVENT";
    let all = [
        ("READY", 1),
        (event, 42),
        (event, 43),
        (event, 44),
        ("RESUMED", 45),
        (event, 46),
    ];
    assert_eq!(names, all);
    test.advance(HEARTBEAT_INTERVAL).await;
    let beat = json!({ "op": 1, "d": 46 });
    assert_eq!(
        sent_so_far(&mut connection).await,
        [beat],
        "and no IDENTIFY"
    );
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c2_the_interval_is_that_of_the_newest_hello() {
    let mut test = TestBot::start().await;
    test.ready_with_interval(SECOND * 41)
        .await
        .close(4000)
        .await;
    let mut connection = test.connection().await;
    connection.answer_heartbeats(true);
    connection.hello(SECOND).await;
    assert_eq!(connection.payload(TIMEOUT).await.unwrap()["op"], 6);
    connection.resumed(43).await;
    test.record.wait_for(43).await;
    // One heartbeat per second, and none at the old interval.
    for _ in 0..45 {
        test.advance(SECOND).await;
        let beat = json!({ "op": 1, "d": 43 });
        assert_eq!(sent_so_far(&mut connection).await, [beat]);
    }
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c3_a_refused_resume_gets_a_new_session() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    let mut connection = test.resuming(42).await;
    connection.send(json!({ "op": 9, "d": false })).await;
    bot_leaves(connection).await;
    test.pass_backoff(SECOND * 9 / 10).await;
    assert!(test.has_no_other_connection());
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let mut connection = test.starts_new_session().await;
    test.advance(HEARTBEAT_INTERVAL).await;
    let beat = json!({ "op": 1, "d": 1 });
    assert_eq!(sent_so_far(&mut connection).await, [beat]);
    connection.cut();
    let mut connection = test.connection().await;
    connection.hello(HEARTBEAT_INTERVAL).await;
    let resume = connection.payload(TIMEOUT).await.unwrap();
    assert_eq!(resume["d"]["session_id"], "another");
    assert_eq!(resume["d"]["seq"], 1);
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c4_ready_in_answer_to_a_resume_is_accepted() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    let mut connection = test.resuming(42).await;
    connection.ready("sid2", 1).await;
    until_ready_twice(&test).await;
    assert_eq!(test.log.lines("refused to resume").len(), 1);
    connection.cut();
    let mut connection = test.connection().await;
    assert!(connection.to_resume_url());
    connection.hello(HEARTBEAT_INTERVAL).await;
    let resume = connection.payload(TIMEOUT).await.unwrap();
    assert_eq!(resume["d"]["session_id"], "sid2");
    assert_eq!(resume["d"]["seq"], 1);
    test.close(connection).await;
}

async fn until_ready_twice(test: &TestBot) {
    let readies = || {
        let dispatches = test.record.dispatches().into_iter();
        dispatches.filter(|(t, _)| t == "READY").count()
    };
    until(|| readies() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn case_c5_an_interrupted_replay_continues_where_it_stopped() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    let mut connection = test.resuming(42).await;
    connection.event(43).await;
    test.record.wait_for(43).await;
    connection.reset();
    test.pass_backoff(SECOND * 2).await;
    let connection = test.resuming(43).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c6_events_before_resumed_are_delivered_and_payloads_wait_for_it() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    let mut connection = test.resuming(42).await;
    let payload = json!({ "op": 4, "d": {} });
    let sending = tokio::spawn({
        let (bot, payload) = (test.bot.clone(), payload.clone());
        async move { bot.send_gateway_payload(payload).await }
    });
    for s in 43..48 {
        connection.event(s).await;
        test.record.wait_for(s).await;
    }
    assert_eq!(sent_so_far(&mut connection).await, [] as [Json; 0]);
    connection.resumed(48).await;
    sending.await.unwrap().unwrap();
    assert_eq!(connection.payload(TIMEOUT).await, Some(payload));
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c7_the_general_url_is_used_if_the_resume_url_is_unreachable() {
    let mut test = TestBot::start().await;
    let connection = test.ready().await;
    test.script.refuse(Refusal::dropped().at_resume_url(), 9);
    connection.cut();
    // The lost connection, and the first attempt.
    test.wait_for_disconnects(2).await;
    assert_eq!(test.sandbox.refused_connections(), 1);
    test.advance(SECOND * 2).await;
    test.wait_for_disconnects(3).await;
    assert_eq!(test.sandbox.refused_connections(), 2);
    test.advance(SECOND * 4).await;
    let mut connection = test.connection().await;
    assert!(!connection.to_resume_url());
    test.resume_on(&mut connection, 42).await;
    connection.send(json!({ "op": 9, "d": false })).await;
    bot_leaves(connection).await;
    test.wait_for_disconnects(4).await;
    // Three attempts failed.
    test.advance(SECOND * 8).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c8_without_a_session_there_is_nothing_to_resume() {
    let mut test = TestBot::start().await;
    test.identifying(HEARTBEAT_INTERVAL).await.cut();
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c9_failed_connections_do_not_change_the_sequence_number() {
    let mut test = TestBot::start().await;
    let connection = test.ready().await;
    test.script.refuse(Refusal::status(503), 3);
    connection.cut();
    for (ended, wait) in [(2, 2), (3, 4), (4, 8)] {
        test.wait_for_disconnects(ended).await;
        test.advance(SECOND * wait).await;
    }
    let mut connection = test.connection().await;
    assert_eq!(test.sandbox.refused_connections(), 3);
    test.resume_on(&mut connection, 42).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c10_the_resume_url_gets_the_query_once_with_and_without_a_slash() {
    for end in ["", "/", "/?v=9&encoding=etf"] {
        let mut test = TestBot::start().await;
        let mut connection = test.identifying(HEARTBEAT_INTERVAL).await;
        let url = format!("{}{end}", test.sandbox.resume_gateway_url());
        let d = json!({
            "user": { "id": "1" }, "session_id": "sid", "resume_gateway_url": url,
        });
        connection.dispatch("READY", 42, d).await;
        test.record.wait_for(42).await;
        connection.cut();
        // `connection` compares the whole path and query.
        let connection = test.resumes().await;
        test.close(connection).await;
    }
}

#[tokio::test(start_paused = true)]
async fn case_c11_a_resume_waits_for_no_identify_window() {
    let mut test = TestBot::start().await;
    // No time passes between IDENTIFY and RESUME.
    test.ready().await.close(4000).await;
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c12_a_loop_of_resumes_ends_in_one_identify() {
    let mut test = TestBot::start().await;
    test.ready().await.close(4000).await;
    for resume in 0..10 {
        // The longest wait is a minute.
        test.pass_backoff(SECOND * 64.min(1 << resume)).await;
        test.resuming(42).await.close(4000).await;
    }
    test.pass_backoff(SECOND * 64).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_successful_resumes_is_slowed_down() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    for seq in 42..161 {
        connection.close(4001).await;
        connection = test.resuming(seq).await;
        connection.resumed(seq + 1).await;
        test.record.wait_for(seq + 1).await;
    }
    connection.close(4001).await;
    test.pass_backoff(SECOND / 2).await;
    assert!(test.has_no_other_connection());
    test.advance(SECOND * 2).await;
    let connection = test.resuming(161).await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c13_a_resume_holds_the_bare_token() {
    let sandbox = Sandbox::builder()
        .token("Zm9v.bare.token")
        .start()
        .await
        .unwrap();
    let options = |builder: smalld::Builder| builder.token("Bot Zm9v.bare.token");
    let mut test = TestBot::start_on(sandbox, smalld::handler::Handlers::new(), options);
    test.ready().await.cut();
    // `resuming` compares the whole of RESUME.
    let connection = test.resumes().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c14_a_resume_that_is_not_answered_for_a_minute_is_tried_once_more() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    let mut connection = test.resuming(42).await;
    acknowledge_for(&test, &mut connection, 59).await;
    test.advance(SECOND).await;
    bot_leaves(connection).await;
    let lines = test.log.lines("has neither answered RESUME");
    assert_eq!(lines.len(), 1);
    test.pass_backoff(SECOND * 2).await;
    let mut connection = test.resuming(42).await;
    acknowledge_for(&test, &mut connection, 59).await;
    test.advance(SECOND).await;
    bot_leaves(connection).await;
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_c14_each_replayed_event_grants_another_minute() {
    let mut test = TestBot::start().await;
    test.ready().await.cut();
    let mut connection = test.resuming(42).await;
    for s in 43..46 {
        acknowledge_for(&test, &mut connection, 59).await;
        connection.event(s).await;
        test.record.wait_for(s).await;
    }
    acknowledge_for(&test, &mut connection, 59).await;
    connection.resumed(46).await;
    test.record.wait_for(46).await;
    acknowledge_for(&test, &mut connection, 120).await;
    test.close(connection).await;
}
