//! Sessions: which dispatches each one receives, what was sent, and what a resume replays. Pure:
//! connections are numbers here, and the time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connections::ConnectionId;
use super::target::Target;
use crate::world::Event;
use crate::world::intents;
use crate::world::snowflake::Snowflake;

/// How many dispatches a session remembers for a resume. A bot that missed more must identify.
const MAX_REMEMBERED: usize = 10_000;
/// How many bytes of them.
const MAX_BYTES: usize = 32 << 20;
/// How long a session outlives its connection.
const SESSION_LIFETIME: Duration = Duration::from_secs(180);
/// Maximum number of sessions. With more, the one that has been without a connection for longest is
/// removed.
const MAX_SESSIONS: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: Vec<Session>,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) intents: u64,
    pub(crate) shard: Option<(u64, u64)>,
    seq: u64,
    sent: VecDeque<(u64, Utf8Bytes)>,
    sent_bytes: usize,
    connection: Option<ConnectionId>,
    left: Option<Instant>,
}

/// A text for a connection.
pub(crate) type Delivery = (ConnectionId, Utf8Bytes);

/// The result of a RESUME.
#[derive(Debug)]
pub(crate) enum Resumption {
    /// Send these, in order. The connection that had the session before has lost it.
    Resumed {
        missed: Vec<Utf8Bytes>,
        before: Option<ConnectionId>,
    },
    UnknownSession,
    /// The bot claims a sequence number that was never sent.
    InvalidSeq,
}

impl Sessions {
    pub(crate) fn begin(
        &mut self,
        connection: ConnectionId,
        intents: u64,
        shard: Option<(u64, u64)>,
        now: Instant,
    ) -> &mut Session {
        self.expire(now);
        self.make_room();
        self.all.push(Session {
            id: (0..32).map(|_| fastrand::digit(16)).collect(),
            intents,
            shard,
            seq: 0,
            sent: VecDeque::new(),
            sent_bytes: 0,
            connection: Some(connection),
            left: None,
        });
        let newest = self.all.len() - 1;
        &mut self.all[newest]
    }

    pub(crate) fn resume(
        &mut self,
        connection: ConnectionId,
        session_id: &str,
        seq: u64,
        now: Instant,
    ) -> Resumption {
        self.expire(now);
        let Some(place) = self.all.iter().position(|session| session.id == session_id) else {
            return Resumption::UnknownSession;
        };
        let session = &mut self.all[place];
        if seq > session.seq {
            self.all.remove(place);
            return Resumption::InvalidSeq;
        }
        let Some(missed) = session.since(seq) else {
            self.all.remove(place);
            return Resumption::UnknownSession;
        };
        session.left = None;
        let before = session.connection.replace(connection);
        Resumption::Resumed { missed, before }
    }

    /// Records that a connection is gone: its session waits for a resume, or ends.
    pub(crate) fn leave(&mut self, connection: ConnectionId, keep: bool, now: Instant) {
        if !keep {
            self.forget_that_of(connection);
        }
        if let Some(session) = self.of(connection) {
            session.connection = None;
            session.left = Some(now);
        }
    }

    /// Whether this guild belongs to the shard of any session.
    pub(crate) fn see(&self, guild: Snowflake) -> bool {
        self.all.iter().any(|session| session.sees(Some(guild)))
    }

    pub(crate) fn forget(&mut self, target: Target) {
        self.all
            .retain(|session| !target.includes(Some(session.shard_id())));
    }

    pub(crate) fn forget_that_of(&mut self, connection: ConnectionId) {
        self.all
            .retain(|session| session.connection != Some(connection));
    }

    /// The sequence number of the newest dispatch to the newest session of this shard.
    pub(crate) fn last_seq(&self, shard: u64) -> Option<u64> {
        let mut newest_first = self.all.iter().rev();
        let session = newest_first.find(|session| session.shard_id() == shard)?;
        Some(session.seq)
    }

    pub(crate) fn of(&mut self, connection: ConnectionId) -> Option<&mut Session> {
        self.all
            .iter_mut()
            .find(|session| session.connection == Some(connection))
    }

