//! Interactions.

mod entered;
mod fields;
mod options;
mod resolved;
