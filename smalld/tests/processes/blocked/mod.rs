//! Handlers that block their threads: what goes on while they do, and how the bot ends. Also what the bot
//! needs of its process: threads, signals, file descriptors.

mod bot;
mod isolation;
mod resources;
mod scene;
mod starved;
