//! WebSocket frames of a server, which are not masked.

/// The payload of the frame at the start of the bytes, and the length of the frame, if it is complete.
/// Discord does not split messages, so each frame is a message.
pub(crate) fn next(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (start, length) = match *bytes.get(1)? {
        126 => {
            let length = bytes.get(2..4)?.try_into().ok()?;
            (4, usize::from(u16::from_be_bytes(length)))
        }
        127 => {
            let length = bytes.get(2..10)?.try_into().ok()?;
            (10, usize::try_from(u64::from_be_bytes(length)).ok()?)
        }
        length => (2, usize::from(length)),
    };
    Some((bytes.get(start..start + length)?, start + length))
}

/// A text frame of a client. The mask is zero, so the payload stays as it is.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    // The last frame of a text; masked, and a length of two bytes follows.
    let mut frame = vec![0x81, 0xfe];
    let length = u16::try_from(payload.len()).expect("it is short");
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(payload.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_complete_or_not_there() {
        assert_eq!(next(&[0x81, 2, b'{', b'}', 0x81]), Some((&b"{}"[..], 4)));
        let mut long = vec![0x82, 126, 1, 0];
        long.extend([7; 256]);
        assert_eq!(next(&long), Some((&[7; 256][..], 260)));
        assert_eq!(next(&long[..259]), None);
        assert_eq!(next(&[0x82, 127, 0]), None);
    }
}
