//! Stubs: answers of a test instead of the sandbox's own.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::json;

use super::reply::Reply;
use super::request::Request;
use super::routes;

type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// The stubs of a sandbox; the newest that fits a request answers it.
#[derive(Default)]
pub(crate) struct Stubs {
    all: Vec<Stub>,
}

/// What answers some requests.
#[derive(Clone)]
pub(crate) struct Stub {
    method: String,
    /// None for a placeholder.
    segments: Vec<Option<String>>,
    handler: Handler,
}

impl Stubs {
    pub(crate) fn add(&mut self, stub: Stub) {
        self.all.push(stub);
    }

    /// The stub for this request. `path` is what follows `/api/v10`, as it was sent.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<Stub> {
        let segments = routes::segments(path)?;
        let mut newest_first = self.all.iter().rev();
        newest_first
            .find(|stub| stub.fits(method, &segments))
            .cloned()
    }
}

impl Stub {
    /// None if the template is not a path.
    pub(crate) fn new(method: &str, template: &str, handler: Handler) -> Option<Self> {
        let segments = routes::segments(template)?.into_iter().map(|segment| {
            let is_placeholder = routes::placeholder(&segment).is_some();
            (!is_placeholder).then_some(segment)
        });
        Some(Self {
            method: method.to_ascii_uppercase(),
            segments: segments.collect(),
            handler,
        })
    }

    fn fits(&self, method: &str, path: &[String]) -> bool {
        let same = |(stub, segment): (&Option<String>, &String)| {
            stub.as_ref().is_none_or(|literal| literal == segment)
        };
        self.method == method
            && self.segments.len() == path.len()
            && self.segments.iter().zip(path).all(same)
    }

    /// Runs the handler of the test. A panic in it becomes a 500; the panic hook has reported it.
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let answer = catch_unwind(AssertUnwindSafe(|| (self.handler)(request)));
        answer.unwrap_or_else(|_| {
            let message = format!("the stub for {} {} panicked", request.method, request.path);
            Reply::json(500, json!({ "message": message, "code": 0 }))
        })
    }
}

impl fmt::Debug for Stubs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stubs")
            .field("count", &self.all.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stub(method: &str, template: &str, status: u16) -> Stub {
        let handler = Arc::new(move |_: &Request| Reply::empty(status));
        Stub::new(method, template, handler).expect("a template")
    }

    #[test]
    fn the_newest_stub_that_fits_answers() {
        let mut stubs = Stubs::default();
        stubs.add(stub("get", "/guilds/{}/roles/{role}", 1));
        stubs.add(stub("GET", "/guilds/7/roles/{}", 2));
        let status = |method, path| {
            let found = stubs.find(method, path)?;
            let request = Request::new(method, path);
            Some(found.answer(&request).status)
        };
        assert_eq!(status("GET", "/guilds/1/roles/2"), Some(1));
        assert_eq!(status("GET", "/guilds/7/roles/2"), Some(2));
        assert_eq!(status("PUT", "/guilds/7/roles/2"), None);
        assert_eq!(status("GET", "/guilds/7/roles"), None);
    }

    #[test]
    fn a_panic_in_a_stub_is_a_500() {
        let handler = Arc::new(|_: &Request| -> Reply { panic!("on purpose") });
        let stub = Stub::new("GET", "/x", handler).expect("a template");
        assert_eq!(stub.answer(&Request::new("GET", "/x")).status, 500);
    }
}
