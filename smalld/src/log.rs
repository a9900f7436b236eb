//! Plain log on stderr for programs that install no `tracing` subscriber.

#[cfg(feature = "log")]
use tracing_subscriber::filter::LevelFilter;

/// Logs to stderr at the level of `SMALLD_LOG` (`off`, `error`, `warn`, `info`, `debug`). Does nothing
/// if the program has installed a subscriber.
#[cfg(feature = "log")]
pub(crate) fn install() {
    use std::io;

    use tracing::Level;
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt;

    let given = std::env::var("SMALLD_LOG").unwrap_or_default();
    let level = level(&given);
    // Below `warn`, these libraries log every byte.
    let libraries = ["hyper_util", "hyper", "reqwest", "rustls", "mio", "want"];
    let targets = libraries.map(|library| {
        (
            library,
            LevelFilter::WARN.min(level.unwrap_or(LevelFilter::INFO)),
        )
    });
    let filter = Targets::new()
        .with_default(level.unwrap_or(LevelFilter::INFO))
        .with_targets(targets);
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_target(false)
        .with_ansi(false);
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    let installed = tracing::subscriber::set_global_default(subscriber).is_ok();
    if installed && level.is_none() {
        tracing::event!(
            target: "smalld",
            Level::WARN,
            "SMALLD_LOG is `{given}`, which is not a level: use off, error, warn, info or debug"
        );
    }
}

#[cfg(feature = "log")]
fn level(given: &str) -> Option<LevelFilter> {
    match given.trim().to_ascii_lowercase().as_str() {
        "" | "info" => Some(LevelFilter::INFO),
        "off" => Some(LevelFilter::OFF),
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "debug" => Some(LevelFilter::DEBUG),
        _ => None,
    }
}

#[cfg(not(feature = "log"))]
pub(crate) fn install() {}
