//! Auto moderation: the rules of guilds, and what they do with messages of members.
//!
//! Keywords and mentions are enforced. Patterns, Discord's own word lists and its detection of spam are
//! stored and have no effect.

use serde_json::{Map, Value, json};

use super::World;
use super::member::{MemberEdit, Timeout};
use super::message::Draft;
use super::permission::{ADMINISTRATOR, MANAGE_GUILD};
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// Discord's types of triggers.
pub(crate) const KEYWORD: u64 = 1;
const MENTION_SPAM: u64 = 5;
/// Discord's types of actions.
const BLOCK: u64 = 1;
const ALERT: u64 = 2;
const TIMEOUT: u64 = 3;
/// The type of the message that reports to moderators.
const ALERT_MESSAGE: u64 = 24;

/// What was found in a message.
struct Found {
    rule: Value,
    keyword: Option<String>,
    content: Option<String>,
}

impl World {
    pub(crate) fn rule(&self, guild: Snowflake, id: Snowflake) -> Option<&Value> {
        self.guilds.get(&guild)?.rules.get(id)
    }

    /// How many rules with this trigger a guild has, and may have.
    pub(crate) fn rules_of_type(&self, guild: Snowflake, trigger: u64) -> (usize, usize) {
        let rules = self.guilds.get(&guild).into_iter();
        let rules = rules.flat_map(|guild| guild.rules.iter());
        let count = rules.filter(|rule| rule["trigger_type"] == trigger).count();
        (count, if trigger == KEYWORD { 6 } else { 1 })
    }

    pub(crate) fn add_rule(
        &mut self,
        guild: Snowflake,
        fields: Map<String, Value>,
        now: u64,
    ) -> Result<Value, Refusal> {
        let mut json = json!({
            "guild_id": guild,
            "creator_id": self.bot,
            "enabled": false,
            "exempt_roles": [],
            "exempt_channels": [],
            "trigger_metadata": {},
        });
        for (key, value) in fields {
            json[key] = value;
        }
        let id = self.ids.next(now);
        let json = self.guild_mut(guild)?.rules.insert(id, json);
        self.tell_guild(guild, "AUTO_MODERATION_RULE_CREATE", json.clone());
        Ok(json)
    }

    /// Returns the rule as it was, and as it is.
    pub(crate) fn edit_rule(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
        fields: Map<String, Value>,
    ) -> Option<(Value, Value)> {
        let (before, after) = self.guilds.get_mut(&guild)?.rules.edit(id, fields)?;
        self.tell_guild(guild, "AUTO_MODERATION_RULE_UPDATE", after.clone());
        Some((before, after))
    }

    pub(crate) fn delete_rule(&mut self, guild: Snowflake, id: Snowflake) -> Option<Value> {
        let rule = self.guilds.get_mut(&guild)?.rules.remove(id)?;
        self.tell_guild(guild, "AUTO_MODERATION_RULE_DELETE", rule.clone());
        Some(rule)
    }

    /// Posts a message of a person, unless a rule blocks it. The id of a blocked message belongs to no
    /// message.
    pub(crate) fn post_moderated(
        &mut self,
        channel: Snowflake,
        author: Snowflake,
        draft: Draft,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        let Some(guild) = self.guild_of(channel) else {
            return self.post(channel, author, draft, now);
        };
        let found = self.find_violations(guild, channel, author, &draft.content, now);
        let is_action = |found: &Found, kind: u64| actions(&found.rule).any(|a| a["type"] == kind);
        let is_blocked = found.iter().any(|found| is_action(found, BLOCK));
        let content = draft.content.clone();
        let message = if is_blocked {
            self.ids.next(now)
        } else {
            self.post(channel, author, draft, now)?
        };
        for found in &found {
            for action in actions(&found.rule) {
                let alert = self.act(guild, channel, author, (action, &content), now);
                let mut event = json!({
                    "action": action,
                    "rule_id": found.rule["id"],
                    "rule_trigger_type": found.rule["trigger_type"],
                    "user_id": author,
                    "channel_id": channel,
                    "content": content,
                    "matched_keyword": found.keyword,
                    "matched_content": found.content,
                });
                if !is_blocked {
                    event["message_id"] = json!(message);
                }
                if let Some(alert) = alert {
                    event["alert_system_message_id"] = json!(alert);
                }
                self.tell_guild(guild, "AUTO_MODERATION_ACTION_EXECUTION", event);
            }
        }
        Ok(message)
    }

