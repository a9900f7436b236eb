//! Commands and interactions, from a user's act to the bot's answer: the bot is a few sockets.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{ALL_INTENTS, Gateway, Received, Rest, gateway_at, identify};
use serde_json::{Value, json};
use smalld_sandbox::{Running, Sandbox};

type Bot = Running<String>;

/// A sandbox without rate limits, and a bot that hands each interaction to `answer`.
async fn with_bot<F>(
    commands: Value,
    answer: impl Fn(Arc<Rest>, Value) -> F + Send + Sync + 'static,
) -> (Sandbox, Bot)
where
    F: Future<Output = ()> + Send,
{
    let builder = Sandbox::builder().rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let path = format!("/applications/{}/commands", sandbox.bot_id());
    let set = rest.send("PUT", &path, &commands).await;
    assert_eq!(set.status, 200, "{}", set.json);
    let running = sandbox
        .run(|sandbox| {
            let (url, token) = (sandbox.url().to_owned(), sandbox.token().to_owned());
            async move {
                let rest = Arc::new(Rest::at(&url, &token));
                let mut gateway = Gateway::connect(&gateway_at(&url)).await;
                gateway.payload().await;
                gateway.send(&identify(&token, ALL_INTENTS)).await;
                loop {
                    match gateway.receive().await {
                        Received::Payload(payload) if payload["t"] == "INTERACTION_CREATE" => {
                            answer(Arc::clone(&rest), payload["d"].clone()).await;
                        }
                        Received::Closed(code) => return Err(format!("closed: {code:?}")),
                        _ => {}
                    }
                }
            }
        })
        .await
        .expect("ready");
    (sandbox, running)
}

fn callback(interaction: &Value) -> String {
    let text = |key: &str| interaction[key].as_str().expect("a string").to_owned();
    format!("/interactions/{}/{}/callback", text("id"), text("token"))
}

fn webhook(interaction: &Value) -> String {
    let text = |key: &str| interaction[key].as_str().expect("a string").to_owned();
    format!("/webhooks/{}/{}", text("application_id"), text("token"))
}

fn warn_command() -> Value {
    json!([{
        "name": "warn", "description": "Warns a user",
        "options": [
            { "type": 6, "name": "user", "description": "whom", "required": true },
            { "type": 3, "name": "reason", "description": "why", "autocomplete": true },
        ],
    }])
}

#[tokio::test]
async fn a_slash_command_is_answered_with_a_button_and_a_modal() {
    let (sandbox, _bot) = with_bot(warn_command(), |rest, interaction| async move {
        let (kind, data) = (&interaction["type"], &interaction["data"]);
        let answer = if *kind == 2 {
            let user = data["options"][0]["value"].as_str().expect("an id");
            let name = &data["resolved"]["users"][user]["username"];
            assert_eq!(interaction["member"]["user"]["username"], "ada");
            let button =
                json!({ "type": 2, "style": 1, "label": "Yes", "custom_id": "confirm:yes" });
            json!({ "type": 4, "data": {
                "content": format!("warn {}?", name.as_str().expect("a name")),
                "components": [{ "type": 1, "components": [button] }],
            } })
        } else if *kind == 3 {
            assert_eq!(interaction["message"]["content"], "warn bob?");
            let input = json!({ "type": 4, "style": 1, "label": "Reason", "custom_id": "reason" });
            json!({ "type": 9, "data": {
                "custom_id": "why", "title": "Why?",
                "components": [{ "type": 1, "components": [input] }],
            } })
        } else {
            let input = &data["components"][0]["components"][0];
            assert_eq!(input["id"], 2, "components are numbered");
            let reason = &input["value"];
            let content = format!("warned: {}", reason.as_str().expect("a value"));
            json!({ "type": 7, "data": { "content": content, "components": [] } })
        };
        let answered = rest.send("POST", &callback(&interaction), &answer).await;
        assert_eq!(answered.status, 204, "{}", answered.json);
    })
    .await;
    let (ada, bob) = (sandbox.user("ada"), sandbox.user("bob"));
    let asked = ada.slash("warn").option("user", &bob).run().await;
    assert_eq!(asked.content(), "warn bob?");
    assert_eq!(
        asked.message()["interaction_metadata"]["user"]["username"],
        "ada"
    );
    let modal = ada.click(&asked, "confirm:yes").await;
    assert_eq!(modal.modal().expect("a modal")["title"], "Why?");
    ada.submit(&modal, [("reason", "spam")]).await;
    assert_eq!(asked.content(), "warned: spam");
    sandbox.expect_message("#general", "warned: spam").await;
}

