#![deny(warnings)]

use smalld::{Json, State};

struct Member(String);

#[derive(serde::Deserialize)]
struct Author {
    id: String,
    #[serde(default)]
    bot: bool,
}

impl<'e> smalld::handler::FromEvent<'e> for Member {
    fn from_event(
        _: &smalld::SmallD,
        payload: &'e smalld::Payload,
    ) -> Result<Self, smalld::BoxError> {
        let message: Json = payload.json()?;
        Ok(Self(message["author"]["username"].to_string()))
    }
}

#[smalld::on(message_create)]
async fn handler(
    mut json: Json,
    Author { id, bot: _ }: Author,
    Member(mut name): Member,
    (_, [first, ..]): (u8, [u8; 2]),
    _: State<u64>,
    whole @ Author { bot, .. }: Author,
) {
    json["name"] = Json::Null;
    name.push_str(&id);
    drop((name, first, whole.id, bot));
}

#[test]
fn compiles() {}
