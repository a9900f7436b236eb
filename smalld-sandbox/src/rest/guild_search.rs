//! The endpoint that searches the messages of a guild.

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::query;
use super::reply::Answer;
use crate::world::permission::READ_MESSAGE_HISTORY;
use crate::world::snowflake::Snowflake;

const MAX_OFFSET: u64 = 9975;

/// Simulated are the filters by content, author, channel, id and pin. Others are ignored.
pub(crate) fn search(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(READ_MESSAGE_HISTORY)?;
    let limit = query::limit(&call.query, 25, 25)?;
    let pairs: Vec<_> = query::pairs(&call.query).collect();
    let values = |key: &str| -> Vec<String> {
        let named = pairs.iter().filter(|(name, _)| name == key);
        named.map(|(_, value)| value.clone()).collect()
    };
    let offset = values("offset").first().map_or(Ok(0), |offset| {
        let offset = offset.parse().ok().filter(|offset| *offset <= MAX_OFFSET);
        let message = "Value is not an offset from 0 to 9975.";
        offset.ok_or_else(|| Error::of_field(&["offset"], "NUMBER_TYPE_MAX", message))
    })?;
    let content = values("content").join(" ").to_lowercase();
    let (authors, channels) = (values("author_id"), values("channel_id"));
    let (min, max) = (
        query::id_in(&call.query, "min_id")?,
        query::id_in(&call.query, "max_id")?,
    );
    let is_one_of = |wanted: &[String], value: &Value| {
        wanted.is_empty() || wanted.iter().any(|wanted| *value == **wanted)
    };
    let fits = |message: &Value| {
        let id = message["id"].as_str().and_then(Snowflake::parse);
        let text = message["content"].as_str().unwrap_or_default();
        text.to_lowercase().contains(&content)
            && is_one_of(&authors, &message["author"]["id"])
            && is_one_of(&channels, &message["channel_id"])
            && min.is_none_or(|min| id > Some(min))
            && max.is_none_or(|max| id < Some(max))
    };
    let mut found: Vec<_> = call.world.all_messages();
    found.retain(|message| message["guild_id"] == json!(guild) && is_visible(call, message));
    found.retain(|message| fits(message));
    let total = found.len();
    let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
    let newest_first = found.into_iter().rev().skip(skipped).take(limit);
    // Each result is a list of one.
    let messages = newest_first.map(|mut message| {
        if let Some(fields) = message.as_object_mut() {
            fields.remove("guild_id");
            fields.remove("member");
        }
        message["hit"] = json!(true);
        json!([message])
    });
    Ok(Answer::Json(json!({
        "doing_deep_historical_index": false,
        "total_results": total,
        "messages": messages.collect::<Value>(),
    })))
}

/// Whether the bot can read the channel, and the message is not for one user only.
fn is_visible(call: &Call<'_>, message: &Value) -> bool {
    let id = |key: &str| message[key].as_str().and_then(Snowflake::parse);
    let (Some(channel), Some(id)) = (id("channel_id"), id("id")) else {
        return false;
    };
    call.require_in(channel, READ_MESSAGE_HISTORY).is_ok()
        && call.world.message(channel, id).is_ok()
}
