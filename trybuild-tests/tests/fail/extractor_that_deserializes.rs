use smalld::handler::FromEvent;
use smalld::{BoxError, Payload, SmallD};

#[derive(serde::Deserialize)]
struct Member {
    name: String,
}

impl<'e> FromEvent<'e> for Member {
    fn from_event(_: &SmallD, payload: &'e Payload) -> Result<Self, BoxError> {
        Ok(payload.json()?)
    }
}

#[smalld::on(guild_member_add)]
async fn handler(member: Member) {
    println!("{}", member.name);
}

fn main() {}
