//! REST over real sockets: what the endpoints answer, refuse, and dispatch.

use crate::common::{ALL_INTENTS, Answer, Gateway, Rest, client};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use smalld_sandbox::{Happening, Sandbox};

async fn sandbox() -> (Sandbox, Rest) {
    let sandbox = Sandbox::start().await.expect("started");
    let rest = Rest::new(&sandbox);
    (sandbox, rest)
}

fn messages(sandbox: &Sandbox) -> String {
    format!("/channels/{}/messages", sandbox.channel_id())
}

#[tokio::test]
async fn the_bot_and_the_gateway_can_be_read() {
    let (sandbox, rest) = sandbox().await;
    let me = rest.get("/users/@me").await;
    assert_eq!((me.status, &me.json["id"]), (200, &json!(sandbox.bot_id())));
    let other = rest
        .get(&format!("/users/{}", sandbox.user("alex").id))
        .await;
    assert_eq!(other.json["username"], sandbox.user("alex").name);
    assert!(other.json.get("bot").is_none());
    let gateway = rest.get("/gateway/bot").await.json;
    assert!(
        gateway["url"]
            .as_str()
            .is_some_and(|url| url.starts_with("ws://127.0.0.1:"))
    );
    assert_eq!(gateway["session_start_limit"]["remaining"], 1000);
    let url = Answer::of(
        client("")
            .get(format!("{}/gateway", sandbox.base_url()))
            .header("user-agent", "DiscordBot (https://example.org, 1)"),
    );
    assert_eq!(url.await.json["url"], gateway["url"]);
}

#[tokio::test]
async fn the_application_has_the_flags_of_what_it_was_granted() {
    let builder = Sandbox::builder().granted_intents(1 << 15);
    let sandbox = builder.start().await.expect("started");
    let application = Rest::new(&sandbox).get("/applications/@me").await.json;
    assert_eq!(application["id"], sandbox.bot_id());
    assert_eq!(application["flags"], 1 << 19);
    assert_eq!(application["bot"]["id"], sandbox.bot_id());
}

