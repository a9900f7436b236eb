#![deny(warnings)]

use smalld::{Json, path};

struct Ids {
    channel: u64,
}

fn id() -> String {
    "5".to_owned()
}

#[test]
fn compiles() {
    let json = Json::Null;
    let ids = Ids { channel: 1 };
    let (guild_id, user) = ("1", 2);
    let _ = path!("/users/@me");
    let _ = path!("/channels/{}/messages", json["channel_id"]);
    let _ = path!("/channels/{}/messages/{}", ids.channel, id());
    let _ = path!("/guilds/{guild_id}/members/{user}",);
    let _ = path!("/guilds/{guild_id}/members/{}/roles/{}", user, 1 + 2,);
    let _ = path!(
        "/channels/{}/messages/{}/reactions/{}:{}/@me",
        1,
        2,
        "blob",
        3
    );
    let _ = path!("/channels/{}/messages/{}/reactions/\u{1F44D}/@me", 1, 2);
    let _ = path!("/channels/81384788765712384/messages");
    let _ = path!("/webhooks/{}/{}/messages/@original", &guild_id, &*id());
    let _ = path!("/guilds/{}/widget.png", if user > 1 { "1" } else { "2" });
    let _ = path!(new "/things/{}/{{braces}}", user);
    let _ = path!(new "/things");
}
