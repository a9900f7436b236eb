//! Generator of events: the templates of `events.jsonl` with random users, ids, words and times.

use std::fmt;
use std::str::FromStr;

use fastrand::Rng;
use serde_json::{Value, json};

/// One template per line, with its frequency in a thousand events.
const EVENTS: &str = include_str!("events.jsonl");
const MESSAGE: &str = "MESSAGE_CREATE";
const GUILD: &str = "GUILD_CREATE";
const USERS: usize = 3_000;
const WORDS: usize = 3_000;

/// Which events [`Traffic`] generates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mix {
    /// A quarter are `MESSAGE_CREATE`; the others are presences, typing, reactions, voice, members and guild
    /// events. The average event has about 880 bytes.
    Mixed,
    /// The same without `MESSAGE_CREATE`.
    Unhandled,
    /// `MESSAGE_CREATE` only, about 1.4 kB on average.
    Messages,
}

/// The name is not that of a [`Mix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMix(());

impl fmt::Display for UnknownMix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mix is `mixed`, `unhandled` or `messages`")
    }
}

impl std::error::Error for UnknownMix {}

impl FromStr for Mix {
    type Err = UnknownMix;

    fn from_str(name: &str) -> Result<Self, UnknownMix> {
        match name {
            "mixed" => Ok(Self::Mixed),
            "unhandled" => Ok(Self::Unhandled),
            "messages" => Ok(Self::Messages),
            _ => Err(UnknownMix(())),
        }
    }
}

impl Mix {
    fn contains(self, t: &str) -> bool {
        match self {
            Self::Mixed => true,
            Self::Unhandled => t != MESSAGE,
            Self::Messages => t == MESSAGE,
        }
    }
}

/// Generator of the texts that a shard receives, from one seed.
///
/// ```
/// use smalld_sandbox::traffic::{Mix, Traffic};
///
/// let mut traffic = Traffic::new(7);
/// let message = traffic.event(Mix::Messages, 2);
/// assert!(message.starts_with(r#"{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{"#));
/// ```
#[derive(Debug)]
pub struct Traffic {
    random: Rng,
    templates: Vec<Template>,
    users: Vec<User>,
    words: Vec<String>,
}

#[derive(Debug)]
struct Template {
    weight: u64,
    t: String,
    d: Value,
}

#[derive(Debug)]
struct User {
    id: String,
    name: String,
    avatar: String,
}

