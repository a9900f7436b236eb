//! The sandbox as a server: the gateway and REST over real sockets, its limits, its faults and its scripts.

#[path = "../common/mod.rs"]
mod common;

mod application;
mod auto_moderation;
mod channels;
mod clock;
mod compression;
mod expressions;
mod faults;
mod gateway;
mod guild_settings;
mod guilds;
mod interactions;
mod invites;
mod limits;
mod log;
mod messages;
mod moderation;
mod openapi;
mod polls;
mod rest;
mod routes;
mod safety;
mod scheduled_events;
mod script;
mod threads;
mod webhooks;
