use smalld::handler::FromBot;
use smalld::{BoxError, SmallD};

#[derive(serde::Deserialize)]
struct Config {
    prefix: String,
}

impl FromBot for Config {
    fn from_bot(_: &SmallD) -> Result<Self, BoxError> {
        Ok(Config { prefix: "++".to_owned() })
    }
}

#[smalld::on(message_create)]
async fn handler(config: Config) {
    println!("{}", config.prefix);
}

fn main() {}
