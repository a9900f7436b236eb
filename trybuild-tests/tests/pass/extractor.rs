#![deny(warnings)]

use smalld::handler::FromEvent;
use smalld::{BoxError, Json, Payload, SmallD};

struct Member {
    name: String,
}

impl<'e> FromEvent<'e> for Member {
    fn from_event(_: &SmallD, payload: &'e Payload) -> Result<Self, BoxError> {
        let message: Json = payload.json()?;
        Ok(Self {
            name: message["member"]["nick"]
                .as_str()
                .ok_or("no member")?
                .to_owned(),
        })
    }
}

struct Content<'e>(&'e str);

impl<'e> FromEvent<'e> for Content<'e> {
    fn from_event(_: &SmallD, payload: &'e Payload) -> Result<Self, BoxError> {
        Ok(Self(payload.d()))
    }
}

#[smalld::on(message_create)]
async fn handler(member: Member, content: Content<'_>) {
    drop((member.name, content.0.len()));
}

#[test]
fn compiles() {}
