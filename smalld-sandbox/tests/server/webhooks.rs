//! Webhooks: made and changed, with the token or without, and what is written through them.

use crate::common::{ALL_INTENTS, Answer, Gateway, Rest, client};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use smalld_sandbox::Sandbox;

/// All intents but that of the audit log.
const INTENTS: u64 = ALL_INTENTS & !4;

struct Hook {
    sandbox: Sandbox,
    rest: Rest,
    json: Value,
    /// The path with the token.
    path: String,
}

async fn hook() -> Hook {
    let builder = Sandbox::builder().rate_limits(false);
    let sandbox = builder.start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let webhooks = format!("/channels/{}/webhooks", sandbox.channel_id());
    let made = rest
        .post(&webhooks, &json!({ "name": "Returns Box" }))
        .await;
    assert_eq!(made.status, 200, "{}", made.json);
    let part = |key: &str| made.json[key].as_str().expect("text").to_owned();
    let path = format!("/webhooks/{}/{}", part("id"), part("token"));
    Hook {
        sandbox,
        rest,
        path,
        json: made.json,
    }
}

#[tokio::test]
async fn webhooks_are_made_listed_changed_and_deleted() {
    let Hook {
        sandbox,
        rest,
        json: made,
        path,
    } = hook().await;
    assert_eq!(
        (&made["type"], &made["application_id"]),
        (&json!(1), &json!(sandbox.bot_id()))
    );
    assert_eq!(made["url"], format!("{}{path}", sandbox.base_url()));
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    let of_channel = format!("/channels/{}/webhooks", sandbox.channel_id());
    let of_guild = format!("/guilds/{}/webhooks", sandbox.guild_id());
    for list in [&of_channel, &of_guild] {
        assert_eq!(rest.get(list).await.json, json!([made]));
    }
    let plain = format!("/webhooks/{}", made["id"].as_str().expect("an id"));
    assert_eq!(rest.get(&plain).await.json["user"]["id"], sandbox.bot_id());
    let other = sandbox.channel("other");
    gateway.dispatch("CHANNEL_CREATE").await;
    let picture = "data:image/png;base64,AAAA";
    let body = json!({ "name": "Box", "channel_id": other, "avatar": picture });
    let edited = rest.patch(&plain, &body).await.json;
    assert_eq!(
        (&edited["name"], &edited["channel_id"]),
        (&json!("Box"), &json!(other))
    );
    assert!(edited["avatar"].is_string());
    for channel in [sandbox.channel_id(), &other] {
        assert_eq!(
            gateway.dispatch("WEBHOOKS_UPDATE").await["d"]["channel_id"],
            channel
        );
    }
    let by_token = rest.patch(&path, &json!({ "name": "Lid" })).await.json;
    assert_eq!(by_token["name"], "Lid");
    assert!(by_token.get("user").is_none());
    let reserved = rest
        .patch(&path, &json!({ "name": "Discord news" }))
        .await
        .json;
    let code = &reserved["errors"]["name"]["_errors"][0]["code"];
    assert_eq!(code, "USERNAME_INVALID_CONTAINS");
    assert_eq!(rest.delete(&path).await.status, 204);
    assert_eq!(rest.get(&plain).await.error(), (404, Some(10_015)));
}

#[tokio::test]
async fn the_token_is_enough_to_write_edit_and_delete() {
    let Hook {
        sandbox,
        json: made,
        path,
        ..
    } = hook().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, INTENTS).await;
    // Without the token of the bot.
    let request = |method: &str, path: &str| {
        let method = method.parse().expect("a method");
        let url = format!("{}{path}", sandbox.base_url());
        client("DiscordBot (https://example.org, 1.0)").request(method, url)
    };
    let with_token = async |method: &str, path: &str, body: &Value| {
        Answer::of(request(method, path).json(body)).await
    };
    let quiet = with_token("POST", &path, &json!({ "content": "one" })).await;
    assert_eq!((quiet.status, &quiet.json), (204, &Value::Null));
    let told = gateway.dispatch("MESSAGE_CREATE").await["d"].clone();
    assert_eq!(
        (&told["webhook_id"], &told["author"]["username"]),
        (&made["id"], &json!("Returns Box"))
    );
    assert!(told.get("member").is_none());
    let body = json!({ "content": "two", "username": "Lid", "embeds": [{ "title": "t" }] });
    let sent = with_token("POST", &format!("{path}?wait=true"), &body).await;
    assert_eq!(
        (sent.status, &sent.json["author"]["username"]),
        (200, &json!("Lid"))
    );
    gateway.dispatch("MESSAGE_CREATE").await;
    let message = format!(
        "{path}/messages/{}",
        sent.json["id"].as_str().expect("an id")
    );
    let edited = with_token("PATCH", &message, &json!({ "content": "three" })).await;
    assert_eq!(
        (edited.status, &edited.json["content"]),
        (200, &json!("three"))
    );
    gateway.dispatch("MESSAGE_UPDATE").await;
    assert_eq!(Answer::of(request("GET", &message)).await.json, edited.json);
    assert_eq!(Answer::of(request("DELETE", &message)).await.status, 204);
    gateway.dispatch("MESSAGE_DELETE").await;
    assert_eq!(
        Answer::of(request("GET", &message)).await.error(),
        (404, Some(10_008))
    );
    let wrong = format!("/webhooks/{}/wrong", made["id"].as_str().expect("an id"));
    let refused = with_token("POST", &wrong, &json!({ "content": "x" })).await;
    assert_eq!(refused.error(), (401, Some(50_027)));
    let form = Form::new().part(
        "files[0]",
        Part::bytes(b"meow".to_vec()).file_name("cat.txt"),
    );
    let file = Answer::of(request("POST", &format!("{path}?wait=true")).multipart(form)).await;
    assert_eq!(file.json["attachments"][0]["filename"], "cat.txt");
}

