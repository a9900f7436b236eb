//! What to do after each close code of Discord.

use std::time::Duration;

/// What to do after Discord closed the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseAction {
    /// Resume the session.
    Resume,
    /// Resume the session after this pause.
    ResumeAfter(Duration),
    /// The session is gone: start a new one.
    NewSession,
    /// Connecting again is useless until the configuration changes.
    Stop,
}

/// Follows Discord's documentation first, and other clients second. When in doubt, resume: a refused
/// RESUME costs a round trip, a needless IDENTIFY costs events and one of the day's session starts.
///
/// See [Discord Docs/Gateway Close Event Codes](https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes).
pub(crate) fn action(code: Option<u16>) -> CloseAction {
    match code {
        Some(4004 | 4010..=4014) => CloseAction::Stop,
        // Discord lists 4003 and 4009 as reconnectable, but describes the session as invalid or
        // timed out. 4006 is no longer documented and meant the same.
        Some(4003 | 4006 | 4007 | 4009) => CloseAction::NewSession,
        Some(4008) => CloseAction::ResumeAfter(Duration::from_secs(5)),
        _ => CloseAction::Resume,
    }
}

/// What happened and what to do about it, for the codes that end a bot. `subject` is the shard or the
/// intents that the code is about.
pub(crate) fn explanation(code: u16, subject: &str) -> String {
    match code {
        4004 => "closed with 4004 (authentication failed): Discord does not accept this token; create a new one in the developer portal (Bot, Reset Token)".to_owned(),
        4010 => format!("closed with 4010 (invalid shard): Discord does not accept {subject}; the id must be lower than the count, and very large bots need a multiple of the count that Discord assigned; see `shard`"),
        4011 => "closed with 4011 (sharding required): the bot is in more than 2,500 guilds for this shard; run more shards with `shard = (id, count)`".to_owned(),
        4012 => "closed with 4012 (invalid API version): the version is part of `base_url`; use the default".to_owned(),
        4013 => format!("closed with 4013 (invalid intents): Discord does not know all bits of {subject}"),
        4014 => format!("closed with 4014 (disallowed intents): not all of the requested intents ({subject}) are enabled for this bot; enable the privileged ones at https://discord.com/developers/applications (your application, Bot, Privileged Gateway Intents), remove them from `intents`, or use `intents = Intents::for_handlers()`"),
        _ => format!("closed with {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_has_an_action() {
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
    fn the_actions_match_the_data_file() {
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
