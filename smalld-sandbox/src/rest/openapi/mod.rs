//! Discord's own OpenAPI document: what a request must look like, and what Discord answers if it does not.
//!
//! A request's operation leads to its schemas. `schema` checks a value against one of them; `union` picks
//! the alternative that a value is meant to be, so that its mistakes are reported and not those of all
//! others; `text` checks the formats of strings.

mod schema;
#[cfg(test)]
mod tests;
mod text;
mod union;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use self::schema::Check;
use super::error::Error;
use super::mistakes::Mistakes;
use super::{query, routes};

/// Discord's OpenAPI document, against which requests are checked; see
/// [`Builder::openapi`](crate::Builder::openapi).
///
/// Discord publishes it as `specs/openapi.json` in the repository `discord/discord-api-spec`.
#[derive(Clone)]
pub struct OpenApi {
    document: Arc<Document>,
}

struct Document {
    schemas: Map<String, Value>,
    /// By `operationId`.
    operations: BTreeMap<String, Value>,
}

impl OpenApi {
    /// Reads a document from a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not an OpenAPI document as JSON.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let at =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let document = serde_json::from_slice(&fs::read(path).map_err(at)?);
        let document = document.map_err(|error| at(error.into()))?;
        Self::of(document).ok_or_else(|| {
            let problem = "not an OpenAPI document: it has no `paths` or no `components.schemas`";
            at(io::Error::new(io::ErrorKind::InvalidData, problem))
        })
    }

    fn of(mut document: Value) -> Option<Self> {
        let Value::Object(schemas) = document.pointer_mut("/components/schemas")?.take() else {
            return None;
        };
        let mut operations = BTreeMap::new();
        for methods in document.get("paths")?.as_object()?.values() {
            for operation in methods.as_object().into_iter().flat_map(Map::values) {
                if let Some(id) = operation["operationId"].as_str() {
                    operations.insert(id.to_owned(), operation.clone());
                }
            }
        }
        let document = Document {
            schemas,
            operations,
        };
        Some(Self {
            document: Arc::new(document),
        })
    }

    /// Checks the query and the JSON of a request. An operation that the document lacks is not checked.
    pub(crate) fn check(
        &self,
        operation: &str,
        query: &str,
        json: Option<&Value>,
    ) -> Result<(), Error> {
        let Some(operation) = self.document.operations.get(operation) else {
            return Ok(());
        };
        let mut mistakes = Mistakes::default();
        let mut check = Check::new(&self.document.schemas, &mut mistakes);
        check_query(operation, query, &mut check);
        if let Some((schema, json)) = body_schema(operation).zip(json) {
            check.value(schema, json, &mut Vec::new());
        }
        mistakes.check()
    }

    /// Where and how an answer of the sandbox itself differs from the document, as a tree of errors; null if
    /// it does not, or if the document does not describe it.
    #[doc(hidden)]
    #[must_use]
    pub fn mistakes_in_answer(&self, method: &str, path: &str, status: u16, json: &Value) -> Value {
        let Ok(found) = routes::find(method, path) else {
            return Value::Null;
        };
        let operation = self.document.operations.get(found.route.operation);
        let place = format!("/responses/{status}/content/application~1json/schema");
        let Some(schema) = operation.and_then(|operation| operation.pointer(&place)) else {
            return Value::Null;
        };
        let mut mistakes = Mistakes::default();
        let mut check = Check::new(&self.document.schemas, &mut mistakes).strict();
        check.value(schema, json, &mut Vec::new());
        let error = mistakes.check().err();
        error.map_or(Value::Null, |error| error.body()["errors"].take())
    }
}

/// The schema of a JSON body; multipart bodies have theirs in the part `payload_json`.
fn body_schema(operation: &Value) -> Option<&Value> {
    let content = operation.pointer("/requestBody/content")?;
    content.get("application/json")?.get("schema")
}

fn check_query<'s>(operation: &'s Value, query: &str, check: &mut Check<'s, '_>) {
    let given: Vec<_> = query::pairs(query).collect();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
        let name = parameter["name"].as_str().unwrap_or_default();
        let values = given.iter().filter(|(known, _)| known == name);
        let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
        if values.is_empty() {
            if parameter["required"] == true {
                check.required(&[name.to_owned()]);
            }
            continue;
        }
        check.query(&parameter["schema"], &values, name);
    }
}

impl fmt::Debug for OpenApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApi")
            .field("operations", &self.document.operations.len())
            .finish_non_exhaustive()
    }
}
