//! What a close code from Discord means for the session.

use std::time::Duration;

/// What to do after Discord closed the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseAction {
    /// The session lives on.
    Resume,
    /// It lives on, but not before this pause.
    ResumeAfter(Duration),
    /// It is gone; identify anew.
    NewSession,
    /// Nothing will help but a change of configuration.
    Stop,
}

/// Rests on Discord's text first and on what clients do second. In doubt it resumes: a refused
/// resume costs a round trip, a needless identify costs events and one of a day's session starts.
///
/// See [Discord Docs/Gateway Close Event Codes](https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes).
pub(crate) fn action(code: Option<u16>) -> CloseAction {
    match code {
        Some(4004 | 4010..=4014) => CloseAction::Stop,
        // 4003 and 4009 are listed as reconnectable with the words that the session is invalid or
        // timed out; 4006 is no longer documented and meant the same.
        Some(4003 | 4006 | 4007 | 4009) => CloseAction::NewSession,
        Some(4008) => CloseAction::ResumeAfter(Duration::from_secs(5)),
        _ => CloseAction::Resume,
    }
}

/// What happened and what to do about it, for the codes that end a bot. `named` is what the code is
/// about: the shard or the intents.
pub(crate) fn explanation(code: u16, named: &str) -> String {
    match code {
        4004 => "closed with 4004 (authentication failed): Discord does not know this token; copy it anew from the developer portal (Bot, Reset Token)".to_owned(),
        4010 => format!("closed with 4010 (invalid shard): Discord does not take {named}; the id must be lower than the count, and very large bots need a multiple of the count that Discord assigned; see `shard`"),
        4011 => "closed with 4011 (sharding required): the bot is in more than 2,500 guilds for this shard; run more shards with `shard = (id, count)`".to_owned(),
        4012 => "closed with 4012 (invalid API version): the version is part of `base_url`; leave it at its default".to_owned(),
        4013 => format!("closed with 4013 (invalid intents): Discord does not know all of {named}"),
        4014 => format!("closed with 4014 (disallowed intents): of the intents asked for, {named}, not all are granted to this bot; enable the privileged ones at https://discord.com/developers/applications (your application, Bot, Privileged Gateway Intents), drop them from `intents`, or use `intents = Intents::for_handlers()`"),
        _ => format!("closed with {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_has_its_verdict() {
        for code in [4000, 4001, 4002, 4005, 1000, 1001, 1006, 4099] {
            assert_eq!(action(Some(code)), CloseAction::Resume, "{code}");
        }
        for code in [4003, 4006, 4007, 4009] {
            assert_eq!(action(Some(code)), CloseAction::NewSession, "{code}");
        }
        for code in [4004, 4010, 4011, 4012, 4013, 4014] {
            assert_eq!(action(Some(code)), CloseAction::Stop, "{code}");
        }
        assert_eq!(
            action(Some(4008)),
            CloseAction::ResumeAfter(Duration::from_secs(5))
        );
        assert_eq!(action(None), CloseAction::Resume);
    }

    #[test]
    fn the_actions_are_equal_to_the_data_file() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/close_codes.csv");
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("skipped: no {file}, which is not part of the package");
            return;
        };
        for row in text.lines().skip(1) {
            let [code, meaning, expected] = row.split(',').collect::<Vec<_>>()[..] else {
                panic!("not a close code: {row}")
            };
            let code = code.parse().unwrap();
            let action = match action(Some(code)) {
                CloseAction::Resume => "resume".to_owned(),
                CloseAction::ResumeAfter(pause) => format!("resume after {} s", pause.as_secs()),
                CloseAction::NewSession => "new session".to_owned(),
                CloseAction::Stop => "stop".to_owned(),
            };
            assert_eq!(action, expected, "{code}");
            if action == "stop" {
                let explained = explanation(code, "");
                let beginning = format!("closed with {code} ({meaning}): ");
                assert!(explained.starts_with(&beginning), "{explained}");
            }
        }
    }
}
