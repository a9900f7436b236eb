#![deny(warnings)]

use std::borrow::Cow;

#[derive(serde::Deserialize)]
struct Msg<'a> {
    id: &'a str,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

#[smalld::on(message_create)]
async fn handler(msg: Msg<'_>, bot: smalld::SmallD, again: Option<Msg<'_>>) -> smalld::Result<()> {
    bot.get("/users/@me").await?;
    drop((msg.id, msg.content, again));
    Ok(())
}

#[smalld::on(message_create)]
fn blocks(msg: Msg<'_>) {
    drop((msg.id, msg.content));
}

#[smalld::on_gateway_payload(t = "A_STRING_AS_D")]
fn text(text: &str) {
    drop(text.to_owned());
}

#[test]
fn compiles() {}
