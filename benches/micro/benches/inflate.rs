//! What each gateway compression saves and costs:
//! `cargo bench -p bench-micro --bench inflate --features zstd`.
//!
//! A stream of varied events and a stream of large guilds are compressed as Discord does it, and
//! inflated by the code of a shard and by `miniz_oxide`, the other decoder in pure Rust. The decoders
//! take turns, and the result is the median, so that other load on the machine affects all equally.

// The inflater is not public, so the bench compiles its source.
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "a library has more use for it"
)]
#[path = "../../../smalld/src/gateway/compression.rs"]
mod compression;
#[allow(
    dead_code,
    unused_imports,
    reason = "so do its tests, which run elsewhere"
)]
#[path = "../../../smalld/src/gateway/connection/inflate/mod.rs"]
mod inflate;
mod gateway {
    pub(crate) use crate::compression;
    pub(crate) mod connection {
        pub(crate) use crate::inflate;
    }
}

use std::time::{Duration, Instant};

use flate2::{Compress, FlushCompress};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush};
use zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd_safe::{CCtx, CParameter, DCtx, InBuffer, OutBuffer};

use self::compression::Compression;
use self::inflate::Inflater;
use smalld_sandbox::traffic::{Mix, Traffic};

const TURNS: usize = 41;
const EVENTS: u64 = 5_000;
const GUILDS: u64 = 4;
/// Of each guild.
const MEMBERS: usize = 3_000;

fn main() {
    let mut traffic = Traffic::new(7);
    let events = (0..EVENTS).map(|s| traffic.event(Mix::Mixed, s));
    let events: Vec<_> = events.collect();
    let guilds = (0..GUILDS).map(|s| traffic.guild(MEMBERS, s));
    let guilds: Vec<_> = guilds.collect();
    show("events", &events);
    show("guilds", &guilds);
    println!("\nmemory of a decoder after reading the events, in KiB");
    let frames = by_zlib(&events);
    let inflated = held(|| {
        let mut decoder = flate2::Decompress::new(true);
        let mut room = Vec::with_capacity(64 << 10);
        for frame in &frames {
            room.clear();
            let flush = flate2::FlushDecompress::Sync;
            decoder
                .decompress_vec(frame, &mut room, flush)
                .expect("a stream");
        }
        drop(room);
        decoder
    });
    println!("  zlib-rs       {inflated:>7}");
    let miniz = held(|| InflateState::new_boxed(DataFormat::Zlib));
    println!("  miniz_oxide   {miniz:>7}");
    for window in [18, 21, 23] {
        println!(
            "  zstd, window {:>4} {:>7}",
            1 << (window - 10),
            of_zstd(&events, window)
        );
    }
}

fn show(name: &str, texts: &[String]) {
    let plain: Vec<_> = texts.iter().map(|text| text.clone().into_bytes()).collect();
    let (zlib, zstd) = (by_zlib(texts), by_zstd(texts, None));
    check(&zlib, texts, Compression::ZlibStream);
    check(&zstd, texts, Compression::ZstdStream);
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..TURNS {
        times[0].push(timed(|| plain.iter().for_each(|frame| read(frame))));
        times[1].push(timed(|| inflate_by_miniz(&zlib)));
        times[2].push(timed(|| inflate_all(&zlib, Compression::ZlibStream)));
        times[3].push(timed(|| inflate_all(&zstd, Compression::ZstdStream)));
    }
    let mib = size(&plain) / 1024.0;
    println!("\n{name}: {} of {mib:.1} MiB in total", texts.len());
    let rows = [
        "none (UTF-8 only)",
        "zlib, miniz_oxide",
        "zlib, zlib-rs",
        "zstd",
    ];
    let wires = [&plain, &zlib, &zlib, &zstd];
    for ((row, wire), mut times) in rows.into_iter().zip(wires).zip(times) {
        times.sort_unstable();
        let time = times[TURNS / 2].as_secs_f64();
        println!(
            "  {row:<18} {:>9.1} KiB ({:>5.1} %) {:>8.2} µs each {:>7.2} ms for a MiB",
            size(wire),
            100.0 * size(wire) / size(&plain),
            time * 1e6 / float(texts.len()),
            time * 1e3 / mib,
        );
    }
}

