//! Explanations of the gateway's close codes, for the author of a bot.

/// Why the sandbox closes with this code.
pub(super) fn meaning(code: u16) -> Option<&'static str> {
    Some(match code {
        4000 => "a second connection resumed its session",
        4001 => "it sent an unknown opcode",
        4002 => {
            "it sent a malformed payload; a payload is JSON with `op` and `d`, at most 4,096 bytes"
        }
        4003 => "it must identify before it sends anything but heartbeats",
        4004 => "the token it sent is not the one in `SMALLD_TOKEN`",
        4005 => "it identified twice over one connection",
        4007 => "it resumed with a sequence number that it cannot have seen",
        4008 => "it sent more than 120 payloads in 60 seconds",
        4009 => "it sent no heartbeat in time",
        4010 => "the `shard` it sent is not `[id, count]` with an id below the count",
        4012 => "its gateway URL must say `v=10`",
        4013 => "its intents have a bit that no intent has",
        4014 => "it asked for a privileged intent that its application has not been granted",
        _ => return None,
    })
}
