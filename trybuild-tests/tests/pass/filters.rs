#![deny(warnings)]

#[smalld::on(interaction_create, "/type" = 2, "/data/name" = "greet")]
async fn command() {}

#[smalld::on(
    "/data/options/0/value" = -1,
    message_create,
    message_update,
    "/author/bot" = true,
    "/webhook_id" = null,
    "/guild_id" = "81384788765712384",
    "/a~1b/m~0n" = false,
    "/nonce" = 18446744073709551615,
    "/empty" = "",
    ordered,
)]
async fn everything() {}

#[smalld::on("AN_EVENT_NEWER_THAN_SMALLD")]
async fn new() {}

#[test]
fn compiles() {}
