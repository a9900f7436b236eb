//! Discord's REST API over the world, without sockets: a request in, an answer out.
//!
//! `routes` finds the documented route of a request, `admit` checks the caller, `rate_limit` counts,
//! and then a stub of the test answers or, if there is none, the endpoint of the route: a function
//! of a [`Call`](call::Call), listed in `endpoints`. A documented route without an endpoint answers
//! 501. `body`, `form` and `rules` turn what was sent into values, or into Discord's tree of errors.

#![allow(
    clippy::unnecessary_wraps,
    reason = "every endpoint has the same type, also one that cannot fail"
)]

pub(crate) mod admit;
mod applications;
mod auto_moderation;
pub(crate) mod body;
pub(crate) mod bucket;
pub(crate) mod call;
mod channels;
mod command_permissions;
mod commands;
mod components;
mod directory;
mod embeds;
mod emojis;
pub(crate) mod endpoints;
mod entitlements;
pub(crate) mod error;
mod event_exceptions;
mod form;
mod guild_pages;
mod guild_search;
mod guilds;
mod image;
mod interactions;
mod invites;
mod lobbies;
mod member_add;
mod members;
mod message_form;
mod messages;
mod mistakes;
pub(crate) mod openapi;
mod own_user;
mod pins;
mod polls;
mod prune;
pub(crate) mod query;
pub(crate) mod rate_limit;
mod reactions;
pub(crate) mod reply;
pub(crate) mod request;
mod roles;
pub(crate) mod routes;
mod rules;
mod scheduled_events;
mod soundboard;
mod stickers;
pub(crate) mod stubs;
mod templates;
mod threads;
mod uploads;
mod voice;
mod webhook_messages;
mod webhooks;
