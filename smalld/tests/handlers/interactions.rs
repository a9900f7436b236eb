//! Interactions: what a user entered, the one answer, and what may follow it.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a handler owns what it takes, and a test may panic"
)]

use serde::Deserialize;
use smalld::constants::message_flag::EPHEMERAL;
use smalld::error::InteractionErrorKind;
use smalld::handler::Handlers;
use smalld::interaction::{Fields, Focused, Interaction, Options};
use smalld::rest::RateLimits;
use smalld::{Error, Json, Permissions, SmallD, State, json, path};
use tokio::sync::mpsc;

use crate::support::{Running, TIMEOUT};

/// What handlers found.
type Found = mpsc::Sender<String>;

#[smalld::on_start]
async fn commands(bot: SmallD) -> smalld::Result<()> {
    let command =
        |name: &str, options: Json| json!({ "name": name, "description": "-", "options": options });
    let text = json!([{ "type": 3, "name": "reason", "description": "-", "autocomplete": true }]);
    let user = json!([{ "type": 6, "name": "user", "description": "-", "required": true }]);
    let commands = [
        command("reply", json!([])),
        command("defer", json!([])),
        command("warn", user),
        command("report", text),
        command("buttons", json!([])),
    ];
    let id = bot.id().unwrap_or_default();
    bot.put(path!("/applications/{id}/commands"), commands)
        .await?;
    Ok(())
}

#[smalld::on(interaction_create, "/type" = 2, "/data/name" = "reply")]
async fn reply(interaction: Interaction, found: State<Found>) -> smalld::Result<()> {
    let message = json!({ "content": "only you see this", "flags": EPHEMERAL });
    let message = interaction.reply(message).await?;
    let second = interaction.reply(json!({ "content": "again" })).await;
    let follow_up = interaction.follow_up(json!({ "content": "more" })).await?;
    let edited = interaction
        .edit_reply(json!({ "content": "edited" }))
        .await?;
    found.try_send(format!("{}", message["content"])).unwrap();
    found.try_send(second.unwrap_err().to_string()).unwrap();
    found
        .try_send(format!("{} {}", follow_up["content"], edited["content"]))
        .unwrap();
    Ok(())
}

fn kind(result: smalld::Result<Json>) -> InteractionErrorKind {
    match result {
        Err(Error::Interaction(error)) => error.kind,
        other => panic!("{other:?}"),
    }
}

#[smalld::on(interaction_create, "/type" = 2, "/data/name" = "defer")]
async fn defer(interaction: Interaction, found: State<Found>) -> smalld::Result<()> {
    interaction
        .defer()
        .payload(json!({ "flags": EPHEMERAL }))
        .await?;
    let modal = kind(interaction.modal(json!({})).await);
    assert_eq!(modal, InteractionErrorKind::AlreadyDeferred);
    let differs = kind(interaction.reply(json!({ "content": "for all" })).await);
    let expected = InteractionErrorKind::EphemeralDiffers {
        deferred_as_ephemeral: true,
    };
    assert_eq!(differs, expected);
    let message = json!({ "content": "done", "flags": EPHEMERAL });
    let message: Json = interaction.reply(message).json().await?;
    assert_eq!(
        kind(interaction.defer().await),
        InteractionErrorKind::AlreadyAnswered
    );
    found.try_send(message["content"].to_string()).unwrap();
    interaction.delete_reply().await?;
    found.try_send("deleted".to_owned()).unwrap();
    Ok(())
}

