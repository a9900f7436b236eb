//! Layers of `smalld/src`.

use super::Rules;

pub(super) const RULES: Rules = Rules {
    folder: "smalld/src",
    tables: "smalld/tests/project/layers/smalld.rs",
    layers: &[
        ("error", &[]),
        ("constants", &[]),
        ("log", &[]),
        ("permissions", &[]),
        ("retry_after", &[]),
        ("shutdown", &[]),
        ("states", &[]),
        ("unwind", &[]),
        ("token", &["error"]),
        ("tls", &["error"]),
        ("event", &["shutdown", "unwind", "error"]),
        ("rest::limiter", &["error", "retry_after"]),
        ("rest", &["event", "error", "retry_after", "token", "tls"]),
        ("gateway::compression", &["error"]),
        ("gateway::protocol", &["event", "error", "token"]),
        ("gateway::handle", &["gateway::protocol", "event", "error"]),
        (
            "gateway::checkpoint",
            &["gateway::protocol", "event", "error", "unwind"],
        ),
        (
            "gateway::connection",
            &[
                "gateway::compression",
                "gateway::protocol",
                "gateway::handle",
                "event",
                "error",
                "retry_after",
                "token",
                "tls",
            ],
        ),
        ("gateway", &["event", "shutdown", "error", "token", "tls"]),
        (
            "bot",
            &[
                "rest", "gateway", "event", "shutdown", "states", "error", "token", "tls",
            ],
        ),
        (
            "interaction",
            &["bot", "rest", "event", "permissions", "constants", "error"],
        ),
        (
            "dispatch",
            &["interaction", "bot", "event", "states", "unwind", "error"],
        ),
        (
            "run",
            &[
                "dispatch", "bot", "rest", "gateway", "event", "shutdown", "states", "error",
                "token", "tls", "unwind",
            ],
        ),
        (
            "builder",
            &[
                "run", "dispatch", "bot", "rest", "gateway", "event", "shutdown", "states",
                "error", "log", "token", "tls",
            ],
        ),
        // The root names what users see, wherever it is. Nothing imports from it: a path leads to the file
        // that defines the item.
        ("", &[]),
    ],
    pure: &[
        "gateway::protocol",
        "gateway::checkpoint::poison",
        "gateway::checkpoint::document",
        "gateway::checkpoint::restore",
        "rest::limiter",
        "dispatch::table",
        "dispatch::filter",
        "event::envelope",
        "event::scan",
        "event::skim",
    ],
    impure_parts: &["rest::limiter::permit", "rest::limiter::wait_queue"],
    allows_circles: false,
    exceptions: &[(
        "error/response.rs",
        "error/mod.rs",
        "parent and child: `Response::json` returns `Error`, which holds responses",
    )],
};