#[tokio::test]
async fn a_deferred_answer_follows_and_further_messages_can_be_ephemeral() {
    let (sandbox, _bot) = with_bot(warn_command(), |rest, interaction| async move {
        let deferred = json!({ "type": 5 });
        rest.send("POST", &callback(&interaction), &deferred).await;
        let original = format!("{}/messages/@original", webhook(&interaction));
        let edited = rest
            .send("PATCH", &original, &json!({ "content": "done" }))
            .await;
        assert_eq!(
            (edited.status, &edited.json["content"]),
            (200, &json!("done"))
        );
        let secret = json!({ "content": "psst", "flags": 64 });
        let sent = rest.send("POST", &webhook(&interaction), &secret).await;
        assert_eq!(sent.status, 200, "{}", sent.json);
        let id = sent.json["id"].as_str().expect("an id");
        let channel = interaction["channel_id"].as_str().expect("an id");
        // Others do not see it, the bot's token included; the interaction's token does.
        let read = rest
            .get(&format!("/channels/{channel}/messages/{id}"))
            .await;
        assert_eq!(read.error(), (404, Some(10_008)));
        let path = format!("{}/messages/{id}", webhook(&interaction));
        assert_eq!(rest.get(&path).await.json["content"], "psst");
        assert_eq!(rest.delete(&path).await.status, 204);
        assert_eq!(rest.get(&path).await.error(), (404, Some(10_008)));
    })
    .await;
    let (ada, bob) = (sandbox.user("ada"), sandbox.user("bob"));
    let answer = ada.slash("/warn").option("user", &bob).run().await;
    assert_eq!(
        (answer.content().as_str(), answer.is_ephemeral()),
        ("done", false)
    );
}

#[tokio::test]
async fn autocomplete_offers_choices() {
    let (sandbox, _bot) = with_bot(warn_command(), |rest, interaction| async move {
        assert_eq!(interaction["type"], 4);
        let focused = &interaction["data"]["options"][0];
        assert_eq!(
            (&focused["value"], &focused["focused"]),
            (&json!("sp"), &json!(true))
        );
        let choices = json!([{ "name": "Spam", "value": "spam" }]);
        let answer = json!({ "type": 8, "data": { "choices": choices } });
        assert_eq!(
            rest.send("POST", &callback(&interaction), &answer)
                .await
                .status,
            204
        );
    })
    .await;
    let choices = sandbox
        .user("ada")
        .slash("warn")
        .autocomplete("reason", "sp")
        .await;
    assert_eq!(choices, [json!({ "name": "Spam", "value": "spam" })]);
}