fn timed(act: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    act();
    begun.elapsed()
}

/// In KiB.
fn size(frames: &[Vec<u8>]) -> f64 {
    float(frames.iter().map(Vec::len).sum()) / 1024.0
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("no more than some MiB"))
}

/// Does what the WebSocket library does with a text.
fn read(frame: &[u8]) {
    std::hint::black_box(str::from_utf8(frame).expect("text"));
}

fn check(frames: &[Vec<u8>], texts: &[String], compression: Compression) {
    let mut inflater = Inflater::new(compression);
    for (frame, text) in frames.iter().zip(texts) {
        assert!(inflater.push(frame) == Ok(Some(text)));
    }
}

fn inflate_all(frames: &[Vec<u8>], compression: Compression) {
    let mut inflater = Inflater::new(compression);
    for frame in frames {
        std::hint::black_box(inflater.push(frame).expect("a message"));
    }
}

fn inflate_by_miniz(frames: &[Vec<u8>]) {
    let mut decoder = InflateState::new_boxed(DataFormat::Zlib);
    let mut output = vec![0; 64 << 10];
    for frame in frames {
        let (mut input, mut filled) = (&frame[..], 0);
        loop {
            let step = inflate(&mut decoder, input, &mut output[filled..], MZFlush::Sync);
            input = &input[step.bytes_consumed..];
            filled += step.bytes_written;
            if filled < output.len() && input.is_empty() {
                break;
            }
            if filled == output.len() {
                output.resize(filled * 2, 0);
            }
        }
        read(&output[..filled]);
    }
}

/// Compresses as Discord does for `zlib-stream`: one stream, with a flush after each message.
fn by_zlib(texts: &[String]) -> Vec<Vec<u8>> {
    let mut stream = Compress::new(flate2::Compression::new(6), true);
    let frames = texts.iter().map(|text| {
        let mut frame = Vec::with_capacity(text.len() + 1024);
        let compressed = stream.compress_vec(text.as_bytes(), &mut frame, FlushCompress::Sync);
        compressed.expect("compressed");
        frame
    });
    frames.collect()
}

/// Compresses as for `zstd-stream`: one endless frame, with a flush after each message.
fn by_zstd(texts: &[String], window: Option<u32>) -> Vec<Vec<u8>> {
    let mut stream = CCtx::create();
    if let Some(window) = window {
        let window = CParameter::WindowLog(window);
        stream.set_parameter(window).expect("a window");
    }
    let frames = texts.iter().map(|text| {
        let mut frame = Vec::with_capacity(text.len() + 1024);
        let mut into = OutBuffer::around(&mut frame);
        let mut from = InBuffer::around(text.as_bytes());
        let flush = ZSTD_EndDirective::ZSTD_e_flush;
        let left = stream.compress_stream2(&mut into, &mut from, flush);
        assert_eq!(left, Ok(0));
        frame
    });
    frames.collect()
}

/// The memory of what `make` returns, in KiB.
fn held<T>(make: impl FnOnce() -> T) -> i64 {
    let mut kept = None;
    let memory = allocation_counter::measure(|| kept = Some(make()));
    drop(kept);
    memory.bytes_current / 1024
}

/// The memory of a decoder as the library reports it, in KiB.
fn of_zstd(texts: &[String], window: u32) -> usize {
    let mut context = DCtx::create();
    let mut room = Vec::with_capacity(64 << 10);
    for frame in by_zstd(texts, Some(window)) {
        let mut into = OutBuffer::around(&mut room);
        let mut from = InBuffer::around(&frame);
        let inflated = context.decompress_stream(&mut into, &mut from);
        inflated.expect("a stream");
    }
    context.sizeof() / 1024
}
