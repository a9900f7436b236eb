//! Report of what happened so far, for the message of a failing test.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use serde_json::Value;

use crate::hub::Hub;

/// How many messages and requests are shown.
const MAX_SHOWN: usize = 20;

/// The conversation in all channels, the requests that were refused, and the log of the bot, newest last.
pub(crate) fn report(hub: &Hub) -> String {
    hub.was_reported.store(true, Ordering::Relaxed);
    let log = hub.log.lines();
    hub.look(|state| {
        let mut report = String::from("the conversation:\n");
        let messages = state.world.all_messages();
        for message in newest(&messages) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let author = text(&message["author"]["username"]);
            let _ = writeln!(report, "    {author}: {}", text(&message["content"]));
        }
        if messages.is_empty() {
            report.push_str("    nobody wrote anything\n");
        }
        let refused: Vec<_> = state
            .requests
            .iter()
            .filter(|request| request.status >= 400)
            .collect();
        if !refused.is_empty() {
            report.push_str("requests that were refused:\n");
        }
        for request in newest(&refused) {
            let (method, path, status) = (&request.method, &request.path, request.status);
            let _ = writeln!(report, "    {status} for {method} {path}");
        }
        if !log.is_empty() {
            report.push_str("the log of the bot:\n");
        }
        for line in newest(&log) {
            let _ = writeln!(report, "    {line}");
        }
        report
    })
}

fn newest<T>(all: &[T]) -> &[T] {
    &all[all.len().saturating_sub(MAX_SHOWN)..]
}
