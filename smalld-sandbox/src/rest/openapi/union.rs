//! Alternatives: which of them a value is meant to be.

use serde_json::Value;

use super::super::mistakes::Mistakes;
use super::schema::{Check, Place, is_same, list};

/// Checks a value that may be any of these. Reports the mistakes of the one that it is meant to be: that
/// with its `type`, else that with the fewest mistakes.
pub(super) fn check<'s>(
    check: &mut Check<'s, '_>,
    alternatives: impl Iterator<Item = &'s Value>,
    value: &Value,
    place: &mut Place,
) {
    let alternatives: Vec<_> = alternatives.map(|schema| check.resolve(schema)).collect();
    let constants: Vec<_> = alternatives
        .iter()
        .filter_map(|schema| schema.get("const"))
        .collect();
    if constants.len() == alternatives.len() {
        if !constants.iter().any(|constant| is_same(constant, value)) {
            check.not_a_choice(place, &constants);
        }
        return;
    }
    let meant = match meant(&alternatives, value) {
        Meant::Any(alternatives) => alternatives,
        Meant::None { key, choices } => {
            let place = [&place[..], &[key.to_owned()]].concat();
            match value.get(key) {
                Some(_) => check.not_a_choice(&place, &choices),
                None => check.required(&place),
            }
            return;
        }
    };
    let mut best: Option<(usize, Mistakes)> = None;
    for schema in meant {
        let mut mistakes = Mistakes::default();
        let mut attempt = check.attempt(&mut mistakes);
        attempt.value(schema, value, place);
        let count = attempt.count;
        if best.as_ref().is_none_or(|(fewest, _)| count < *fewest) {
            best = Some((count, mistakes));
        }
        if count == 0 {
            return;
        }
    }
    match best {
        Some((count, mistakes)) => check.adopt(mistakes, count),
        None => check.invalid(place),
    }
}

/// What a value is meant to be.
enum Meant<'s> {
    Any(Vec<&'s Value>),
    /// Nothing has its value of this field.
    None {
        key: &'static str,
        choices: Vec<&'s Value>,
    },
}

fn meant<'s>(alternatives: &[&'s Value], value: &Value) -> Meant<'s> {
    let is_null = |schema: &&&Value| schema["type"] == "null";
    let others = alternatives
        .iter()
        .filter(|schema| !is_null(schema) || value.is_null());
    let others: Vec<_> = others.copied().collect();
    if !value.is_object() {
        return Meant::Any(others);
    }
    let kinds = |schema: &'s Value| {
        schema
            .pointer("/properties/type")
            .map(choices)
            .unwrap_or_default()
    };
    let (tagged, untagged): (Vec<&Value>, Vec<_>) = others
        .iter()
        .copied()
        .partition(|schema| !kinds(schema).is_empty());
    let of_kind = |schema: &&&'s Value| {
        kinds(schema)
            .iter()
            .any(|kind| is_same(kind, &value["type"]))
    };
    let fitting: Vec<_> = tagged.iter().filter(of_kind).copied().collect();
    if !fitting.is_empty() {
        return Meant::Any(fitting);
    }
    if !untagged.is_empty() || tagged.is_empty() {
        return Meant::Any(untagged);
    }
    if !tagged
        .iter()
        .all(|schema| list(schema, "required").any(|key| key == "type"))
    {
        return Meant::Any(tagged);
    }
    let choices = tagged.iter().flat_map(|schema| kinds(schema)).collect();
    Meant::None {
        key: "type",
        choices,
    }
}

/// The values of `enum` and `const`.
pub(super) fn choices(schema: &Value) -> Vec<&Value> {
    list(schema, "enum").chain(schema.get("const")).collect()
}
