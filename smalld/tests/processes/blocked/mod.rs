//! Handlers that block their threads: what goes on while they do, and how the bot ends.

mod bot;
mod isolation;
mod scene;
