//! Tests of the project itself: its documents and sources.

mod circles;
mod conformance;
mod data;
mod layers;
mod repository;
mod source;
