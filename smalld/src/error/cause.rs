//! Causes of any type, and how a chain of them becomes a sentence.

/// An error of any type, as handlers may return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error and its causes in one line, each said once.
pub(crate) fn sentence(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !said.contains(&words) {
            said.push_str(": ");
            said.push_str(&words);
        }
        cause = error.source();
    }
    said
}
