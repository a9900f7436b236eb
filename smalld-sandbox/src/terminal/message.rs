//! Messages for people: the text that is shown, and whether an expected text occurs in it.

use std::iter;

use serde_json::Value;

use super::escape;

/// Discord's maximum for a user without a subscription.
const MAX_MESSAGE_LENGTH: usize = 2000;

pub(super) fn is_too_long(text: &str) -> bool {
    text.chars().count() > MAX_MESSAGE_LENGTH
}

/// What is shown of a message, safe to print.
pub(super) fn shown(message: &Value) -> String {
    let content = message["content"].as_str().unwrap_or_default();
    let content = (!content.is_empty()).then(|| escape::text(content));
    let embeds = list(&message["embeds"]).map(|embed| titled("embed", embed_texts(embed).next()));
    let poll = message
        .get("poll")
        .map(|poll| titled("poll", poll["question"]["text"].as_str()));
    let attachments = list(&message["attachments"]).map(attachment);
    let components = match list(&message["components"]).count() {
        0 => None,
        1 => Some("[1 component]".to_owned()),
        several => Some(format!("[{several} components]")),
    };
    let parts = content
        .into_iter()
        .chain(embeds)
        .chain(poll)
        .chain(attachments)
        .chain(components);
    parts.collect::<Vec<_>>().join(" ")
}

/// The beginning of what is shown, on one line, as a reference to the message.
pub(super) fn excerpt(shown: &str) -> String {
    const LONGEST: usize = 40;
    let line = shown.lines().next().unwrap_or_default();
    let cut = line.chars().count() > LONGEST || shown.lines().nth(1).is_some();
    let start: String = line.chars().take(LONGEST).collect();
    if cut { start + "..." } else { start }
}

/// Whether a text occurs in the content or in a text of an embed.
pub(super) fn contains(message: &Value, text: &str) -> bool {
    let content = message["content"].as_str();
    let embeds = list(&message["embeds"]).flat_map(embed_texts);
    content
        .into_iter()
        .chain(embeds)
        .any(|words| words.contains(text))
}

fn titled(kind: &str, title: Option<&str>) -> String {
    title.map_or_else(
        || format!("[{kind}]"),
        |title| format!("[{kind}: {}]", excerpt(&escape::line(title))),
    )
}

fn attachment(attachment: &Value) -> String {
    let text = |key: &str| escape::line(attachment[key].as_str().unwrap_or_default());
    let size = with_commas(attachment["size"].as_u64().unwrap_or_default());
    format!(
        "[{}, {size} bytes, {}]",
        text("filename"),
        text("content_type")
    )
}

fn embed_texts(embed: &Value) -> impl Iterator<Item = &str> {
    let fields = list(&embed["fields"]).flat_map(|field| [&field["name"], &field["value"]]);
    [&embed["title"], &embed["description"]]
        .into_iter()
        .chain(fields)
        .chain([&embed["footer"]["text"], &embed["author"]["name"]])
        .filter_map(Value::as_str)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn with_commas(number: u64) -> String {
    let groups = iter::successors(Some(number), |rest| (*rest >= 1000).then_some(rest / 1000));
    let mut groups: Vec<u64> = groups.collect();
    let first = groups.pop().unwrap_or_default().to_string();
    let rest = groups
        .iter()
        .rev()
        .map(|group| format!(",{:03}", group % 1000));
    iter::once(first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_parts_of_a_message_are_shown() {
        let message = json!({
            "content": "look",
            "embeds": [{ "description": "a \u{1b} cat" }, { "color": 5 }],
            "poll": { "question": { "text": "tea?" } },
            "attachments": [{ "filename": "cat.png", "size": 1234, "content_type": "image/png" }],
            "components": [{ "type": 1 }],
        });
        assert_eq!(
            shown(&message),
            "look [embed: a \\u{1b} cat] [embed] [poll: tea?] [cat.png, 1,234 bytes, image/png] \
             [1 component]"
        );
        assert_eq!(shown(&json!({ "content": "" })), "");
    }

    #[test]
    fn text_is_found_in_the_content_and_in_embeds() {
        let fields = [{ json!({ "name": "n", "value": "in a field" }) }];
        let message = json!({ "content": "pong!", "embeds": [{ "fields": fields }] });
        assert!(contains(&message, "pong") && contains(&message, "a field"));
        assert!(!contains(&message, "Pong") && !contains(&message, "!in"));
    }

    #[test]
    fn excerpts_are_short() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt("two\nlines"), "two...");
        assert_eq!(excerpt(&"ü".repeat(50)), "ü".repeat(40) + "...");
    }

    #[test]
    fn thousands_are_separated() {
        let all = [0, 999, 1000, 1_002_003].map(with_commas);
        assert_eq!(all, ["0", "999", "1,000", "1,002,003"]);
    }
}