    /// Numbers an event for every session that wants it, and returns the connections it goes to.
    pub(crate) fn publish(&mut self, event: &Event, bot_id: &str, now: Instant) -> Vec<Delivery> {
        self.expire(now);
        let withheld = intents::withheld(event.name, &event.data, bot_id);
        let withheld = withheld.map(|(intent, data)| (intent, data.to_string()));
        let whole = event.data.to_string();
        let mut deliveries = Vec::new();
        for session in self.all.iter_mut().filter(|session| session.wants(event)) {
            let lacks = |(intent, _): &&(u64, String)| session.intents & intent == 0;
            let withheld = withheld.as_ref().filter(lacks);
            let d = withheld.map_or(&whole, |(_, data)| data);
            deliveries.extend(session.dispatch(event.name, d));
        }
        deliveries
    }

    /// Numbers an event for these sessions, whatever their intents.
    pub(crate) fn publish_to(
        &mut self,
        target: Target,
        name: &str,
        d: &Value,
        now: Instant,
    ) -> Vec<Delivery> {
        self.expire(now);
        let d = d.to_string();
        self.all
            .iter_mut()
            .filter(|session| target.includes(Some(session.shard_id())))
            .filter_map(|session| session.dispatch(name, &d))
            .collect()
    }

    fn expire(&mut self, now: Instant) {
        self.all.retain(|session| {
            session
                .left
                .is_none_or(|left| now - left < SESSION_LIFETIME)
        });
    }

    fn make_room(&mut self) {
        if self.all.len() < MAX_SESSIONS {
            return;
        }
        let left = |session: &Session| (session.left.is_none(), session.left);
        let oldest = self
            .all
            .iter()
            .enumerate()
            .min_by_key(|(_, session)| left(session));
        if let Some((place, _)) = oldest {
            self.all.remove(place);
        }
    }
}

impl Session {
    /// Numbers and remembers one dispatch; returned if there is a connection for it.
    pub(crate) fn dispatch(&mut self, name: &str, d: &str) -> Option<Delivery> {
        self.seq += 1;
        let (name, seq) = (json!(name), self.seq);
        let text = Utf8Bytes::from(format!(r#"{{"t":{name},"s":{seq},"op":0,"d":{d}}}"#));
        self.remember(text.clone());
        self.connection.map(|connection| (connection, text))
    }

    fn remember(&mut self, text: Utf8Bytes) {
        self.sent_bytes += text.len();
        self.sent.push_back((self.seq, text));
        while self.sent.len() > MAX_REMEMBERED || self.sent_bytes > MAX_BYTES {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        self.sent_bytes -= self.sent.pop_front().map_or(0, |(_, text)| text.len());
    }

    pub(crate) fn shard_id(&self) -> u64 {
        self.shard.map_or(0, |(id, _)| id)
    }

    /// Removes all dispatches up to this number.
    pub(crate) fn acknowledge(&mut self, seq: u64) {
        while self.sent.front().is_some_and(|(number, _)| *number <= seq) {
            self.forget_oldest();
        }
    }

    /// All dispatches after this number, or none if some of them were removed.
    fn since(&self, seq: u64) -> Option<Vec<Utf8Bytes>> {
        let oldest = self.sent.front().map_or(self.seq + 1, |(seq, _)| *seq);
        let missed = self.sent.iter().filter(|(number, _)| *number > seq);
        (seq + 1 >= oldest).then(|| missed.map(|(_, text)| text.clone()).collect())
    }

    fn wants(&self, event: &Event) -> bool {
        let is_wanted = match event.intents {
            Some(needed) => self.intents & needed != 0,
            None => intents::want(self.intents, event.name, event.guild.is_some()),
        };
        let is_seen = event.name == "USER_UPDATE" || self.sees(event.guild);
        is_wanted && is_seen
    }

    /// A guild belongs to one shard, direct messages to shard 0.
    fn sees(&self, guild: Option<Snowflake>) -> bool {
        let (shard, count) = self.shard.unwrap_or((0, 1));
        guild.map_or(0, |guild| guild.shard(count)) == shard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: ConnectionId = ConnectionId(1);
    const SECOND: ConnectionId = ConnectionId(2);

    fn message(in_guild: bool) -> Event {
        let guild = in_guild.then(|| Snowflake::parse("4194304").expect("an id"));
        let data = json!({
            "guild_id": guild, "content": "hi", "author": { "id": "5" }, "mentions": [],
        });
        Event {
            name: "MESSAGE_CREATE",
            data,
            guild,
            intents: None,
            is_dispatched: true,
        }
    }

    fn numbers(texts: &[Utf8Bytes]) -> Vec<u64> {
        let number =
            |text: &Utf8Bytes| serde_json::from_str::<Value>(text).expect("json")["s"].as_u64();
        texts.iter().filter_map(number).collect()
    }

    fn missed(sessions: &mut Sessions, id: &str, seq: u64, now: Instant) -> Option<Vec<u64>> {
        match sessions.resume(SECOND, id, seq, now) {
            Resumption::Resumed { missed, .. } => Some(numbers(&missed)),
            _ => None,
        }
    }

    #[test]
    fn a_resume_replays_later_dispatches() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let id = sessions.begin(FIRST, intents::ALL, None, now).id.clone();
        assert_eq!(sessions.publish(&message(true), "9", now).len(), 1);
        sessions.leave(FIRST, true, now);
        assert!(sessions.publish(&message(true), "9", now).is_empty());
        sessions.publish(&message(false), "9", now);
        assert_eq!(missed(&mut sessions, &id, 1, now), Some(vec![2, 3]));
        assert_eq!(missed(&mut sessions, &id, 3, now), Some(vec![]));
    }

    #[test]
    fn a_session_without_a_connection_expires() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let id = sessions.begin(FIRST, 0, None, now).id.clone();
        sessions.leave(FIRST, true, now);
        let in_time = now + SESSION_LIFETIME - Duration::from_millis(1);
        assert!(missed(&mut sessions, &id, 0, in_time).is_some());
        sessions.leave(SECOND, true, in_time);
        assert!(missed(&mut sessions, &id, 0, in_time + SESSION_LIFETIME).is_none());
    }

    #[test]
    fn a_session_that_missed_too_much_cannot_be_resumed() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let id = sessions.begin(FIRST, 0, None, now).id.clone();
        for _ in 0..=MAX_REMEMBERED {
            sessions.publish_to(Target::All, "ANY", &Value::Null, now);
        }
        assert_eq!(
            missed(&mut sessions, &id, 1, now).map(|m| m.len()),
            Some(MAX_REMEMBERED)
        );
        assert!(missed(&mut sessions, &id, 0, now).is_none());
    }

    #[test]
    fn a_sequence_number_from_the_future_ends_the_session() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let id = sessions.begin(FIRST, 0, None, now).id.clone();
        assert!(matches!(
            sessions.resume(SECOND, &id, 1, now),
            Resumption::InvalidSeq
        ));
        assert!(matches!(
            sessions.resume(SECOND, &id, 0, now),
            Resumption::UnknownSession
        ));
    }

