//! The project itself: its documents and sources, as files.

mod circles;
mod conformance;
mod layers;
mod repository;
mod source;
