#![deny(warnings)]

use std::error::Error;
use std::fmt;

type Result<T, E = Mistake> = std::result::Result<T, E>;

#[derive(Debug)]
struct Mistake;

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mistake")
    }
}

impl Error for Mistake {}

#[smalld::on(ready)]
async fn nothing() {}

#[smalld::on(ready)]
async fn unit() -> () {}

#[smalld::on(ready)]
async fn own_error() -> Result<()> {
    Err(Mistake)
}

#[smalld::on(ready)]
async fn own_result(bot: smalld::SmallD) -> Result<(), smalld::Error> {
    bot.get("/users/@me").await.map(drop)
}

#[smalld::on(ready)]
async fn anyhow() -> anyhow::Result<()> {
    Err(anyhow::anyhow!("a mistake"))
}

#[smalld::on(ready)]
fn text() -> Result<(), String> {
    Err("a mistake".to_owned())
}

#[smalld::on(ready)]
fn borrowed_text() -> Result<(), &'static str> {
    Err("a mistake")
}

#[smalld::on(ready)]
fn boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
    Err("a mistake".into())
}

#[smalld::on(ready)]
fn smalld_result() -> smalld::Result<()> {
    Ok(())
}

#[test]
fn compiles() {}
