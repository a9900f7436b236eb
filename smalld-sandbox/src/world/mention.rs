//! Who is mentioned in a text.

use crate::world::snowflake::Snowflake;

/// The ids in `<@1>` and `<@!1>`, each once, in the order of the text.
pub(crate) fn users(content: &str) -> Vec<Snowflake> {
    let mut found = Vec::new();
    for after in content.split("<@").skip(1) {
        let id = after
            .split_once('>')
            .map(|(id, _)| id.strip_prefix('!').unwrap_or(id));
        if let Some(id) = id.and_then(Snowflake::parse)
            && !found.contains(&id)
        {
            found.push(id);
        }
    }
    found
}

pub(crate) fn everyone(content: &str) -> bool {
    content.contains("@everyone") || content.contains("@here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_found_once_and_in_order() {
        let ids = |text| {
            users(text)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids("<@2> and <@!1>, <@2> again"), ["2", "1"]);
        assert!(ids("<@> <@&3> <#4> <@5 @6").is_empty());
    }
}
