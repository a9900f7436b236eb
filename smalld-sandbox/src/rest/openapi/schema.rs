//! A value against a JSON schema, of which the document uses a part. Mistakes get Discord's codes.

use serde_json::{Map, Value};

use super::super::mistakes::Mistakes;
use super::super::rules;
use super::{text, union};

/// How deep schemas are followed, so that one which refers to itself ends.
const MAX_DEPTH: usize = 256;

/// One check, and the mistakes so far.
pub(super) struct Check<'s, 'm> {
    schemas: &'s Map<String, Value>,
    mistakes: &'m mut Mistakes,
    /// How many mistakes there are, which is how alternatives are compared.
    pub(super) count: usize,
    depth: usize,
    /// Whether this is an answer: numbers are numbers, and the gateway has a scheme of its own.
    is_strict: bool,
}

/// Where a value is: keys, and positions in lists.
pub(super) type Place = Vec<String>;

impl<'s, 'm> Check<'s, 'm> {
    pub(super) fn new(schemas: &'s Map<String, Value>, mistakes: &'m mut Mistakes) -> Self {
        Self {
            schemas,
            mistakes,
            count: 0,
            depth: 0,
            is_strict: false,
        }
    }

    /// Checks an answer. Discord accepts more than it sends.
    pub(super) fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// The same check with mistakes of its own, to try an alternative.
    pub(super) fn attempt<'n>(&self, mistakes: &'n mut Mistakes) -> Check<'s, 'n> {
        Check {
            schemas: self.schemas,
            mistakes,
            count: 0,
            depth: self.depth,
            is_strict: self.is_strict,
        }
    }

    /// Follows a reference.
    pub(super) fn resolve(&self, mut schema: &'s Value) -> &'s Value {
        for _ in 0..MAX_DEPTH {
            let Some(reference) = schema["$ref"].as_str() else {
                break;
            };
            let name = reference.rsplit('/').next().unwrap_or_default();
            schema = self.schemas.get(name).unwrap_or(&Value::Null);
        }
        schema
    }

    pub(super) fn value(&mut self, schema: &'s Value, value: &Value, place: &mut Place) {
        if self.depth == MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.value_of(self.resolve(schema), value, place);
        self.depth -= 1;
    }

    fn value_of(&mut self, schema: &'s Value, value: &Value, place: &mut Place) {
        let before = self.count;
        self.kind(schema, value, place);
        if self.count > before {
            return;
        }
        self.choices(schema, value, place);
        if self.count > before {
            return;
        }
        for part in list(schema, "allOf") {
            self.value(part, value, place);
        }
        for key in ["oneOf", "anyOf"] {
            if schema[key].is_array() {
                union::check(self, list(schema, key), value, place);
            }
        }
        if self.count > before {
            return;
        }
        match value {
            Value::String(text) => self.text(schema, text, place),
            Value::Number(number) => self.bounds(schema, number.as_f64(), place),
            Value::Array(values) => self.list(schema, values, place),
            Value::Object(fields) => self.object(schema, fields, place),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Whether the value is of a type that the schema allows.
    fn kind(&mut self, schema: &Value, value: &Value, place: &Place) {
        let kinds: Vec<_> = match &schema["type"] {
            Value::String(kind) => vec![kind.as_str()],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return,
        };
        if kinds.iter().any(|kind| self.is(kind, schema, value)) {
            return;
        }
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned);
        let kind = kinds
            .iter()
            .find(|kind| **kind != "null")
            .unwrap_or(&"null");
        match *kind {
            _ if value.is_null() => self.required(place),
            "string" if is_id(schema) => {
                self.add(
                    place,
                    "NUMBER_TYPE_COERCE",
                    &format!("Value \"{shown}\" is not snowflake."),
                );
            }
            "string" => {
                let message = format!("Could not interpret \"{shown}\" as string.");
                self.add(place, "STRING_TYPE_CONVERT", &message);
            }
            "integer" => self.add(
                place,
                "NUMBER_TYPE_COERCE",
                &format!("Value \"{shown}\" is not int."),
            ),
            "number" => self.add(
                place,
                "NUMBER_TYPE_COERCE",
                &format!("Value \"{shown}\" is not float."),
            ),
            "boolean" => self.add(
                place,
                "BOOLEAN_TYPE_CONVERT",
                "Must be either true or false.",
            ),
            "array" => {
                let message = "Only iterables may be used in a ListType";
                self.add(place, "LIST_TYPE_CONVERT", message);
            }
            "object" => {
                let message = "Only dictionaries may be used in a DictType";
                self.add(place, "DICT_TYPE_CONVERT", message);
            }
            _ => self.invalid(place),
        }
    }

    /// Discord reads numbers from strings, and ids from numbers.
    pub(super) fn is(&self, kind: &str, schema: &Value, value: &Value) -> bool {
        let reads = |text: &str| !self.is_strict && text.parse::<i64>().is_ok();
        match (kind, value) {
            ("string", Value::Number(_)) => {
                is_id(schema) && !self.is_strict && rules::id(value).is_some()
            }
            ("string", Value::String(_))
            | ("number", Value::Number(_))
            | ("boolean", Value::Bool(_))
            | ("array", Value::Array(_))
            | ("object", Value::Object(_))
            | ("null", Value::Null) => true,
            ("integer", Value::Number(number)) => !number.is_f64(),
            ("integer" | "number", Value::String(text)) => reads(text),
            _ => false,
        }
    }

    /// `enum` and `const`.
    fn choices(&mut self, schema: &Value, value: &Value, place: &Place) {
        let choices = union::choices(schema);
        if !choices.is_empty()
            && !choices.iter().any(|choice| is_same(choice, value))
            && !value.is_null()
        {
            self.not_a_choice(place, &choices);
        }
    }

    fn text(&mut self, schema: &Value, text: &str, place: &Place) {
        let length = text.chars().count();
        self.length(schema, ("minLength", "maxLength"), length, place);
        if let Err((code, message)) = text::check(schema, text, self.is_strict) {
            self.add(place, code, &message);
        }
        if is_number(schema) {
            self.bounds(schema, text.parse().ok(), place);
        }
    }

    fn bounds(&mut self, schema: &Value, number: Option<f64>, place: &Place) {
        let Some(number) = number else { return };
        let kind = if schema["type"] == "number" {
            "float"
        } else {
            "int"
        };
        if let Some(min) = schema["minimum"].as_f64().filter(|min| number < *min) {
            let message = format!("{kind} value should be greater than or equal to {min}.");
            self.add(place, "NUMBER_TYPE_MIN", &message);
        }
        if let Some(max) = schema["maximum"].as_f64().filter(|max| number > *max) {
            let message = format!("{kind} value should be less than or equal to {max}.");
            self.add(place, "NUMBER_TYPE_MAX", &message);
        }
    }

    fn list(&mut self, schema: &'s Value, values: &[Value], place: &mut Place) {
        self.length(schema, ("minItems", "maxItems"), values.len(), place);
        for (position, value) in values.iter().enumerate() {
            place.push(position.to_string());
            let is_repeated = schema["uniqueItems"] == true && values[..position].contains(value);
            if is_repeated {
                let message = "The set already contains this value";
                self.add(place, "SET_TYPE_ALREADY_CONTAINS_VALUE", message);
            }
            if let Some(items) = schema.get("items") {
                self.value(items, value, place);
            }
            place.pop();
        }
    }

    /// Fields that the schema does not have are ignored, as Discord ignores them.
    fn object(&mut self, schema: &'s Value, fields: &Map<String, Value>, place: &mut Place) {
        self.length(
            schema,
            ("minProperties", "maxProperties"),
            fields.len(),
            place,
        );
        for key in list(schema, "required").filter_map(Value::as_str) {
            if !fields.contains_key(key) {
                self.required(&[&place[..], &[key.to_owned()]].concat());
            }
        }
        let properties = schema["properties"].as_object();
        for (key, value) in fields {
            let property = properties.and_then(|properties| properties.get(key));
            let other = || {
                schema
                    .get("additionalProperties")
                    .filter(|other| other.is_object())
            };
            if let Some(schema) = property.or_else(other) {
                place.push(key.clone());
                self.value(schema, value, place);
                place.pop();
            }
        }
    }

    fn length(&mut self, schema: &Value, (min, max): (&str, &str), length: usize, place: &Place) {
        let bound = |key: &str| {
            schema[key]
                .as_u64()
                .and_then(|bound| usize::try_from(bound).ok())
        };
        let (min, max) = (bound(min), bound(max));
        let is_short = min.is_some_and(|min| length < min);
        let is_long = max.is_some_and(|max| length > max);
        match (min, max) {
            (Some(min), Some(max)) if min > 0 && (is_short || is_long) => {
                let message = format!("Must be between {min} and {max} in length.");
                self.add(place, "BASE_TYPE_BAD_LENGTH", &message);
            }
            (_, Some(max)) if is_long => {
                let message = format!("Must be {max} or fewer in length.");
                self.add(place, "BASE_TYPE_MAX_LENGTH", &message);
            }
            (Some(min), _) if is_short => {
                let message = format!("Must be {min} or more in length.");
                self.add(place, "BASE_TYPE_MIN_LENGTH", &message);
            }
            _ => {}
        }
    }

    /// A parameter of the query: texts that stand for a value, or for the elements of a list.
    pub(super) fn query(&mut self, schema: &'s Value, texts: &[&str], name: &str) {
        let schema = self.resolve(schema);
        let is_list = |schema: &Value| schema["type"] == "array" || schema["type"][0] == "array";
        let alternatives = list(schema, "oneOf").map(|schema| self.resolve(schema));
        let list = [schema]
            .into_iter()
            .chain(alternatives)
            .find(|schema| is_list(schema));
        let value = match list {
            Some(list) => texts
                .iter()
                .flat_map(|text| text.split(','))
                .map(|text| self.read(&list["items"], text))
                .collect(),
            None => self.read(schema, texts[0]),
        };
        self.value(list.unwrap_or(schema), &value, &mut vec![name.to_owned()]);
    }

    /// What a text of a query stands for.
    fn read(&self, schema: &'s Value, text: &str) -> Value {
        let schema = self.resolve(schema);
        let is_boolean = schema["type"] == "boolean" || schema["type"][0] == "boolean";
        match text {
            "true" | "True" | "1" if is_boolean => Value::Bool(true),
            "false" | "False" | "0" if is_boolean => Value::Bool(false),
            _ => Value::from(text),
        }
    }

    pub(super) fn required(&mut self, place: &[String]) {
        self.add(place, "BASE_TYPE_REQUIRED", "This field is required");
    }

    pub(super) fn not_a_choice(&mut self, place: &[String], choices: &[&Value]) {
        let shown: Vec<_> = choices
            .iter()
            .map(|choice| choice.to_string().replace('"', "'"))
            .collect();
        let message = format!("Value must be one of {{{}}}.", shown.join(", "));
        self.add(place, "BASE_TYPE_CHOICES", &message);
    }

    /// A violation without a known code.
    pub(super) fn invalid(&mut self, place: &[String]) {
        self.add(place, "BASE_TYPE_INVALID", "This value is invalid.");
    }

    fn add(&mut self, place: &[String], code: &str, message: &str) {
        self.count += 1;
        let path: Vec<_> = place.iter().map(String::as_str).collect();
        self.mistakes.add(&path, code, message);
    }

    /// Takes over the mistakes of an attempt.
    pub(super) fn adopt(&mut self, mistakes: Mistakes, count: usize) {
        self.count += count;
        self.mistakes.merge(mistakes);
    }
}

pub(super) fn list<'s>(schema: &'s Value, key: &str) -> impl Iterator<Item = &'s Value> + Clone {
    schema[key].as_array().into_iter().flatten()
}

/// Whether a value is this choice, also as a string of digits.
pub(super) fn is_same(choice: &Value, value: &Value) -> bool {
    let read = || value.as_str()?.parse().ok();
    choice == value || choice.as_i64().is_some_and(|choice| read() == Some(choice))
}

/// An id: digits in a string.
fn is_id(schema: &Value) -> bool {
    schema["format"] == "snowflake"
}

fn is_number(schema: &Value) -> bool {
    let is = |kind: &Value| *kind == "integer" || *kind == "number";
    is(&schema["type"]) || list(schema, "type").any(is)
}
