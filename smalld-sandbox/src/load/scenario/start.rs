//! The start of a client.

use std::io;

use smalld_sandbox::traffic::{Encoder, Encoding};

use super::{Run, marker};
use crate::load::client::Program;

/// Milliseconds from the start of the process until IDENTIFY, and until the first event after READY is
/// handled.
pub(crate) async fn run(program: &Program, encoding: Encoding) -> io::Result<(f64, f64)> {
    let mut run = Run::launch(program, encoding, 1, false).await?;
    let identified = run.identified().await?.at - run.client.started;
    let marker = Encoder::new(encoding).single(&marker(2));
    run.send(&marker.into()).await?;
    let answered = run.answered().await?.0.at - run.client.started;
    Ok((identified.as_secs_f64() * 1e3, answered.as_secs_f64() * 1e3))
}
