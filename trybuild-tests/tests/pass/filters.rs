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

#[smalld::on(
    interaction_create,
    "/type" = 2 | 4 | -1,
    "/data/custom_id" = "vote:".. | "poll:".. | null,
    "/data/name" != "a".. | true,
    "/data/name" != "b",
    "/member" != null,
)]
async fn operators() {}

#[smalld::on_gateway_payload(op = 0, "/t" = "GUILD_".., "/d/id" != "1")]
async fn payloads() {}

#[smalld::on("AN_EVENT_NEWER_THAN_SMALLD")]
async fn new() {}

#[test]
fn compiles() {}