#[derive(Deserialize)]
struct Warn {
    user: User,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[smalld::on(interaction_create, "/type" = 2, "/data/name" = "warn")]
async fn warn(
    interaction: Interaction,
    Options(warn): Options<Warn>,
    found: State<Found>,
) -> smalld::Result<()> {
    assert!(
        interaction
            .permissions()
            .contains(Permissions::SEND_MESSAGES)
    );
    assert!(interaction.guild_id().is_some() && interaction.channel_id().is_some());
    found
        .try_send(format!(
            "{} by {}",
            warn.user.username,
            interaction.user_id()
        ))
        .unwrap();
    let field = json!({ "type": 4, "custom_id": "note", "style": 1 });
    let label = json!({ "type": 18, "label": "Note", "component": field });
    let modal = json!({ "custom_id": "note", "title": "Note", "components": [label] });
    interaction.modal(modal).await?;
    Ok(())
}

#[derive(Deserialize)]
struct Note {
    note: String,
}

#[smalld::on(interaction_create, "/type" = 5, "/data/custom_id" = "note")]
async fn note(interaction: Interaction, Fields(fields): Fields<Note>) -> smalld::Result<()> {
    interaction
        .reply(json!({ "content": format!("noted: {}", fields.note) }))
        .await?;
    Ok(())
}

#[smalld::on(interaction_create, "/type" = 4, "/data/name" = "report")]
async fn complete(interaction: Interaction, typed: Focused) -> smalld::Result<()> {
    let choice = format!("{}: {}…", typed.name, typed.text);
    interaction
        .choices([json!({ "name": choice, "value": choice })])
        .await?;
    Ok(())
}

#[smalld::on(interaction_create, "/type" = 2, "/data/name" = "buttons")]
async fn buttons(interaction: Interaction) -> smalld::Result<()> {
    let button = |id: &str| json!({ "type": 2, "style": 1, "label": id, "custom_id": id });
    let row = json!({ "type": 1, "components": [button("update"), button("later")] });
    interaction
        .reply(json!({ "content": "press", "components": [row] }))
        .await?;
    Ok(())
}

#[smalld::on(interaction_create, "/data/custom_id" = "update")]
async fn update(interaction: Interaction, found: State<Found>) -> smalld::Result<()> {
    let message = interaction.update(json!({ "content": "pressed" })).await?;
    found.try_send(message["content"].to_string()).unwrap();
    Ok(())
}

#[smalld::on(interaction_create, "/data/custom_id" = "later")]
async fn later(interaction: Interaction, found: State<Found>) -> smalld::Result<()> {
    interaction.defer_update().await?;
    let updated = interaction
        .update(json!({ "content": "pressed later" }))
        .await?;
    let reply = interaction.reply(json!({ "content": "thanks" })).await?;
    assert_ne!(updated["id"], reply["id"]);
    found
        .try_send(format!("{} {}", updated["content"], reply["content"]))
        .unwrap();
    Ok(())
}

async fn start() -> (Running, mpsc::Receiver<String>) {
    let (found, finds) = mpsc::channel::<String>(16);
    let handlers = Handlers::registered().within(module_path!());
    let options = |builder: smalld::Builder| builder.rate_limits(RateLimits::Wait).state(found);
    (Running::start_with(handlers, options).await, finds)
}

/// The next thing that a handler has found.
async fn next(finds: &mut mpsc::Receiver<String>) -> String {
    let found = tokio::time::timeout(TIMEOUT, finds.recv()).await;
    found
        .expect("a handler reports in time")
        .expect("the bot runs")
}

#[tokio::test]
async fn a_reply_returns_its_message_and_is_given_once() {
    let (running, mut finds) = start().await;
    let ada = running.sandbox.user("ada");
    let answer = ada.slash("reply").run().await;
    assert!(answer.is_ephemeral());
    assert_eq!(next(&mut finds).await, r#""only you see this""#);
    let second = next(&mut finds).await;
    assert!(
        second.contains("it has an answer already; change it with `edit_reply`"),
        "{second}"
    );
    assert_eq!(next(&mut finds).await, r#""more" "edited""#);
    assert_eq!(answer.content(), "edited");
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_deferred_reply_takes_the_place_of_the_promised_message() {
    let (running, mut finds) = start().await;
    let answer = running.sandbox.user("ada").slash("defer").run().await;
    assert_eq!(next(&mut finds).await, r#""done""#);
    assert_eq!(next(&mut finds).await, "deleted");
    assert_eq!(answer.message(), Json::Null);
    running.close().await.unwrap();
}

#[tokio::test]
async fn options_are_objects_and_fields_are_text() {
    let (running, mut finds) = start().await;
    let (ada, bob) = (running.sandbox.user("ada"), running.sandbox.user("bob"));
    let opened = ada.slash("warn").option("user", &bob).run().await;
    assert_eq!(next(&mut finds).await, format!("bob by {}", ada.id()));
    let submitted = ada.submit(&opened, [("note", "the second time")]).await;
    assert_eq!(submitted.content(), "noted: the second time");
    running.close().await.unwrap();
}

#[tokio::test]
async fn an_autocomplete_is_answered_with_choices() {
    let (running, _finds) = start().await;
    let slash = running.sandbox.user("ada").slash("report");
    let choices = slash.autocomplete("reason", "sp").await;
    assert_eq!(choices[0]["name"], "reason: sp…");
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_component_updates_its_message_at_once_or_later() {
    let (running, mut finds) = start().await;
    let ada = running.sandbox.user("ada");
    let asked = ada.slash("buttons").run().await;
    ada.click(&asked, "update").await;
    assert_eq!(next(&mut finds).await, r#""pressed""#);
    assert_eq!(asked.content(), "pressed");
    ada.click(&asked, "later").await;
    assert_eq!(next(&mut finds).await, r#""pressed later" "thanks""#);
    assert_eq!(asked.content(), "pressed later");
    running.close().await.unwrap();
}