impl Traffic {
    /// A generator. The same seed gives the same events.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let users = (0..USERS).map(|_| User::new(&mut random)).collect();
        let words = (0..WORDS).map(|_| word(&mut random)).collect();
        Self {
            templates: EVENTS.lines().map(Template::parse).collect(),
            users,
            words,
            random,
        }
    }

    /// The next event of a mix: a whole payload with this sequence number.
    pub fn event(&mut self, mix: Mix, s: u64) -> String {
        let template = self.draw(mix);
        let (t, mut d) = (template.t.clone(), template.d.clone());
        self.vary("", &mut d);
        payload(&t, s, &d)
    }

    /// A `GUILD_CREATE` as it follows READY, with this number of members, of which a third is online.
    pub fn guild(&mut self, members: usize, s: u64) -> String {
        let mut d = self.template_of_guild().d.clone();
        for (list, length) in [
            ("members", members),
            ("presences", members / 3),
            ("channels", members.min(200)),
            ("roles", members.min(100)),
            ("emojis", members.min(200)),
        ] {
            let few = d[list].as_array().cloned().unwrap_or_default();
            d[list] = few.into_iter().cycle().take(length).collect();
        }
        d["member_count"] = json!(members);
        self.vary("", &mut d);
        payload(GUILD, s, &d)
    }

    fn draw(&mut self, mix: Mix) -> &Template {
        let of_mix = |template: &&Template| mix.contains(&template.t);
        let templates = || self.templates.iter().filter(of_mix);
        let sum: u64 = templates().map(|template| template.weight).sum();
        let mut draw = self.random.u64(..sum);
        let drawn = templates().find(|template| {
            let is_drawn = draw < template.weight;
            draw = draw.saturating_sub(template.weight);
            is_drawn
        });
        drawn.expect("the weights add up to their sum")
    }

    fn template_of_guild(&self) -> &Template {
        let is_guild = |template: &&Template| template.t == GUILD;
        let guild = self.templates.iter().find(is_guild);
        guild.expect("`events.jsonl` has a guild")
    }

    /// Replaces users, ids, texts and times with random ones.
    fn vary(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.vary(key, value)),
            Value::Object(members) => {
                for (key, value) in members.iter_mut() {
                    self.vary(key, value);
                }
            }
            Value::Number(number) if number.as_u64().is_some_and(|n| n > 1_000_000_000) => {
                let moved = number.as_u64().unwrap_or_default() + self.random.u64(..10_000_000);
                *value = json!(moved);
            }
            Value::String(text) => {
                if let Some(varied) = self.string(key, text) {
                    *text = varied;
                }
            }
            _ => {}
        }
    }

    fn string(&mut self, key: &str, text: &str) -> Option<String> {
        let is_id = text.len() >= 17 && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_hash = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_time = text.ends_with("+00:00");
        Some(match key {
            "guild_id" | "application_id" => return None,
            "id" | "nonce" | "last_message_id" if is_id => id(&mut self.random),
            _ if is_id => self.user().id.clone(),
            _ if is_hash => self.user().avatar.clone(),
            _ if is_time => time(&mut self.random),
            "username" | "global_name" | "nick" => self.user().name.clone(),
            "content" | "topic" | "state" | "details" | "description" => self.sentence(),
            _ => return None,
        })
    }

    /// A user; some are much more frequent than others.
    fn user(&mut self) -> &User {
        let nth = mostly_small(&mut self.random, self.users.len());
        &self.users[nth]
    }

    fn sentence(&mut self) -> String {
        let length = self.random.usize(2..20);
        let words = (0..length).map(|_| {
            let nth = mostly_small(&mut self.random, self.words.len());
            self.words[nth].as_str()
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

impl Template {
    fn parse(line: &str) -> Self {
        let mut line: Value = serde_json::from_str(line).expect("`events.jsonl` is JSON");
        Self {
            weight: line["weight"].as_u64().expect("a weight"),
            t: line["t"].as_str().expect("a name").to_owned(),
            d: line["d"].take(),
        }
    }
}

impl User {
    fn new(random: &mut Rng) -> Self {
        Self {
            id: id(random),
            name: word(random),
            avatar: format!("{:032x}", random.u128(..)),
        }
    }
}

fn payload(t: &str, s: u64, d: &Value) -> String {
    let mut text = format!(r#"{{"t":"{t}","s":{s},"op":0,"d":"#);
    write(&mut text, d);
    text.push('}');
    text
}

/// Writes members in the order in which Discord sends them: from Z to A, and the guild last.
fn write(text: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            let guild = members.iter().filter(|(key, _)| *key == "guild_id");
            let others = members.iter().rev().filter(|(key, _)| *key != "guild_id");
            text.push('{');
            for (nth, (key, value)) in others.chain(guild).enumerate() {
                text.push_str(if nth == 0 { "\"" } else { ",\"" });
                text.push_str(key);
                text.push_str("\":");
                write(text, value);
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for (nth, value) in values.iter().enumerate() {
                text.push_str(if nth == 0 { "" } else { "," });
                write(text, value);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn id(random: &mut Rng) -> String {
    let id = random.u64(200_000_000_000_000_000..1_400_000_000_000_000_000);
    id.to_string()
}

fn time(random: &mut Rng) -> String {
    format!(
        "2026-0{}-1{}T0{}:{}:12.{:06}+00:00",
        random.u32(1..10),
        random.u32(..10),
        random.u32(..10),
        random.u32(10..60),
        random.u32(..1_000_000)
    )
}

fn word(random: &mut Rng) -> String {
    let letters = random.usize(2..9);
    (0..letters).map(|_| random.lowercase()).collect()
}

/// A number below `end`, usually a small one.
fn mostly_small(random: &mut Rng, end: usize) -> usize {
    let mut below = |end: usize| random.usize(..end.max(1));
    let bound = below(end) + 1;
    let bound = below(bound) + 1;
    below(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn average_length(mix: Mix) -> usize {
        let mut traffic = Traffic::new(7);
        let lengths = (0..5_000).map(|s| traffic.event(mix, s).len());
        lengths.sum::<usize>() / 5_000
    }

    #[test]
    fn events_have_the_sizes_of_discords() {
        let mixed = average_length(Mix::Mixed);
        assert!((840..920).contains(&mixed), "{mixed}");
        let messages = average_length(Mix::Messages);
        assert!((1_350..1_450).contains(&messages), "{messages}");
    }

    #[test]
    fn the_frequencies_add_up_to_a_thousand_and_a_quarter_are_messages() {
        let templates = Traffic::new(7).templates;
        let weights = |mix: Mix| -> u64 {
            let of_mix = templates
                .iter()
                .filter(|template| mix.contains(&template.t));
            of_mix.map(|template| template.weight).sum()
        };
        assert_eq!(weights(Mix::Mixed), 1_000);
        assert_eq!(weights(Mix::Messages), 250);
    }

    #[test]
    fn the_same_seed_gives_the_same_events() {
        let events = || {
            let mut traffic = Traffic::new(1);
            [traffic.event(Mix::Mixed, 1), traffic.guild(30, 2)]
        };
        assert_eq!(events(), events());
    }

    #[test]
    fn a_guild_has_the_given_number_of_members() {
        let guild = Traffic::new(7).guild(50, 3);
        let guild: Value = serde_json::from_str(&guild).unwrap();
        assert_eq!(guild["d"]["members"].as_array().map(Vec::len), Some(50));
        assert_eq!(guild["s"], 3);
    }
}
