//! Several shards in one process: their events, the routing of payloads, and a shard that fails for good.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::support::{Log, TIMEOUT, builder, until};
use smalld::gateway::{ShardState, Shards};
use smalld::handler::Handlers;
use smalld::{Builder, Error, Result, Shard, SmallD, json};
use smalld_sandbox::{Happening, Happenings, Sandbox};
use tokio::task::JoinHandle;

const SHARDS: u64 = 4;

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().shards(SHARDS).max_concurrency(SHARDS);
    sandbox.start().await.unwrap()
}

/// Runs a bot until all of its shards are ready.
async fn ready(builder: Builder) -> (SmallD, JoinHandle<Result<()>>) {
    let bot = builder.build().unwrap();
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    let is_ready = |shard: Shard| shard.state() == ShardState::Ready;
    let all = || bot.shards().count() > 0 && bot.shards().all(is_ready);
    assert!(until(all).await, "{bot:?}");
    (bot, running)
}

#[tokio::test]
async fn each_shard_handles_its_own_events_and_reports_its_state() {
    let sandbox = sandbox().await;
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let handlers = Handlers::new().on("EVENT", {
        let seen = Arc::clone(&seen);
        move |_, payload| {
            let (id, count) = payload.shard().unwrap();
            let seen_by = (payload.d().to_owned(), id, count);
            seen.lock().unwrap().insert(seen_by);
            async {}
        }
    });
    let before = SystemTime::now();
    let options = builder(&sandbox).handlers(handlers);
    let (bot, running) = ready(options.shards(Shards::Recommended)).await;
    for id in 0..SHARDS {
        sandbox.shard(id).dispatch("EVENT", json!(id));
    }
    let expected = (0..4).map(|id: u32| (id.to_string(), id, 4)).collect();
    assert!(until(|| *seen.lock().unwrap() == expected).await);

    let second = bot.shards().nth(2).unwrap();
    let begun = second.session_start().unwrap();
    assert!(begun >= before && begun <= SystemTime::now());
    assert_eq!(second.reconnects(), 0);
    sandbox.shard(2).cut();
    assert!(until(|| second.reconnects() == 1).await);
    assert_eq!(second.session_start(), Some(begun), "the bot continues");
    sandbox.shard(2).interrupt(false);
    assert!(
        until(|| second.session_start().is_none()).await,
        "the shard is closed"
    );
    let others: u64 = bot.shards().map(|shard| shard.reconnects()).sum();
    assert_eq!(others, 1);

    bot.close();
    running.await.unwrap().unwrap();
    assert!(
        bot.shards()
            .all(|shard| shard.state() == ShardState::Closed)
    );
}

#[tokio::test]
async fn a_payload_goes_to_the_shard_that_owns_its_guild() {
    let sandbox = sandbox().await;
    let options = builder(&sandbox).handlers(Handlers::new());
    let (bot, running) = ready(options.shards(Shards::count(4))).await;
    let guild = sandbox.guild_id();
    let owner = (guild.parse::<u64>().unwrap() >> 22) % SHARDS;
    let before = sandbox.last_seq(owner).unwrap();
    // The answer is sent on the connection of the request.
    let request = json!({ "op": 43, "d": { "guild_id": guild, "fields": ["status"] } });
    bot.send_gateway_payload(&request).await.unwrap();
    let answered = |sandbox: &Sandbox| sandbox.last_seq(owner) == Some(before + 1);
    assert!(sandbox.wait_until(answered, TIMEOUT).await);

    let presence = json!({ "op": 3, "d": { "status": "idle" } });
    let error = bot.send_gateway_payload(&presence).await.unwrap_err();
    assert!(error.to_string().contains("4 shards"), "{error}");
    for shard in bot.shards() {
        shard.send_gateway_payload(&presence).await.unwrap();
    }
    let sent = |sandbox: &Sandbox| {
        let payloads = sandbox.gateway_payloads();
        payloads.iter().filter(|p| **p == presence).count() == 4
    };
    assert!(sandbox.wait_until(sent, TIMEOUT).await);
    bot.close();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_shard_that_fails_for_good_is_named_and_the_others_close() {
    let sandbox = sandbox().await;
    let mut happenings = sandbox.subscribe();
    let options = builder(&sandbox).handlers(Handlers::new());
    let (_bot, running) = ready(options.shards(Shards::range(1..4, 4))).await;
    sandbox.shard(2).close(4011);
    let Err(Error::Gateway(error)) = running.await.unwrap() else {
        panic!("the bot continues");
    };
    assert_eq!((error.close_code, error.shard), (Some(4011), Some((2, 4))));
    assert!(error.to_string().starts_with("shard 2 of 4: "), "{error}");
    let mut goodbyes = Vec::new();
    while goodbyes.len() < 2 {
        goodbyes.extend(closed_by_bot(&mut happenings).await);
    }
    assert_eq!(goodbyes, [1000, 1000]);
}

async fn closed_by_bot(happenings: &mut Happenings) -> Option<u16> {
    match happenings.next().await.unwrap() {
        Happening::Disconnected {
            code, by_bot: true, ..
        } => code.filter(|&code| code != 4011),
        _ => None,
    }
}

#[tokio::test]
async fn invalid_shards_are_errors_when_the_bot_is_built() {
    for shards in [
        Shards::count(0),
        Shards::range(2..2, 4),
        Shards::range(3..5, 4),
    ] {
        let bot = SmallD::builder().token("a.b.c").shards(shards.clone());
        let error = bot.build().unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{shards:?}: {error}");
    }
}

#[tokio::test]
async fn a_payload_waits_until_the_recommended_number_is_known() {
    let sandbox = sandbox().await;
    let options = builder(&sandbox).handlers(Handlers::new());
    let bot = options.shards(Shards::Recommended).build().unwrap();
    assert_eq!(bot.shards().count(), 0);
    let early = tokio::spawn({
        let (bot, guild) = (bot.clone(), sandbox.guild_id().to_owned());
        let payload = json!({ "op": 43, "d": { "guild_id": guild, "fields": [] } });
        async move { bot.send_gateway_payload(payload).await }
    });
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    early.await.unwrap().unwrap();
    bot.close();
    running.await.unwrap().unwrap();
    let late = json!({ "op": 3, "d": {} });
    assert!(bot.send_gateway_payload(late).await.is_err());
}

#[tokio::test]
async fn no_session_starts_left_is_an_error_with_the_time_to_wait() {
    let sandbox = Sandbox::builder().session_starts(9).session_starts_spent(9);
    let sandbox = sandbox.start().await.unwrap();
    let error = builder(&sandbox).handlers(Handlers::new()).run().await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("all 9 session starts") && error.contains("start again in"),
        "{error}"
    );
    assert_eq!(sandbox.connections(), 0);
}

#[tokio::test]
async fn a_warning_is_logged_if_few_session_starts_are_left() {
    let sandbox = Sandbox::builder()
        .session_starts(1000)
        .session_starts_spent(960);
    let sandbox = sandbox.start().await.unwrap();
    let log = Log::capture();
    let bot = builder(&sandbox).handlers(Handlers::new()).build().unwrap();
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    let told = || log.lines("only 40 of 1000 session starts are left").len() == 1;
    assert!(until(told).await, "{}", log.text());
    // The remaining starts must last for the day, so the next session does not start at once.
    let waits = || log.lines("so the next one waits").len() == 1;
    assert!(until(waits).await, "{}", log.text());
    assert_eq!(sandbox.connections(), 0);
    bot.close();
    running.await.unwrap().unwrap();
}