#[tokio::test]
async fn context_menus_subcommands_and_selects_carry_their_targets() {
    let commands = json!([
        { "type": 2, "name": "Report user" },
        { "type": 3, "name": "Quote" },
        { "name": "config", "description": "Settings", "options": [
            { "type": 2, "name": "roles", "description": "Roles", "options": [
                { "type": 1, "name": "add", "description": "Adds", "options": [
                    { "type": 4, "name": "count", "description": "how many", "required": true },
                ] },
            ] },
        ] },
    ]);
    let (sandbox, _bot) = with_bot(commands, |rest, interaction| async move {
        let data = &interaction["data"];
        let select = json!({ "type": 3, "custom_id": "pick", "options": [
            { "label": "A", "value": "a" }, { "label": "B", "value": "b" },
        ] });
        let content = match (&interaction["type"], data["name"].as_str()) {
            (_, Some("Report user")) => {
                let target = data["target_id"].as_str().expect("a target");
                data["resolved"]["users"][target]["username"].clone()
            }
            (_, Some("Quote")) => {
                let target = data["target_id"].as_str().expect("a target");
                data["resolved"]["messages"][target]["content"].clone()
            }
            (_, Some(_)) => json!(data["options"].to_string()),
            _ => json!(data["values"].to_string()),
        };
        let components = json!([{ "type": 1, "components": [select] }]);
        let answer = json!({ "type": 4, "data": { "content": content, "components": components } });
        let answered = rest.send("POST", &callback(&interaction), &answer).await;
        assert_eq!(answered.status, 204, "{}", answered.json);
    })
    .await;
    let (ada, bob) = (sandbox.user("ada"), sandbox.user("bob"));
    assert_eq!(ada.user_command("Report user", &bob).await.content(), "bob");
    let said = bob.say("#general", "to be quoted").await;
    assert_eq!(
        ada.message_command("Quote", &said).await.content(),
        "to be quoted"
    );
    let added = ada.slash("config roles add").option("count", 3).run().await;
    let options: Value = serde_json::from_str(&added.content()).expect("json");
    assert_eq!(options[0]["options"][0]["options"][0]["value"], 3);
    let picked = ada.select(&added, "pick", ["b"]).await;
    assert_eq!(picked.content(), r#"["b"]"#);
}

/// An interaction that no bot answers: the payload that was dispatched.
async fn unanswered() -> (Sandbox, Rest, Value) {
    let sandbox = Sandbox::start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let path = format!("/applications/{}/commands", sandbox.bot_id());
    let command = json!({ "name": "wait", "description": "Waits" });
    assert_eq!(rest.post(&path, &command).await.status, 201);
    assert_eq!(rest.post(&path, &command).await.status, 200);
    let (mut gateway, _) = Gateway::ready(&sandbox, 0).await;
    let ada = sandbox.user("ada");
    tokio::spawn(async move { ada.slash("wait").run().await });
    let interaction = gateway.dispatch("INTERACTION_CREATE").await["d"].clone();
    (sandbox, rest, interaction)
}

#[tokio::test]
async fn an_interaction_is_answered_once_and_within_three_seconds() {
    let (sandbox, rest, interaction) = unanswered().await;
    let answer = json!({ "type": 4, "data": { "content": "hi" } });
    let early = rest
        .post(&webhook(&interaction), &json!({ "content": "x" }))
        .await;
    assert_eq!(early.error(), (404, Some(10_015)));
    let path = format!("{}?with_response=true", callback(&interaction));
    let answered = rest.post(&path, &answer).await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.json["resource"]["message"]["content"], "hi");
    assert_eq!(rest.post(&path, &answer).await.error(), (400, Some(40_060)));
    // The token outlives the answer, but not for ever.
    let follow_up = json!({ "content": "more" });
    assert_eq!(
        rest.post(&webhook(&interaction), &follow_up).await.status,
        200
    );
    sandbox.advance(Duration::from_secs(15 * 60));
    let late = rest.post(&webhook(&interaction), &follow_up).await;
    assert_eq!(late.error(), (401, Some(50_027)));

    let (sandbox, rest, interaction) = unanswered().await;
    sandbox.advance(Duration::from_millis(3001));
    let late = rest.post(&callback(&interaction), &answer).await;
    assert_eq!(late.error(), (404, Some(10_062)));
    let unknown = rest.post("/interactions/1/token/callback", &answer).await;
    assert_eq!(unknown.error(), (404, Some(10_062)));
}

#[tokio::test]
async fn a_callback_must_fit_its_interaction() {
    let (_sandbox, rest, interaction) = unanswered().await;
    for (answer, field) in [
        (json!({ "type": 8, "data": { "choices": [] } }), "type"),
        (json!({}), "type"),
        (json!({ "type": 9, "data": { "title": "x" } }), "data"),
        (
            json!({ "type": 4, "data": { "content": "x".repeat(2001) } }),
            "data",
        ),
        (
            json!({ "type": 4, "data": { "content": "x", "components": [{ "type": 1, "components": [
            { "type": 2, "style": 9, "custom_id": "a" },
        ] }] } }),
            "data",
        ),
    ] {
        let refused = rest.post(&callback(&interaction), &answer).await;
        assert_eq!(refused.error(), (400, Some(50_035)), "{answer}");
        assert!(
            refused.json["errors"].get(field).is_some(),
            "{}",
            refused.json
        );
    }
}

