//! People and bots.

use std::mem;

use serde_json::{Value, json};

use super::World;
use super::member::Change;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::token;

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) bot: bool,
    /// The hash of the picture.
    pub(crate) avatar: Option<String>,
    pub(crate) banner: Option<String>,
    /// The token that the user gave the application, with the scope `guilds.join`.
    access_token: Option<String>,
}

impl User {
    pub(crate) fn new(id: Snowflake, name: &str, bot: bool) -> Self {
        Self {
            id,
            name: name.to_owned(),
            bot,
            avatar: None,
            banner: None,
            access_token: None,
        }
    }

    pub(crate) fn json(&self) -> Value {
        let mut user = json!({
            "id": self.id,
            "username": self.name,
            "discriminator": "0",
            "global_name": (!self.bot).then(|| capitalized(&self.name)),
            "avatar": self.avatar,
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
        user["banner"] = json!(self.banner);
        user["locale"] = json!("en-US");
        user
    }
}

impl World {
    /// The token that a user gave the application.
    pub(crate) fn access_token(&self, user: Snowflake) -> Option<&str> {
        self.users.get(&user)?.access_token.as_deref()
    }

    /// Lets a user give the application an access token.
    pub(crate) fn grant_access(&mut self, user: Snowflake) -> Result<String, Refusal> {
        let user = self.users.get_mut(&user).ok_or(Refusal::UnknownUser)?;
        let token = user.access_token.get_or_insert_with(|| token::letters(30));
        Ok(token.clone())
    }

    /// Changes the bot's own user. All sessions are told, and all guilds.
    pub(crate) fn edit_bot(
        &mut self,
        name: Option<String>,
        avatar: Change<String>,
        banner: Change<String>,
    ) {
        let bot = self.bot;
        let Some(user) = self.users.get_mut(&bot) else {
            return;
        };
        user.name = name.unwrap_or_else(|| mem::take(&mut user.name));
        avatar.apply(&mut user.avatar);
        banner.apply(&mut user.banner);
        let json = user.own_json();
        self.push("USER_UPDATE", None, json);
        let guilds: Vec<_> = self.joined_guilds().map(|guild| guild.id).collect();
        for guild in guilds {
            let member = self.member(guild, bot).unwrap_or_default();
            self.tell_guild(guild, "GUILD_MEMBER_UPDATE", member);
        }
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