#[tokio::test]
async fn webhooks_write_in_threads_and_forums() {
    let Hook {
        sandbox,
        rest,
        path,
        ..
    } = hook().await;
    let general = format!("/channels/{}", sandbox.channel_id());
    let thread = json!({ "name": "talk", "type": 11 });
    let thread = rest.post(&format!("{general}/threads"), &thread).await.json["id"].clone();
    let thread = thread.as_str().expect("an id");
    let text = json!({ "content": "hi" });
    let sent = rest
        .post(&format!("{path}?wait=true&thread_id={thread}"), &text)
        .await
        .json;
    assert_eq!(sent["channel_id"], thread);
    let id = sent["id"].as_str().expect("an id");
    let lost = rest.get(&format!("{path}/messages/{id}")).await;
    assert_eq!(lost.error(), (404, Some(10_008)));
    let found = rest
        .get(&format!("{path}/messages/{id}?thread_id={thread}"))
        .await;
    assert_eq!(found.status, 200);
    let named = json!({ "content": "hi", "thread_name": "x" });
    assert_eq!(rest.post(&path, &named).await.error(), (400, Some(220_003)));

    let forum = json!({ "name": "forum", "type": 15 });
    let channels = format!("/guilds/{}/channels", sandbox.guild_id());
    let forum = rest.post(&channels, &forum).await.json["id"].clone();
    let webhooks = format!("/channels/{}/webhooks", forum.as_str().expect("an id"));
    let made = rest
        .post(&webhooks, &json!({ "name": "poster" }))
        .await
        .json;
    let part = |key: &str| made[key].as_str().expect("text").to_owned();
    let path = format!("/webhooks/{}/{}?wait=true", part("id"), part("token"));
    assert_eq!(rest.post(&path, &text).await.error(), (400, Some(220_001)));
    let post = rest.post(&path, &named).await.json;
    assert_eq!(post["id"], post["channel_id"]);
    let post = post["id"].as_str().expect("an id");
    let post = rest.get(&format!("/channels/{post}")).await.json;
    assert_eq!(
        (&post["name"], &post["owner_id"]),
        (&json!("x"), &made["id"])
    );
}

#[tokio::test]
async fn followers_get_what_is_published() {
    let Hook { sandbox, rest, .. } = hook().await;
    let news = json!({ "name": "news", "type": 5 });
    let channels = format!("/guilds/{}/channels", sandbox.guild_id());
    let news = rest.post(&channels, &news).await.json["id"].clone();
    let news = format!("/channels/{}", news.as_str().expect("an id"));
    let target = json!({ "webhook_channel_id": sandbox.channel_id() });
    let followed = rest.post(&format!("{news}/followers"), &target).await;
    assert_eq!(followed.status, 200, "{}", followed.json);
    let webhook = followed.json["webhook_id"].as_str().expect("an id");
    let webhook = rest.get(&format!("/webhooks/{webhook}")).await.json;
    assert_eq!(
        (&webhook["type"], &webhook["source_channel"]["name"]),
        (&json!(2), &json!("news"))
    );
    let text = json!({ "content": "extra!" });
    let sent = rest.post(&format!("{news}/messages"), &text).await.json;
    let path = format!(
        "{news}/messages/{}/crosspost",
        sent["id"].as_str().expect("an id")
    );
    let published = rest.post(&path, &json!({})).await;
    assert_eq!(
        (published.status, &published.json["flags"]),
        (200, &json!(1))
    );
    let copy = sandbox.messages().pop().expect("a copy");
    assert_eq!(
        (&copy["content"], &copy["flags"]),
        (&json!("extra!"), &json!(2))
    );
    assert_eq!(copy["message_reference"]["message_id"], sent["id"]);
    assert_eq!(
        rest.post(&path, &json!({})).await.error(),
        (400, Some(40_033))
    );
}

#[tokio::test]
async fn messages_in_the_formats_of_slack_and_github_are_written() {
    let Hook {
        sandbox,
        rest,
        path,
        ..
    } = hook().await;
    let slack = json!({ "text": "hi", "username": "S", "attachments": [{ "title": "t" }] });
    let sent = rest.post(&format!("{path}/slack"), &slack).await;
    assert_eq!((sent.status, &sent.json), (200, &json!("ok")));
    let event = json!({ "sender": { "login": "ada" }, "repository": { "full_name": "a/b" } });
    assert_eq!(
        rest.post(&format!("{path}/github"), &event).await.status,
        204
    );
    let written = sandbox.messages();
    assert_eq!(
        (&written[0]["content"], &written[0]["embeds"][0]["title"]),
        (&json!("hi"), &json!("t"))
    );
    assert_eq!(written[1]["embeds"][0]["author"]["name"], "ada");
}
