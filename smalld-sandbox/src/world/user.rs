//! People and bots.

use serde_json::{Value, json};

use crate::world::snowflake::Snowflake;

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) bot: bool,
}

impl User {
    pub(crate) fn json(&self) -> Value {
        let mut user = json!({
            "id": self.id,
            "username": self.name,
            "discriminator": "0",
            "global_name": (!self.bot).then(|| capitalized(&self.name)),
            "avatar": null,
            "avatar_decoration_data": null,
            "collectibles": null,
            "primary_guild": null,
            "public_flags": 0,
            "flags": 0,
        });
        // People have no field `bot` at all; it is not false.
        if self.bot {
            user["bot"] = json!(true);
        }
        user
    }

    /// With what an account sees only of itself.
    pub(crate) fn own_json(&self) -> Value {
        let mut user = self.json();
        user["verified"] = json!(true);
        user["mfa_enabled"] = json!(false);
        user["email"] = Value::Null;
        user["locale"] = json!("en-US");
        user
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
