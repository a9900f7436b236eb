//! Requests: what each costs the client, as fast as it can make them.

use std::io;
use std::time::Instant;

use smalld_sandbox::traffic::Encoding;

use super::Run;
use crate::load::client::Program;

/// Requests before the measured ones, as a share of them: one in this many.
const WARM_UP: u64 = 10;

/// CPU time per request in microseconds, and requests per second.
pub(crate) async fn run(
    program: &Program,
    encoding: Encoding,
    requests: u64,
) -> io::Result<(f64, f64)> {
    let mut run = Run::launch(program, encoding, 1, false).await?;
    let warm_up = requests.div_ceil(WARM_UP);
    run.requests(warm_up).await?;
    let (cpu_before, begun) = (run.client.cpu()?, Instant::now());
    run.requests(warm_up + requests).await?;
    let (cpu, elapsed) = (
        run.client.cpu()?.saturating_sub(cpu_before),
        begun.elapsed(),
    );
    let requests = super::float(requests);
    Ok((
        cpu.as_secs_f64() * 1e6 / requests,
        requests / elapsed.as_secs_f64(),
    ))
}
