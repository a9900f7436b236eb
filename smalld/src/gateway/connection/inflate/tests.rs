use serde_json::Value;

#[cfg(any(feature = "zlib", feature = "zstd"))]
use self::recorded::Recorded;
use super::*;

#[path = "../../../../tests/recorded/mod.rs"]
mod recorded;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn case_e7_an_unexpected_binary_frame_is_refused() {
    let mut inflater = Inflater::new(Compression::None);
    for frame in [&b"{}"[..], b"", b"\x1f\x8b", &[0x28, 0xb5, 0x2f, 0xfd]] {
        assert_eq!(inflater.push(frame), Err(InflateError::NotRequested));
    }
}

/// Inflates a recording many times, with one bit flipped in each frame. Errors are expected, panics are not.
#[cfg(any(feature = "zlib", feature = "zstd"))]
fn flip_bits(recorded: &Recorded, compression: Compression) {
    let frames = recorded.frames();
    let mut random = fastrand::Rng::with_seed(10);
    for _ in 0..200 {
        let mut inflater = Inflater::with_max_bytes(compression, 1 << 20);
        for frame in &frames {
            let mut frame = frame.clone();
            let at = random.usize(..frame.len());
            frame[at] ^= 1 << random.u8(..8);
            if inflater.push(&frame).is_err() {
                break;
            }
        }
    }
}

#[cfg(feature = "zlib")]
mod zlib {
    use flate2::{Compress, FlushCompress};

    use super::*;

    /// The next message of a stream.
    fn compress(stream: &mut Compress, text: &[u8]) -> Vec<u8> {
        finish(stream, text, FlushCompress::Sync)
    }

    fn finish(stream: &mut Compress, text: &[u8], flush: FlushCompress) -> Vec<u8> {
        let mut frame = Vec::with_capacity(text.len() + 1024);
        stream.compress_vec(text, &mut frame, flush).unwrap();
        assert!(frame.len() < frame.capacity());
        frame
    }

    fn stream() -> Compress {
        Compress::new(flate2::Compression::default(), true)
    }

    #[test]
    fn case_e8_a_message_is_returned_with_its_last_frame() {
        let recorded = Recorded::read(recorded::ZLIB);
        let mut inflater = Inflater::new(Compression::ZlibStream);
        let mut messages = Vec::new();
        for (frame, &expected) in recorded.frames().iter().zip(&recorded.messages_after) {
            let before = messages.len();
            messages.extend(inflater.push(frame).unwrap().map(json));
            assert_eq!(messages.len() - before, expected);
        }
        assert_eq!(messages, recorded.messages);
    }

    #[test]
    fn case_e8_a_message_may_arrive_byte_by_byte() {
        let (mut stream, mut inflater) = (stream(), Inflater::new(Compression::ZlibStream));
        for text in [r#"{"op":11}"#, r#"{"op":7,"d":null}"#] {
            let frame = compress(&mut stream, text.as_bytes());
            let (last, before) = frame.split_last().unwrap();
            for byte in before {
                assert_eq!(inflater.push(&[*byte]), Ok(None));
            }
            assert_eq!(inflater.push(&[*last]), Ok(Some(text)));
        }
    }

