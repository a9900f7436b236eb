//! Report of what happened so far, for the message of a failing test.

use std::fmt::Write;

use serde_json::Value;

use crate::hub::Hub;

/// How many messages and requests are shown.
const MAX_SHOWN: usize = 20;

/// The conversation in all channels, and the requests that were refused, newest last.
pub(crate) fn report(hub: &Hub) -> String {
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
        report
    })
}

fn newest<T>(all: &[T]) -> &[T] {
    &all[all.len().saturating_sub(MAX_SHOWN)..]
}
