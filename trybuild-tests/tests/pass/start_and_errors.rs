use std::fmt;

use smalld::handler::{FromBot, HandlerError};
use smalld::{BoxError, Json, SmallD, State};

struct Config;

struct Address(String);

impl FromBot for Address {
    fn from_bot(bot: &SmallD) -> Result<Self, BoxError> {
        Ok(Address(bot.id().ok_or("no id yet")?.to_owned()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[smalld::on_start]
async fn prepares(bot: SmallD, config: State<Config>, address: Address) -> smalld::Result<()> {
    let _ = (config, address.to_string());
    bot.get("/users/@me").await.map(drop)
}

#[smalld::on_start]
fn starts_plainly() {}

#[smalld::on(ready)]
async fn takes_an_address(address: Address, ready: Json) {
    let _ = (address.to_string(), ready);
}

#[smalld::on_error]
async fn tells(
    error: HandlerError,
    bot: SmallD,
    event: Json,
    config: State<Config>,
    address: Address,
) {
    let _ = (error.to_string(), bot, event, config, address);
}

#[smalld::on_error(crate = ::smalld)]
fn tells_plainly(error: HandlerError) -> Result<(), String> {
    Err(error.to_string())
}

#[test]
fn compiles() {}