    /// Does what an action says. Returns the id of the message to moderators.
    fn act(
        &mut self,
        guild: Snowflake,
        channel: Snowflake,
        author: Snowflake,
        (action, content): (&Value, &str),
        now: u64,
    ) -> Option<Snowflake> {
        let metadata = &action["metadata"];
        match action["type"].as_u64() {
            Some(ALERT) => {
                let to = metadata["channel_id"].as_str().and_then(Snowflake::parse)?;
                let fields = json!([{ "name": "channel_id", "value": channel, "inline": false }]);
                let embed = json!({
                    "type": "auto_moderation_message", "description": content, "fields": fields,
                });
                let draft = Draft {
                    kind: ALERT_MESSAGE,
                    embeds: vec![embed],
                    ..Draft::default()
                };
                self.post(to, author, draft, now).ok()
            }
            Some(TIMEOUT) => {
                let seconds = metadata["duration_seconds"].as_u64().unwrap_or(60);
                let edit = MemberEdit {
                    timeout: super::member::Change::Set(Timeout {
                        ends: now.saturating_add(seconds * 1000),
                    }),
                    ..MemberEdit::default()
                };
                // The author was a member a moment ago.
                let _ = self.edit_member(guild, author, edit);
                None
            }
            _ => None,
        }
    }

    /// The enabled rules that a message breaks. Bots and those who manage the guild are exempt.
    fn find_violations(
        &self,
        guild: Snowflake,
        channel: Snowflake,
        author: Snowflake,
        content: &str,
        now: u64,
    ) -> Vec<Found> {
        let permissions = self.permissions(guild, author, now);
        let is_exempt = permissions & (ADMINISTRATOR | MANAGE_GUILD) != 0
            || self.user(author).is_ok_and(|user| user.bot);
        let Some(of_guild) = self.guilds.get(&guild).filter(|_| !is_exempt) else {
            return Vec::new();
        };
        let roles = of_guild
            .members
            .get(&author)
            .map(|member| &member.roles[..]);
        let applies = |rule: &&Value| {
            let mut roles = roles.into_iter().flatten();
            let by_role = roles.any(|role| has(&rule["exempt_roles"], *role));
            rule["enabled"] == true && !by_role && !has(&rule["exempt_channels"], channel)
        };
        let in_force = of_guild.rules.iter().filter(applies);
        in_force
            .filter_map(|rule| violation(rule, content))
            .collect()
    }
}

fn actions(rule: &Value) -> impl Iterator<Item = &Value> {
    rule["actions"].as_array().into_iter().flatten()
}

fn has(ids: &Value, id: Snowflake) -> bool {
    let mut ids = ids.as_array().into_iter().flatten();
    ids.any(|known| *known == json!(id))
}

fn violation(rule: &Value, content: &str) -> Option<Found> {
    let metadata = &rule["trigger_metadata"];
    match rule["trigger_type"].as_u64()? {
        KEYWORD => {
            let words = |key: &str| {
                let words = metadata[key].as_array().into_iter().flatten();
                words.filter_map(|word| word.as_str().map(ToOwned::to_owned))
            };
            let content = content.to_lowercase();
            let allowed: Vec<_> = words("allow_list").collect();
            let mut keywords = words("keyword_filter");
            let (keyword, matched) = keywords.find_map(|keyword| {
                let found = matches(&content, &keyword.to_lowercase());
                let is_allowed = |matched: &String| {
                    let mut allowed = allowed.iter();
                    allowed.any(|word| !matches(matched, &word.to_lowercase()).is_empty())
                };
                let matched = found.into_iter().find(|matched| !is_allowed(matched))?;
                Some((keyword, matched))
            })?;
            Some(Found {
                rule: rule.clone(),
                keyword: Some(keyword),
                content: Some(matched),
            })
        }
        MENTION_SPAM => {
            let limit = metadata["mention_total_limit"].as_u64().unwrap_or(20);
            let count = super::mention::users(content).len() as u64;
            (count > limit).then(|| Found {
                rule: rule.clone(),
                keyword: None,
                content: None,
            })
        }
        _ => None,
    }
}

/// What a keyword matches: whole words, or with `*` at an end any words that go on there.
fn matches(content: &str, keyword: &str) -> Vec<String> {
    let bare = keyword.trim_matches('*');
    let (starts_open, ends_open) = (keyword.starts_with('*'), keyword.ends_with('*'));
    if bare.is_empty() {
        return Vec::new();
    }
    let places = content.match_indices(bare);
    let words = places.filter_map(|(start, matched)| {
        let (before, after) = (&content[..start], &content[start + matched.len()..]);
        let head = before
            .chars()
            .rev()
            .take_while(|letter| letter.is_alphanumeric());
        let tail = after.chars().take_while(|letter| letter.is_alphanumeric());
        let head: Vec<char> = head.collect();
        let tail: String = tail.collect();
        let is_whole = (starts_open || head.is_empty()) && (ends_open || tail.is_empty());
        is_whole.then(|| head.into_iter().rev().collect::<String>() + matched + &tail)
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_a_whole_word_unless_stars_open_it() {
        assert_eq!(matches("a cat sat", "cat"), ["cat"]);
        for (content, keyword) in [("cats", "cat"), ("bobcat", "cat"), ("cats", "*cat")] {
            assert!(matches(content, keyword).is_empty(), "{content} {keyword}");
        }
        for (content, keyword) in [("cats", "cat*"), ("bobcat", "*cat"), ("bobcats", "*cat*")] {
            assert_eq!(matches(content, keyword), [content], "{keyword}");
        }
        assert!(matches("anything", "**").is_empty());
    }
}
