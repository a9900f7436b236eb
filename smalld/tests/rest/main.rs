//! Requests to Discord's REST API, against a scripted server and against the sandbox.

#[path = "../scripted/mod.rs"]
mod scripted;
#[path = "../support/mod.rs"]
mod support;

mod errors;
mod limits;
mod load;
mod proxy;
mod requests;
mod retries;
mod routes;
mod safety;
mod secrets;
mod too_many;
mod uploads;
