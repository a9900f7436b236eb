//! Events as a shard receives them: those of `events.jsonl` with random users, channels, words and times,
//! from a generator with a fixed seed, so that every run has the same events.

use fastrand::Rng;
use serde_json::{Value, json};

const EVENTS: &str = include_str!("events.jsonl");
/// Frequency of these events, in a thousand. The others share the rest.
const FREQUENCY: [(&str, u32); 6] = [
    ("PRESENCE_UPDATE", 350),
    ("MESSAGE_CREATE", 250),
    ("TYPING_START", 150),
    ("MESSAGE_REACTION_ADD", 80),
    ("VOICE_STATE_UPDATE", 60),
    ("GUILD_MEMBER_UPDATE", 50),
];
const MEMBERS: usize = 3_000;
const CHANNELS: usize = 200;

pub(crate) struct Payloads {
    random: Rng,
    templates: Vec<(String, Value)>,
    people: Vec<[String; 3]>,
    words: Vec<String>,
    s: u64,
}

impl Payloads {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let templates = EVENTS.lines().map(|line| {
            let event: Value = serde_json::from_str(line).expect("json");
            (text(&event["t"]), event["d"].clone())
        });
        let people = (0..MEMBERS).map(|_| {
            let hash = format!("{:032x}", random.u128(..));
            [id(&mut random), word(&mut random), hash]
        });
        let people = people.collect();
        let words = (0..3_000).map(|_| word(&mut random)).collect();
        Self {
            templates: templates.collect(),
            people,
            words,
            random,
            s: 1,
        }
    }

    /// A random event.
    pub(crate) fn event(&mut self) -> String {
        let mut draw = self.random.u32(..1_000);
        let often = FREQUENCY.iter().find(|(_, often)| {
            let drawn = draw < *often;
            draw = draw.wrapping_sub(if drawn { 0 } else { *often });
            drawn
        });
        let of_kind: Vec<_> = self
            .templates
            .iter()
            .filter(|(t, _)| match often {
                Some((name, _)) => t == name,
                None => t != "GUILD_CREATE" && FREQUENCY.iter().all(|(name, _)| t != name),
            })
            .collect();
        let (t, mut d) = of_kind[self.random.usize(..of_kind.len())].clone();
        self.vary("", &mut d);
        self.payload(&t, &d)
    }

    /// A `GUILD_CREATE` of some MiB, as it follows READY.
    pub(crate) fn guild(&mut self) -> String {
        let is_guild = |(t, _): &&(String, Value)| t == "GUILD_CREATE";
        let (t, mut d) = self.templates.iter().find(is_guild).expect("one").clone();
        for (list, length) in [
            ("members", MEMBERS),
            ("presences", MEMBERS / 3),
            ("channels", CHANNELS),
            ("roles", 100),
            ("emojis", 200),
        ] {
            let few = d[list].as_array().expect("a list").clone();
            d[list] = few.into_iter().cycle().take(length).collect();
        }
        d["member_count"] = json!(MEMBERS);
        self.vary("", &mut d);
        self.payload(&t, &d)
    }

    fn payload(&mut self, t: &str, d: &Value) -> String {
        self.s += 1;
        format!(r#"{{"t":"{t}","s":{},"op":0,"d":{d}}}"#, self.s)
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
            Value::String(text) => *text = self.string(key, text),
            _ => {}
        }
    }

    fn string(&mut self, key: &str, text: &str) -> String {
        let is_id = text.len() >= 17 && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_hash = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_time = text.ends_with("+00:00");
        match key {
            "id" | "nonce" | "last_message_id" if is_id => id(&mut self.random),
            "guild_id" | "application_id" => text.to_owned(),
            _ if is_id => self.person()[0].clone(),
            _ if is_hash => self.person()[2].clone(),
            _ if is_time => format!(
                "2026-0{}-1{}T0{}:{}:12.{:06}+00:00",
                self.random.u32(1..10),
                self.random.u32(..10),
                self.random.u32(..10),
                self.random.u32(10..60),
                self.random.u32(..1_000_000)
            ),
            "username" | "global_name" | "nick" => self.person()[1].clone(),
            "content" | "topic" | "state" | "details" | "description" => self.sentence(),
            _ => text.to_owned(),
        }
    }

    /// A user; some are much more frequent than others.
    fn person(&mut self) -> &[String; 3] {
        let nth = small(&mut self.random, self.people.len());
        &self.people[nth]
    }

    fn sentence(&mut self) -> String {
        let length = self.random.usize(2..20);
        let words = (0..length).map(|_| {
            let nth = small(&mut self.random, self.words.len());
            self.words[nth].as_str()
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn id(random: &mut Rng) -> String {
    random
        .u64(200_000_000_000_000_000..1_400_000_000_000_000_000)
        .to_string()
}

fn word(random: &mut Rng) -> String {
    (0..random.usize(2..9))
        .map(|_| random.lowercase())
        .collect()
}

/// A number below `end`, usually a small one.
fn small(random: &mut Rng, end: usize) -> usize {
    let mut below = |end: usize| random.usize(..end.max(1));
    let bound = below(end) + 1;
    let bound = below(bound) + 1;
    below(bound)
}
