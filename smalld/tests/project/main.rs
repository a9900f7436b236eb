//! The project itself: its documents and sources, as files.

mod conformance;