#[tokio::test]
async fn the_guild_its_channel_and_its_members_can_be_read() {
    let (sandbox, rest) = sandbox().await;
    let guild = format!("/guilds/{}", sandbox.guild_id());
    assert_eq!(rest.get(&guild).await.json["id"], sandbox.guild_id());
    let channels = rest.get(&format!("{guild}/channels")).await.json;
    assert_eq!(channels[0]["id"], sandbox.channel_id());
    let channel = rest
        .get(&format!("/channels/{}", sandbox.channel_id()))
        .await
        .json;
    assert_eq!(channel, channels[0]);
    let member = rest
        .get(&format!("{guild}/members/{}", sandbox.bot_id()))
        .await
        .json;
    assert_eq!(member["user"]["id"], sandbox.bot_id());
    assert_eq!(member["roles"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_message_is_stored_dispatched_and_returned() {
    let (sandbox, rest) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let embed = json!({ "title": "a title" });
    let body = json!({ "content": "hi", "nonce": "n1", "embeds": [embed], "tts": false });
    let answer = rest.post(&messages(&sandbox), &body).await;
    assert_eq!(
        (answer.status, &answer.json["content"]),
        (200, &json!("hi"))
    );
    assert_eq!(answer.json["nonce"], "n1");
    assert_eq!(answer.json["embeds"][0]["title"], "a title");
    let told = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(told["d"]["id"], answer.json["id"]);
    assert_eq!(told["d"]["author"]["id"], sandbox.bot_id());
    assert_eq!(told["d"]["guild_id"], sandbox.guild_id());
    assert_eq!(sandbox.messages(), [told["d"].clone()]);
    let id = answer.json["id"].as_str().expect("an id");
    assert_eq!(
        rest.get(&format!("{}/{id}", messages(&sandbox))).await.json,
        answer.json
    );
}

#[tokio::test]
async fn a_reply_refers_to_its_original() {
    let (sandbox, rest) = sandbox().await;
    let original = sandbox.say("a question");
    let body = json!({ "content": "an answer", "message_reference": { "message_id": original } });
    let reply = rest.post(&messages(&sandbox), &body).await.json;
    assert_eq!(reply["type"], 19);
    assert_eq!(reply["referenced_message"]["id"], original);
    assert_eq!(reply["mentions"][0]["id"], sandbox.user("alex").id);
}

#[tokio::test]
async fn messages_are_listed_newest_first_and_page_by_page() {
    let (sandbox, rest) = sandbox().await;
    let ids = ["0", "1", "2", "3"].map(|text| sandbox.say(text));
    let texts = async |query: &str| -> Vec<Value> {
        let list = rest
            .get(&format!("{}?{query}", messages(&sandbox)))
            .await
            .json;
        list.as_array()
            .expect("a list")
            .iter()
            .map(|message| message["content"].clone())
            .collect()
    };
    assert_eq!(texts("").await, ["3", "2", "1", "0"]);
    assert_eq!(texts("limit=2").await, ["3", "2"]);
    assert_eq!(texts(&format!("before={}&limit=1", ids[2])).await, ["1"]);
    assert_eq!(texts(&format!("after={}", ids[1])).await, ["3", "2"]);
    let wrong = rest.get(&format!("{}?limit=101", messages(&sandbox))).await;
    assert_eq!(wrong.error(), (400, Some(50_035)));
}

#[tokio::test]
async fn a_message_is_edited_and_deleted() {
    let (sandbox, rest) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let sent = rest
        .post(&messages(&sandbox), &json!({ "content": "first" }))
        .await
        .json;
    gateway.dispatch("MESSAGE_CREATE").await;
    let path = format!(
        "{}/{}",
        messages(&sandbox),
        sent["id"].as_str().expect("an id")
    );
    let edited = rest.patch(&path, &json!({ "content": "second" })).await;
    assert_eq!(
        (edited.status, &edited.json["content"]),
        (200, &json!("second"))
    );
    assert!(edited.json["edited_timestamp"].is_string());
    assert_eq!(
        gateway.dispatch("MESSAGE_UPDATE").await["d"]["content"],
        "second"
    );
    assert_eq!(
        rest.patch(&path, &json!({ "content": "" })).await.error(),
        (400, Some(50_006))
    );
    let deleted = rest.delete(&path).await;
    assert_eq!((deleted.status, &deleted.json), (204, &Value::Null));
    let told = gateway.dispatch("MESSAGE_DELETE").await;
    let (channel, guild) = (sandbox.channel_id(), sandbox.guild_id());
    assert_eq!(
        told["d"],
        json!({ "id": sent["id"], "channel_id": channel, "guild_id": guild })
    );
    assert_eq!(rest.delete(&path).await.error(), (404, Some(10_008)));
    let others = format!("{}/{}", messages(&sandbox), sandbox.say("not yours"));
    assert_eq!(
        rest.patch(&others, &json!({ "content": "x" }))
            .await
            .error(),
        (403, Some(50_005))
    );
}

#[tokio::test]
async fn reactions_are_added_listed_and_removed() {
    let (sandbox, rest) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let id = sandbox.say("react to this");
    gateway.dispatch("MESSAGE_CREATE").await;
    let path = format!("{}/{id}/reactions/%F0%9F%91%8D", messages(&sandbox));
    let added = rest.put(&format!("{path}/@me")).await;
    assert_eq!(added.status, 204);
    assert_eq!(added.header("x-ratelimit-limit"), Some("1"));
    // discord.js parses what is called JSON; discord.py takes a 429 without `via` for a block.
    assert_eq!(added.header("content-type"), None);
    assert_eq!(added.header("via"), Some("1.1 google"));
    let told = gateway.dispatch("MESSAGE_REACTION_ADD").await;
    assert_eq!(
        (&told["d"]["emoji"]["name"], &told["d"]["user_id"]),
        (&json!("👍"), &json!(sandbox.bot_id()))
    );
    sandbox.react(&id, "👍");
    gateway.dispatch("MESSAGE_REACTION_ADD").await;
    let users = rest.get(&path).await.json;
    assert_eq!(users.as_array().map(Vec::len), Some(2));
    let message = rest.get(&format!("{}/{id}", messages(&sandbox))).await.json;
    assert_eq!(message["reactions"][0]["count"], 2);
    loop {
        let removed = rest.delete(&format!("{path}/@me")).await;
        if removed.status == 204 {
            break;
        }
        // Adding and removing share a bucket: one request in 250 ms.
        assert_eq!(removed.status, 429);
    }
    assert_eq!(
        gateway.dispatch("MESSAGE_REACTION_REMOVE").await["d"]["message_id"],
        id
    );
    let bad = format!("{}/{id}/reactions/thumbsup", messages(&sandbox));
    assert_eq!(rest.get(&bad).await.error(), (400, Some(10_014)));
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_sent() {
    let (sandbox, rest) = sandbox().await;
    let bytes = b"\x89PNG\r\n\r\n--not the boundary\0".to_vec();
    let payload = json!({
        "content": "a cat", "attachments": [{ "id": 0, "description": "of mine" }],
    });
    let json = Part::text(payload.to_string())
        .mime_str("application/json")
        .expect("a type");
    let file = Part::bytes(bytes.clone())
        .file_name("my cat.png")
        .mime_str("image/png");
    let form = Form::new()
        .part("payload_json", json)
        .part("files[0]", file.expect("a type"));
    let sent = Answer::of(
        rest.request(Method::POST, &messages(&sandbox))
            .multipart(form),
    )
    .await;
    assert_eq!(sent.status, 200, "{}", sent.json);
    let attachment = &sent.json["attachments"][0];
    assert_eq!(attachment["filename"], "my cat.png");
    assert_eq!(attachment["size"], bytes.len());
    assert_eq!(attachment["content_type"], "image/png");
    assert_eq!(attachment["description"], "of mine");
    let url = attachment["url"].as_str().expect("a url");
    let fetched = client("").get(url).send().await.expect("served");
    assert_eq!(fetched.headers()["content-type"], "image/png");
    assert_eq!(fetched.bytes().await.expect("a body"), bytes);
    let request = sandbox.requests().pop().expect("recorded");
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", messages(&sandbox).as_str())
    );
    assert_eq!(request.json, Some(payload));
    assert_eq!(request.files[0].name, "files[0]");
    assert_eq!(
        (&request.files[0].filename[..], &*request.files[0].bytes),
        ("my cat.png", &bytes[..])
    );
    assert!(!format!("{request:?}").contains(sandbox.token()));
}

#[tokio::test]
async fn a_direct_channel_is_opened_and_written_to() {
    let (sandbox, rest) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let body = json!({ "recipient_id": sandbox.user("alex").id });
    let channel = rest.post("/users/@me/channels", &body).await.json;
    assert_eq!(
        (&channel["type"], &channel["recipients"][0]["id"]),
        (&json!(1), &json!(sandbox.user("alex").id))
    );
    let id = channel["id"].as_str().expect("an id");
    assert_eq!(sandbox.recipient(id), Some(sandbox.user("alex")));
    assert_eq!(sandbox.recipient(sandbox.channel_id()), None);
    let path = format!("/channels/{id}/messages");
    rest.post(&path, &json!({ "content": "psst" })).await;
    let told = gateway.dispatch("MESSAGE_CREATE").await;
    assert_eq!(
        (&told["d"]["channel_type"], &told["d"]["guild_id"]),
        (&json!(1), &Value::Null)
    );
    let found = sandbox
        .wait_for_message(
            |message| message["content"] == "psst",
            crate::common::TIMEOUT,
        )
        .await;
    assert_eq!(
        found.map(|message| message["id"].clone()),
        Some(told["d"]["id"].clone())
    );
    let nobody = json!({ "recipient_id": "1" });
    assert_eq!(
        rest.post("/users/@me/channels", &nobody).await.error(),
        (400, Some(50_033))
    );
    let nothing = rest.post("/users/@me/channels", &json!({})).await;
    assert_eq!(
        nothing.json["errors"]["recipient_id"]["_errors"][0]["code"],
        "BASE_TYPE_REQUIRED"
    );
}

#[tokio::test]
async fn typing_is_dispatched() {
    let (sandbox, rest) = sandbox().await;
    let (mut gateway, _) = Gateway::ready(&sandbox, ALL_INTENTS).await;
    let path = format!("/channels/{}/typing", sandbox.channel_id());
    assert_eq!(
        Answer::of(rest.request(Method::POST, &path)).await.status,
        204
    );
    let told = gateway.dispatch("TYPING_START").await;
    assert_eq!(told["d"]["user_id"], sandbox.bot_id());
    assert!(told["d"]["timestamp"].is_u64());
}

#[tokio::test]
async fn unknown_resources_have_their_codes() {
    let (sandbox, rest) = sandbox().await;
    let unknown = [
        ("/channels/1".to_owned(), 10_003),
        ("/guilds/1".to_owned(), 10_004),
        (format!("/guilds/{}/members/1", sandbox.guild_id()), 10_013),
        (format!("{}/1", messages(&sandbox)), 10_008),
        ("/users/1".to_owned(), 10_013),
        ("/no/such/route".to_owned(), 0),
    ];
    for (path, code) in unknown {
        assert_eq!(rest.get(&path).await.error(), (404, Some(code)), "{path}");
    }
    let route = rest.get("/no/such/route").await.json;
    assert_eq!(route, json!({ "message": "404: Not Found", "code": 0 }));
    assert_eq!(rest.delete("/users/@me").await.status, 405);
}

#[tokio::test]
async fn a_caller_must_have_the_token_and_an_agent() {
    let (sandbox, rest) = sandbox().await;
    let me = rest
        .request(Method::GET, "/users/@me")
        .build()
        .expect("a request");
    let ask = async |token: &str, agent: &str| {
        let request = client("").get(me.url().clone());
        Answer::of(
            request
                .header("authorization", token)
                .header("user-agent", agent),
        )
        .await
    };
    let (token, agent) = (
        format!("Bot {}", sandbox.token()),
        "DiscordBot (https://example.org, 1)",
    );
    assert_eq!(ask(&token, agent).await.status, 200);
    let wrong = ask("Bot wrong", agent).await;
    assert_eq!(
        (wrong.status, &wrong.json),
        (401, &json!({ "message": "401: Unauthorized", "code": 0 }))
    );
    assert_eq!(ask(sandbox.token(), agent).await.status, 401);
    assert_eq!(ask(&token, "curl/8.0").await.error(), (403, Some(40_333)));
}

#[tokio::test]
async fn other_versions_are_refused() {
    let (sandbox, rest) = sandbox().await;
    let url = sandbox.base_url().replace("v10", "v9");
    let me = rest
        .request(Method::GET, "/users/@me")
        .build()
        .expect("a request");
    let mut old = client("").get(format!("{url}/users/@me"));
    old = old
        .headers(me.headers().clone())
        .header("user-agent", "DiscordBot (u, 1)");
    assert_eq!(Answer::of(old).await.error(), (400, Some(50_041)));
}

#[tokio::test]
async fn mistakes_in_a_message_are_a_tree() {
    let (sandbox, rest) = sandbox().await;
    let path = messages(&sandbox);
    let long = rest
        .post(&path, &json!({ "content": "x".repeat(2001) }))
        .await;
    assert_eq!(long.error(), (400, Some(50_035)));
    assert_eq!(long.json["message"], "Invalid Form Body");
    assert_eq!(
        long.json["errors"]["content"]["_errors"][0],
        json!({ "code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length." })
    );
    assert_eq!(
        rest.post(&path, &json!({ "content": "" })).await.error(),
        (400, Some(50_006))
    );
    let broken = rest
        .request(Method::POST, &path)
        .header("content-type", "application/json");
    assert_eq!(
        Answer::of(broken.body("{")).await.error(),
        (400, Some(50_109))
    );
    let untyped = rest.request(Method::POST, &path).body("content=hi");
    assert_eq!(Answer::of(untyped).await.error(), (400, Some(50_035)));
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn limits_are_counted_down_and_enforced() {
    let (sandbox, rest) = sandbox().await;
    let path = messages(&sandbox);
    for remaining in ["4", "3", "2", "1", "0"] {
        let sent = rest.post(&path, &json!({ "content": "hi" })).await;
        assert_eq!(sent.status, 200);
        assert_eq!(sent.header("x-ratelimit-limit"), Some("5"));
        assert_eq!(sent.header("x-ratelimit-remaining"), Some(remaining));
    }
    let refused = rest.post(&path, &json!({ "content": "hi" })).await;
    assert_eq!(
        (refused.status, &refused.json["global"]),
        (429, &json!(false))
    );
    assert_eq!(refused.header("x-ratelimit-scope"), Some("user"));
    let after = refused.json["retry_after"].as_f64().expect("seconds");
    let header = refused
        .header("retry-after")
        .and_then(|value| value.parse().ok());
    assert!(
        after > 0.0 && after <= 5.0 && header >= Some(after),
        "{after} {header:?}"
    );
    assert_eq!(sandbox.messages().len(), 5);
    // Other buckets are not affected.
    let list = rest.get(&path).await;
    assert_eq!(list.header("x-ratelimit-remaining"), Some("9"));
    assert_ne!(
        list.header("x-ratelimit-bucket"),
        refused.header("x-ratelimit-bucket")
    );
}

#[tokio::test]
async fn the_global_limit_is_enforced() {
    let (sandbox, rest) = sandbox().await;
    let (rest, sandbox) = (&rest, &sandbox);
    let asks = (0..200).map(|nth| async move {
        let id = sandbox.guild_id();
        match nth % 3 {
            0 => rest.get(&format!("/guilds/{id}")).await,
            1 => rest.get("/users/@me").await,
            _ => rest.get("/gateway/bot").await,
        }
    });
    let answers = futures_util::future::join_all(asks).await;
    let refused = answers
        .iter()
        .find(|answer| answer.json["global"] == true)
        .expect("refused");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-ratelimit-global"), Some("true"));
    assert_eq!(refused.header("x-ratelimit-scope"), Some("global"));
    assert_eq!(refused.header("x-ratelimit-bucket"), None);
}

#[tokio::test]
async fn without_the_intent_rest_withholds_content_too() {
    let sandbox = Sandbox::builder()
        .granted_intents(0)
        .start()
        .await
        .expect("started");
    let rest = Rest::new(&sandbox);
    let id = sandbox.say("secret");
    let message = rest.get(&format!("{}/{id}", messages(&sandbox))).await.json;
    assert_eq!(
        (&message["id"], &message["content"]),
        (&json!(id), &json!(""))
    );
    let own = rest
        .post(&messages(&sandbox), &json!({ "content": "mine" }))
        .await
        .json;
    assert_eq!(own["content"], "mine");
}

#[tokio::test]
async fn answers_are_happenings() {
    let (sandbox, rest) = sandbox().await;
    let mut happenings = sandbox.subscribe();
    rest.get("/users/1").await;
    match happenings.next().await {
        Some(Happening::RequestAnswered {
            method,
            path,
            status,
            ..
        }) => {
            assert_eq!((&method[..], &path[..], status), ("GET", "/users/1", 404));
        }
        other => panic!("{other:?}"),
    }
}