    #[test]
    fn case_e8_large_messages_are_complete() {
        let (mut stream, mut inflater) = (stream(), Inflater::new(Compression::ZlibStream));
        // Around the sizes at which a buffer is full.
        for length in [8 << 10, (16 << 10) - 1, 64 << 10, (64 << 10) + 1, 5 << 20] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let frame = compress(&mut stream, text.as_bytes());
            assert!(inflater.push(&frame) == Ok(Some(&text)), "{length}");
        }
    }

    #[test]
    fn case_e9_each_connection_has_its_own_stream() {
        let recorded = Recorded::read(recorded::ZLIB);
        let frames = recorded.frames();
        let mut first = Inflater::new(Compression::ZlibStream);
        first.push(&frames[0]).unwrap();
        // Interrupted in the middle of a message.
        assert_eq!(first.push(&frames[1][..40]), Ok(None));
        let mut second = Inflater::new(Compression::ZlibStream);
        let hello = second.push(&frames[0]).unwrap().map(json);
        assert_eq!(hello.as_ref(), recorded.messages.first());
        assert!(matches!(
            first.push(&frames[0]),
            Err(InflateError::Corrupt(_)) | Ok(None)
        ));
    }

    #[test]
    fn case_e10_a_corrupt_stream_is_an_error_after_its_valid_messages() {
        let recorded = Recorded::read(recorded::ZLIB_CORRUPT);
        let frames = recorded.frames();
        let mut inflater = Inflater::new(Compression::ZlibStream);
        let hello = inflater.push(&frames[0]).unwrap().map(json);
        assert_eq!(hello.as_ref(), recorded.messages.first());
        let error = inflater.push(&frames[1]).unwrap_err();
        assert!(matches!(error, InflateError::Corrupt(_)), "{error}");
    }

    #[test]
    fn case_e10_flipped_bits_do_not_panic() {
        flip_bits(&Recorded::read(recorded::ZLIB), Compression::ZlibStream);
    }

    #[test]
    fn case_e11_malformed_json_and_invalid_utf8_are_found() {
        let recorded = Recorded::read(recorded::ZLIB_BAD_TEXT);
        let frames = recorded.frames();
        let mut inflater = Inflater::new(Compression::ZlibStream);
        inflater.push(&frames[0]).unwrap();
        let truncated = inflater.push(&frames[1]).unwrap().unwrap();
        assert!(serde_json::from_str::<Value>(truncated).is_err());
        assert_eq!(inflater.push(&frames[2]), Err(InflateError::NotUtf8));
    }

    #[test]
    fn case_e13_each_compressed_payload_is_a_stream_of_its_own() {
        let recorded = Recorded::read(recorded::PAYLOAD);
        let mut inflater = Inflater::new(Compression::None);
        for _ in 0..2 {
            for (frame, message) in recorded.frames().into_iter().zip(&recorded.messages) {
                assert_eq!(
                    inflater.push(&frame).unwrap().map(json).as_ref(),
                    Some(message)
                );
            }
        }
        let whole = finish(&mut stream(), br#"{"op":11}"#, FlushCompress::Finish);
        assert_eq!(inflater.push(&whole), Ok(Some(r#"{"op":11}"#)));
        let part = &whole[..whole.len() - 1];
        assert_eq!(inflater.push(part), Err(InflateError::Incomplete));
    }

    #[test]
    fn case_e14_a_decompression_bomb_is_refused_and_memory_stays_bounded() {
        const MAX_BYTES: usize = 4 << 20;
        let mut stream = stream();
        let bomb = compress(&mut stream, &vec![b' '; MAX_BYTES + 1]);
        assert!(bomb.len() < MAX_BYTES / 500);
        let mut refused = None;
        let memory = allocation_counter::measure(|| {
            let mut inflater = Inflater::with_max_bytes(Compression::ZlibStream, MAX_BYTES);
            refused = inflater.push(&bomb).err();
        });
        assert_eq!(refused, Some(InflateError::TooLong(MAX_BYTES)));
        // A growing buffer may exist twice for a moment, and the decoder has buffers of its own.
        let bound = u64::try_from(2 * MAX_BYTES + (64 << 10)).unwrap();
        assert!(memory.bytes_max < bound, "{memory:?}");
        // One byte less is accepted.
        let mut inflater = Inflater::with_max_bytes(Compression::ZlibStream, MAX_BYTES);
        let frame = compress(&mut self::stream(), &vec![b' '; MAX_BYTES]);
        assert_eq!(
            inflater.push(&frame).unwrap().map(str::len),
            Some(MAX_BYTES)
        );
    }

    #[test]
    fn case_e14_a_decompression_bomb_in_many_frames_is_refused() {
        const MAX_BYTES: usize = 1 << 20;
        let bomb = compress(&mut stream(), &vec![b' '; MAX_BYTES + 1]);
        let mut inflater = Inflater::with_max_bytes(Compression::ZlibStream, MAX_BYTES);
        let refused = bomb.chunks(16).find_map(|frame| inflater.push(frame).err());
        assert_eq!(refused, Some(InflateError::TooLong(MAX_BYTES)));
    }

    #[test]
    fn the_end_of_the_stream_is_an_error() {
        let frame = finish(&mut stream(), br#"{"op":11}"#, FlushCompress::Finish);
        let mut inflater = Inflater::new(Compression::ZlibStream);
        assert_eq!(inflater.push(&frame), Err(InflateError::Ended));
    }

    #[test]
    fn after_the_first_messages_nothing_is_allocated() {
        let (mut stream, mut inflater) = (stream(), Inflater::new(Compression::ZlibStream));
        let frames: Vec<_> = (0..100)
            .map(|s| {
                let text = format!(r#"{{"t":"X","s":{s},"op":0,"d":{{"content":"message {s}"}}}}"#);
                compress(&mut stream, text.as_bytes())
            })
            .collect();
        let (first, others) = frames.split_first().unwrap();
        inflater.push(first).unwrap();
        let memory = allocation_counter::measure(|| {
            for frame in others {
                assert!(inflater.push(frame).unwrap().is_some());
            }
        });
        assert_eq!(memory.count_total, 0, "{memory:?}");
    }
}

#[cfg(feature = "zstd")]
mod zstd {
    use zstd_safe::zstd_sys::ZSTD_EndDirective;
    use zstd_safe::{CCtx, CParameter};

    use super::*;

    fn stream(window: u32) -> CCtx<'static> {
        let mut stream = CCtx::create();
        stream.set_parameter(CParameter::WindowLog(window)).unwrap();
        stream
    }

    /// The next message of a stream.
    fn compress(stream: &mut CCtx<'static>, text: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(text.len() + 1024);
        let mut into = zstd_safe::OutBuffer::around(&mut frame);
        let mut from = zstd_safe::InBuffer::around(text);
        let flush = ZSTD_EndDirective::ZSTD_e_flush;
        assert_eq!(stream.compress_stream2(&mut into, &mut from, flush), Ok(0));
        frame
    }

    #[test]
    fn case_e12_each_frame_is_a_message() {
        let recorded = Recorded::read(recorded::ZSTD);
        let mut inflater = Inflater::new(Compression::ZstdStream);
        assert_eq!(recorded.frames().len(), recorded.messages.len());
        for (frame, message) in recorded.frames().into_iter().zip(&recorded.messages) {
            assert_eq!(
                inflater.push(&frame).unwrap().map(json).as_ref(),
                Some(message)
            );
        }
    }

    #[test]
    fn case_e12_large_messages_are_complete() {
        let (mut stream, mut inflater) = (stream(18), Inflater::new(Compression::ZstdStream));
        for length in [8 << 10, (16 << 10) - 1, 64 << 10, (64 << 10) + 1, 5 << 20] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let frame = compress(&mut stream, text.as_bytes());
            assert!(inflater.push(&frame) == Ok(Some(&text)), "{length}");
        }
    }

    #[test]
    fn case_e12_flipped_bits_do_not_panic() {
        flip_bits(&Recorded::read(recorded::ZSTD), Compression::ZstdStream);
    }

    #[test]
    fn case_e14_a_zstd_decompression_bomb_is_refused() {
        const MAX_BYTES: usize = 4 << 20;
        let bomb = compress(&mut stream(18), &vec![b' '; MAX_BYTES + 1]);
        let mut inflater = Inflater::with_max_bytes(Compression::ZstdStream, MAX_BYTES);
        assert_eq!(inflater.push(&bomb), Err(InflateError::TooLong(MAX_BYTES)));
    }

    #[test]
    fn a_window_of_more_than_8_mib_is_refused() {
        for (window, accepted) in [(23, true), (24, false)] {
            let frame = compress(&mut stream(window), br#"{"op":11}"#);
            let mut inflater = Inflater::new(Compression::ZstdStream);
            assert_eq!(inflater.push(&frame).is_ok(), accepted, "{window}");
        }
    }

    #[test]
    fn after_the_first_messages_nothing_is_allocated() {
        let (mut stream, mut inflater) = (stream(18), Inflater::new(Compression::ZstdStream));
        let text = br#"{"t":"X","s":1,"op":0,"d":{"content":"message"}}"#;
        inflater.push(&compress(&mut stream, text)).unwrap();
        let frame = compress(&mut stream, text);
        // Memory of the C library is not counted.
        let memory = allocation_counter::measure(|| {
            assert!(inflater.push(&frame).unwrap().is_some());
        });
        assert_eq!(memory.count_total, 0, "{memory:?}");
    }
}
