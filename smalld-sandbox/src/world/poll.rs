//! Polls: votes, their end, and the results.

use serde_json::{Value, json};

use super::World;
use super::message::{Draft, Reference};
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp::iso8601;

/// How many hours a poll is open without a `duration`.
const USUAL_HOURS: u64 = 24;
/// The type of the message that tells the results.
const POLL_RESULT: u64 = 46;

/// A poll in a message.
#[derive(Debug)]
pub(crate) struct Poll {
    question: Value,
    /// The `poll_media` of each answer; their ids count from 1.
    answers: Vec<Value>,
    is_multiselect: bool,
    layout: u64,
    /// When it ends, in milliseconds since 1970.
    ends: u64,
    is_finalized: bool,
    /// Who voted for which answer, in this order.
    votes: Vec<(u64, Snowflake)>,
}

impl Poll {
    /// A poll as it was sent, which has been checked.
    pub(crate) fn new(sent: &Value, now: u64) -> Self {
        let answers = sent["answers"].as_array().into_iter().flatten();
        let hours = sent["duration"].as_u64().unwrap_or(USUAL_HOURS);
        Self {
            question: sent["question"].clone(),
            answers: answers.map(|answer| answer["poll_media"].clone()).collect(),
            is_multiselect: sent["allow_multiselect"] == true,
            layout: sent["layout_type"].as_u64().unwrap_or(1),
            ends: now.saturating_add(hours * 3_600_000),
            is_finalized: false,
            votes: Vec::new(),
        }
    }

    /// When it ends by itself. None if it has ended.
    pub(crate) fn expires(&self) -> Option<u64> {
        (!self.is_finalized).then_some(self.ends)
    }

    /// The poll as in messages; `viewer` is who reads it.
    pub(crate) fn json(&self, viewer: Snowflake) -> Value {
        let answers = self.answers.iter().zip(1_u64..);
        let answers = answers.map(|(media, id)| json!({ "answer_id": id, "poll_media": media }));
        let counts = self.ids().filter_map(|id| {
            let voters: Vec<_> = self.voters(id).collect();
            (!voters.is_empty()).then(
                || json!({ "id": id, "count": voters.len(), "me_voted": voters.contains(&viewer) }),
            )
        });
        json!({
            "question": self.question,
            "answers": answers.collect::<Value>(),
            "expiry": iso8601(self.ends),
            "allow_multiselect": self.is_multiselect,
            "layout_type": self.layout,
            "results": {
                "is_finalized": self.is_finalized,
                "answer_counts": counts.collect::<Value>(),
            },
        })
    }

    fn ids(&self) -> impl Iterator<Item = u64> {
        1..=self.answers.len() as u64
    }

    fn voters(&self, answer: u64) -> impl Iterator<Item = Snowflake> {
        let votes = self.votes.iter().filter(move |(id, _)| *id == answer);
        votes.map(|(_, user)| *user)
    }
}

impl World {
    /// Votes for an answer. In a poll with one vote, a new one replaces the old.
    pub(crate) fn vote(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        user: Snowflake,
        answer: u64,
    ) -> Result<(), Refusal> {
        let poll = self.open_poll(channel, id)?;
        if !poll.ids().any(|known| known == answer) {
            return Err(Refusal::UnknownAnswer);
        }
        if poll.votes.contains(&(answer, user)) {
            return Ok(());
        }
        let own = poll.votes.iter().filter(|(_, voter)| *voter == user);
        let replaced: Vec<_> = own.map(|(id, _)| *id).collect();
        let is_multiselect = poll.is_multiselect;
        for old in replaced.into_iter().filter(|_| !is_multiselect) {
            self.take_vote(channel, id, user, old)?;
        }
        self.open_poll(channel, id)?.votes.push((answer, user));
        self.tell_of_vote("MESSAGE_POLL_VOTE_ADD", channel, id, user, answer);
        Ok(())
    }

    /// Takes a vote back; without one nothing happens.
    pub(crate) fn take_vote(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        user: Snowflake,
        answer: u64,
    ) -> Result<(), Refusal> {
        let votes = &mut self.open_poll(channel, id)?.votes;
        let before = votes.len();
        votes.retain(|vote| *vote != (answer, user));
        if votes.len() < before {
            self.tell_of_vote("MESSAGE_POLL_VOTE_REMOVE", channel, id, user, answer);
        }
        Ok(())
    }

    /// Who voted for an answer, smallest id first.
    pub(crate) fn voters(
        &self,
        channel: Snowflake,
        id: Snowflake,
        answer: u64,
    ) -> Result<Vec<Snowflake>, Refusal> {
        let message = self.channel(channel)?.messages.get(&id);
        let message = message.ok_or(Refusal::UnknownMessage)?;
        let poll = message.poll.as_ref().ok_or(Refusal::NotAPoll)?;
        if !poll.ids().any(|known| known == answer) {
            return Err(Refusal::UnknownAnswer);
        }
        let mut voters: Vec<_> = poll.voters(answer).collect();
        voters.sort_unstable();
        Ok(voters)
    }

    /// Ends a poll, and tells the results in the channel.
    pub(crate) fn end_poll(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let poll = self.open_poll(channel, id)?;
        poll.is_finalized = true;
        poll.ends = poll.ends.min(now);
        let author = self.message_of(channel, id)?.author;
        self.tell_of_message("MESSAGE_UPDATE", channel, id);
        let results = Draft {
            kind: POLL_RESULT,
            reference: Some(Reference::to(channel, Some(id))),
            ..Draft::default()
        };
        self.post(channel, author, results, now)?;
        Ok(())
    }

    /// Ends the polls whose time is over. Returns when the next one ends.
    pub(super) fn end_due_polls(&mut self, now: u64) -> u64 {
        let due: Vec<_> = self
            .open_polls()
            .filter(|(ends, ..)| *ends <= now)
            .collect();
        for (_, channel, id) in due {
            // An open poll was just found there.
            let _ = self.end_poll(channel, id, now);
        }
        let next = self.open_polls().map(|(ends, ..)| ends).min();
        next.unwrap_or(u64::MAX)
    }

    /// When each poll ends, and where it is.
    fn open_polls(&self) -> impl Iterator<Item = (u64, Snowflake, Snowflake)> {
        let channels = self.channels.values();
        let messages = channels.flat_map(|channel| {
            let messages = channel.messages.values();
            messages.map(move |message| (channel.id, message))
        });
        messages.filter_map(|(channel, message)| {
            let ends = message.poll.as_ref()?.expires()?;
            Some((ends, channel, message.id))
        })
    }

    fn open_poll(&mut self, channel: Snowflake, id: Snowflake) -> Result<&mut Poll, Refusal> {
        let poll = self.message_of(channel, id)?.poll.as_mut();
        let poll = poll.ok_or(Refusal::NotAPoll)?;
        if poll.is_finalized {
            return Err(Refusal::PollEnded);
        }
        Ok(poll)
    }

    fn tell_of_vote(
        &mut self,
        name: &'static str,
        channel: Snowflake,
        message: Snowflake,
        user: Snowflake,
        answer: u64,
    ) {
        let data = json!({
            "user_id": user, "channel_id": channel, "message_id": message, "answer_id": answer,
        });
        self.tell(name, channel, data);
    }
}