#[tokio::test]
async fn commands_are_registered_changed_and_limited() {
    let sandbox = Sandbox::builder()
        .rate_limits(false)
        .start()
        .await
        .expect("started");
    let rest = Rest::new(&sandbox);
    let everywhere = format!("/applications/{}/commands", sandbox.bot_id());
    let in_guild = format!(
        "/applications/{}/guilds/{}/commands",
        sandbox.bot_id(),
        sandbox.guild_id()
    );
    let command = |name: &str| json!({ "name": name, "description": "Does it" });
    let made = rest.post(&in_guild, &command("one")).await;
    assert_eq!(
        (made.status, &made.json["guild_id"]),
        (201, &json!(sandbox.guild_id()))
    );
    let path = format!("{in_guild}/{}", made.json["id"].as_str().expect("an id"));
    let edited = rest
        .patch(&path, &json!({ "description": "Does more" }))
        .await;
    assert_eq!(edited.json["description"], "Does more");
    assert_eq!(edited.json["name"], "one");
    assert_ne!(edited.json["version"], made.json["version"]);
    assert_eq!(rest.get(&everywhere).await.json, json!([]));
    assert_eq!(rest.delete(&path).await.status, 204);
    assert_eq!(rest.get(&path).await.error(), (404, Some(10_063)));

    let kept = rest.post(&everywhere, &command("kept")).await.json["id"].clone();
    let all: Vec<_> = (0..99).map(|nth| command(&format!("c{nth}"))).collect();
    let all = [vec![command("kept")], all].concat();
    let set = rest.send("PUT", &everywhere, &json!(all)).await.json;
    assert_eq!(
        (set.as_array().map(Vec::len), &set[0]["id"]),
        (Some(100), &kept)
    );
    let beyond = rest.post(&everywhere, &command("beyond")).await;
    assert_eq!(beyond.error(), (400, Some(30_032)));

    let twice = json!([command("same"), command("same")]);
    let twice = rest.send("PUT", &everywhere, &twice).await;
    let code = &twice.json["errors"]["1"]["name"]["_errors"][0]["code"];
    assert_eq!(*code, "APPLICATION_COMMANDS_DUPLICATE_NAME");
    let wrong = json!({ "name": "Not Allowed", "options": [
        { "type": 3, "name": "a", "description": "a" },
        { "type": 99, "name": "b", "description": "b", "required": true },
    ] });
    let errors = rest.post(&everywhere, &wrong).await.json["errors"].clone();
    assert_eq!(
        errors["name"]["_errors"][0]["code"],
        "APPLICATION_COMMAND_INVALID_NAME"
    );
    assert_eq!(
        errors["description"]["_errors"][0]["code"],
        "BASE_TYPE_REQUIRED"
    );
    assert_eq!(
        errors["options"]["1"]["type"]["_errors"][0]["code"],
        "BASE_TYPE_CHOICES"
    );
    let order = &errors["options"]["1"]["_errors"][0]["code"];
    assert_eq!(*order, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID");
    let foreign = rest.get("/applications/1/commands").await;
    assert_eq!(foreign.error(), (404, Some(10_002)));
}

#[tokio::test]
async fn several_users_write_in_several_channels() {
    let sandbox = Sandbox::start().await.expect("started");
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let mods = sandbox.channel("#mods");
    assert_eq!(gateway.dispatch("CHANNEL_CREATE").await["d"]["id"], mods);
    let ada = sandbox.user("ada");
    let joined = gateway.dispatch("GUILD_MEMBER_ADD").await;
    assert_eq!(joined["d"]["user"]["username"], "ada");
    assert_eq!(sandbox.user("ada"), ada);
    let id = ada.say("#mods", "hello").await;
    let message = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(
        (&message["d"]["channel_id"], &message["d"]["id"]),
        (&json!(mods), &json!(id))
    );
    ada.edit(&id, "hello!").await;
    assert_eq!(
        gateway.dispatch("MESSAGE_UPDATE").await["d"]["content"],
        "hello!"
    );
    ada.react(&id, "👍").await;
    assert_eq!(
        gateway.dispatch("MESSAGE_REACTION_ADD").await["d"]["user_id"],
        ada.id
    );
    ada.unreact(&id, "👍").await;
    gateway.dispatch("MESSAGE_REACTION_REMOVE").await;
    ada.delete(&id).await;
    assert_eq!(gateway.dispatch("MESSAGE_DELETE").await["d"]["id"], id);
}

#[tokio::test]
#[should_panic(
    expected = "the bot did not write `pong` in #general within 10 s\nthe conversation:\n    ada: ++ping"
)]
async fn a_message_that_does_not_come_fails_with_the_conversation() {
    let sandbox = Sandbox::start().await.expect("started");
    sandbox.user("ada").say("#general", "++ping").await;
    tokio::time::pause();
    sandbox.expect_message("#general", "pong").await;
}

#[tokio::test]
async fn a_bot_that_fails_before_it_is_ready_is_an_error() {
    let sandbox = Sandbox::start().await.expect("started");
    let failed = sandbox.run(|_| async { Err("no token") }).await;
    assert_eq!(failed.err(), Some("no token"));
}
