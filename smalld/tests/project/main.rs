//! The project itself: its documents and sources, as files.

mod circles;
mod conformance;
mod data;
mod layers;
mod repository;
mod source;