    #[test]
    fn a_resume_takes_the_session_from_the_connection_before() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let id = sessions.begin(FIRST, intents::ALL, None, now).id.clone();
        let Resumption::Resumed { before, .. } = sessions.resume(SECOND, &id, 0, now) else {
            panic!("not resumed")
        };
        assert_eq!(before, Some(FIRST));
        sessions.leave(FIRST, false, now);
        assert_eq!(sessions.publish(&message(true), "9", now)[0].0, SECOND);
    }

    #[test]
    fn a_shard_gets_its_guilds_and_shard_0_direct_messages() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        sessions.begin(FIRST, intents::ALL, Some((0, 2)), now);
        sessions.begin(SECOND, intents::ALL, Some((1, 2)), now);
        let to = |deliveries: Vec<Delivery>| {
            deliveries.into_iter().map(|(to, _)| to).collect::<Vec<_>>()
        };
        assert_eq!(to(sessions.publish(&message(true), "9", now)), [SECOND]);
        assert_eq!(to(sessions.publish(&message(false), "9", now)), [FIRST]);
    }

    #[test]
    fn content_goes_only_to_sessions_that_may_read_it() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        sessions.begin(FIRST, intents::ALL, None, now);
        sessions.begin(SECOND, intents::ALL & !intents::MESSAGE_CONTENT, None, now);
        let texts = sessions.publish(&message(true), "9", now);
        assert!(texts[0].1.contains(r#""content":"hi""#));
        assert!(texts[1].1.contains(r#""content":"""#));
    }

    #[test]
    fn the_oldest_session_without_a_connection_is_removed() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let kept = sessions.begin(FIRST, 0, None, now).id.clone();
        for nth in 0..MAX_SESSIONS as u64 {
            let connection = ConnectionId(10 + nth);
            sessions.begin(connection, 0, None, now);
            sessions.leave(connection, true, now);
        }
        assert_eq!(sessions.all.len(), MAX_SESSIONS);
        assert_eq!(missed(&mut sessions, &kept, 0, now), Some(vec![]));
    }
}
