//! Causes of any type, and how a chain of them becomes a sentence.

/// An error of any type, as handlers may return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A chain of causes may be a circle.
const MAX_CAUSES: usize = 16;

/// An error and its causes in one line, each of them once.
pub(crate) fn sentence(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    for cause in causes.take(MAX_CAUSES) {
        let text = cause.to_string();
        if !sentence.contains(&text) {
            sentence.push_str(": ");
            sentence.push_str(&text);
        }
    }
    sentence
}
