//! The mistakes in a body, as the tree of error 50035.

use serde_json::{Map, Value, json};

use super::error::Error;

/// A tree that mirrors the body: object keys as they are, positions in arrays as digits.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    tree: Map<String, Value>,
}

impl Mistakes {
    /// Adds a mistake at this path.
    pub(crate) fn add(&mut self, path: &[&str], code: &str, message: &str) {
        let mut node = &mut self.tree;
        for key in path {
            let child = node.entry(*key).or_insert_with(|| json!({}));
            let Value::Object(child) = child else { return };
            node = child;
        }
        let list = node.entry("_errors").or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!({ "code": code, "message": message }));
        }
    }

    /// Adds those of another check of the same body.
    pub(crate) fn merge(&mut self, other: Self) {
        merge(&mut self.tree, other.tree);
    }

    /// An error if there are any.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self.tree.is_empty() {
            Ok(())
        } else {
            Err(self.into_error())
        }
    }

    pub(crate) fn into_error(self) -> Error {
        Error::invalid_form(Value::Object(self.tree))
    }
}

fn merge(tree: &mut Map<String, Value>, other: Map<String, Value>) {
    for (key, value) in other {
        match (tree.get_mut(&key), value) {
            (Some(Value::Object(known)), Value::Object(value)) => merge(known, value),
            (Some(Value::Array(known)), Value::Array(value)) => known.extend(value),
            (_, value) => {
                tree.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_mirrors_the_form() {
        let mut mistakes = Mistakes::default();
        mistakes.add(&["embeds", "0", "title"], "A", "one");
        mistakes.add(&["embeds", "0", "title"], "B", "two");
        mistakes.add(&["content"], "C", "three");
        let body = mistakes.check().expect_err("mistakes").body();
        assert_eq!(body["code"], 50_035);
        assert_eq!(
            body["errors"]["embeds"]["0"]["title"]["_errors"][1]["code"],
            "B"
        );
        assert_eq!(body["errors"]["content"]["_errors"][0]["message"], "three");
    }

    #[test]
    fn an_error_of_the_whole_body_is_at_the_root() {
        let body = Error::of_form("X", "y").body();
        assert_eq!(
            body["errors"]["_errors"][0],
            json!({ "code": "X", "message": "y" })
        );
    }

    #[test]
    fn a_form_without_mistakes_passes() {
        assert_eq!(Mistakes::default().check(), Ok(()));
    }
}
