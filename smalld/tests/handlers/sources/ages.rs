//! Interactions that come long after Discord created them, as from a broker.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a handler owns what it takes, and a test may panic"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use super::*;
use crate::support::Log;
use smalld::interaction::Interaction;
use smalld::{State, json};

/// What snowflakes count from, in milliseconds of Unix time.
const DISCORD_EPOCH: u64 = 1_420_070_400_000;

/// An interaction that Discord created this long ago.
fn interaction(name: &str, age: Duration) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let created = u64::try_from(now.saturating_sub(age).as_millis()).unwrap() - DISCORD_EPOCH;
    let id = (created << 22).to_string();
    let (data, user) = (json!({ "name": name }), json!({ "id": "2" }));
    json!({ "id": id, "application_id": "1", "token": "t", "type": 3, "data": data, "user": user })
        .to_string()
}

#[smalld::on(interaction_create, "/data/name" = "late")]
fn late(interaction: Interaction, ran: State<mpsc::Sender<String>>) {
    ran.try_send(interaction.id().to_owned()).unwrap();
}

/// Delivers interactions of these ages, and returns the number of those that ran.
async fn runs_of(builder: Builder, ages: &[u64]) -> usize {
    let (ran, mut runs) = mpsc::channel::<String>(4);
    let running = Running::start_with(builder.state(ran)).await;
    for &age in ages {
        let d = interaction("late", Duration::from_secs(age));
        let (delivery, mut reports) = reported("INTERACTION_CREATE", &d);
        running.sink.deliver(delivery).await;
        assert_eq!(reports.ending().await, Ending::Handled);
    }
    running.close().await;
    std::iter::from_fn(|| runs.try_recv().ok()).count()
}

#[tokio::test]
async fn an_interaction_that_is_certainly_too_old_is_reported_and_not_run() {
    let log = Log::capture();
    let sandbox = smalld_sandbox::Sandbox::start().await.unwrap();
    let handlers = Handlers::registered().within(module_path!());
    // The first request, for the bot's id, tells the time of Discord's clock.
    let builder = crate::support::builder(&sandbox).handlers(handlers);
    assert_eq!(runs_of(builder, &[60, 0]).await, 1);
    let lines = log.lines("Discord accepts an answer within 3 s");
    assert_eq!(lines.len(), 1, "{}", log.text());
}

#[tokio::test]
async fn an_interaction_of_unknown_age_runs() {
    let builder = alone(Handlers::registered().within(module_path!()));
    assert_eq!(runs_of(builder, &[60]).await, 1);
}
