//! No value changes the route of a request, and no token is sent where it does not belong.

use crate::scripted::{Reply, Scripted, within};
use percent_encoding::percent_decode_str;
use smalld::rest::RateLimits;
use smalld::{Error, SmallD, json, path};

#[tokio::test]
async fn a_hostile_value_stays_within_its_segment() {
    let server = Scripted::always(Reply::ok()).await;
    let bot = server.bot(RateLimits::Off);
    let hostile = [
        "../../users/@me",
        "..%2f..%2fusers%2f@me",
        "%2e%2e",
        "%2E%2E/",
        ".%2e",
        "..;",
        "...",
        "1/../2",
        "1\\..\\2",
        "?limit=1",
        "#top",
        "1\r\nHost: evil.example",
        "1 HTTP/1.1\r\n\r\nGET /",
        "\u{0}",
        "\u{202e}evil",
        "//evil.example",
        "http://evil.example/",
        "@evil.example",
        ":80",
        "a&b=c",
        "%",
        "%zz",
        "{}",
        " ",
        "\t",
        "👍🏽",
        "ü",
    ];
    for value in hostile {
        for json in [false, true] {
            let path = if json {
                path!("/channels/{}/messages/{}", json!(value), 2)
            } else {
                path!("/channels/{value}/messages/{}", 2)
            };
            within(bot.delete(path)).await.unwrap();
            let seen = server.seen().pop().unwrap();
            let segments: Vec<&str> = seen.path.split('/').collect();
            let ["", "channels", segment, "messages", "2"] = segments[..] else {
                panic!("{value:?} became {}", seen.path)
            };
            assert_eq!(percent_decode_str(segment).decode_utf8().unwrap(), value);
            assert!(segment.is_ascii() && seen.query.is_empty(), "{segment}");
            assert_eq!(seen.header("host"), Some(&*server.address().to_string()));
        }
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_a_segment_is_not_sent() {
    let server = Scripted::always(Reply::ok()).await;
    let bot = server.bot(RateLimits::Off);
    let message = json!({ "id": null, "list": [], "map": {}, "half": 0.5, "empty": "" });
    for value in [
        &message["id"],
        &message["absent"],
        &message["list"],
        &message["map"],
        &message["half"],
        &message["empty"],
        &json!("."),
        &json!(".."),
    ] {
        let error = within(bot.delete(path!("/channels/{value}"))).await;
        let Err(Error::Config(error)) = error else {
            panic!("{value}: {error:?}")
        };
        let text = format!("{:?}", Error::Config(error));
        assert!(text.contains("`value`"), "{text}");
        assert!(text.contains("/channels/{value}"), "{text}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_plain_path_is_sent_as_written_or_refused() {
    let server = Scripted::always(Reply::ok()).await;
    let bot = server.bot(RateLimits::Off);
    for path in [
        "",
        "users/@me",
        "//evil.example/x",
        "/",
        "/users/",
        "/channels//messages",
        "/channels/../users/@me",
        "/channels/./x",
        "/channels/%2e%2e/x",
        "/channels/.%2E/x",
        "/channels/%2e/x",
        "/channels/\"1\"/x",
        "/channels/1\\..\\x",
        "/a\r\nX: y",
        "/a\tb",
        "/a b",
        "/a#b",
        "/a\u{0}",
        "http://evil.example/api/v10/users/@me",
        "@evil.example/x",
        ":1@evil.example/x",
    ] {
        let error = within(bot.get(path)).await.unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{path:?}: {error:?}");
        assert!(error.to_string().contains("nothing was sent"), "{error}");
    }
    assert_eq!(server.count(), 0);
    for path in [
        "/channels/1/messages?limit=5&q=../..",
        "/a/%2F..%2f/b",
        "/x/y:z@!$&'()*+,;=~",
    ] {
        within(bot.get(path)).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.target, format!("/api/v10{path}"));
    }
    within(bot.get("/x/👍")).await.unwrap();
    assert_eq!(server.seen().pop().unwrap().path, "/x/%F0%9F%91%8D");
}

#[tokio::test]
async fn a_redirect_is_a_response_and_not_followed() {
    let elsewhere = Scripted::always(Reply::ok()).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/users/@me", elsewhere.url());
        let server = Scripted::always(Reply::text(status, "").header("location", &location)).await;
        let bot = server.bot(RateLimits::Error);
        let error = within(bot.get("/users/@me")).await.unwrap_err();
        let Error::Http(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.response.status, status);
        assert_eq!(server.count(), 1);
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn with_a_token_in_the_path_the_bots_own_is_not_sent() {
    let server = Scripted::always(Reply::ok()).await;
    let bot = server.bot(RateLimits::Off);
    for path in [
        path!("/webhooks/{}/{}", 7, "token"),
        path!("/webhooks/{}/{}/messages/@original", 7, "token"),
        path!("/interactions/{}/{}/callback", 7, "token"),
    ] {
        within(bot.post(path, json!({}))).await.unwrap();
        assert_eq!(server.seen().pop().unwrap().header("authorization"), None);
    }
    within(bot.get(path!("/webhooks/{}", 7))).await.unwrap();
    assert!(
        server
            .seen()
            .pop()
            .unwrap()
            .header("authorization")
            .is_some()
    );
}

#[test]
fn the_token_is_sent_unencrypted_only_to_this_machine_or_if_allowed() {
    let build = |url: &str| SmallD::builder().token("a.b.c").base_url(url);
    for url in [
        "http://discord.com/api/v10",
        "http://10.0.0.7/api/v10",
        "http://0.0.0.0:80/",
    ] {
        let error = build(url).build().unwrap_err();
        assert!(error.to_string().contains("allow_http"), "{error}");
        build(url).allow_http(true).build().unwrap();
    }
    for url in [
        "http://127.0.0.1:1/api/v10",
        "http://localhost:1",
        "http://[::1]:1/api/v10",
    ] {
        build(url).build().unwrap();
    }
    for url in [
        "ftp://discord.com",
        "discord.com/api/v10",
        "https://",
        "https://a:b@discord.com/",
    ] {
        build(url).allow_http(true).build().unwrap_err();
    }
}
