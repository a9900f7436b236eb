//! Frames as bytes: the header of a frame of the server, and whole frames of the client. Pure.

/// Meaning of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

const FIN: u8 = 0x80;
const RESERVED_BITS: u8 = 0x70;
const MASK: u8 = 0x80;
const LENGTH_IS_U16: u8 = 126;
const LENGTH_IS_U64: u8 = 127;
/// A control frame may not have a longer payload.
pub(super) const MAX_CONTROL_BYTES: usize = 125;

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Header of a frame that the server sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    /// Whether the frame completes its message.
    pub(super) is_final: bool,
    /// Length of the header itself.
    pub(super) length: usize,
    pub(super) payload: usize,
}

impl Header {
    /// Parses the header at the start of `bytes`. Returns `None` if it is incomplete.
    ///
    /// # Errors
    ///
    /// Says which rule of the protocol the frame breaks. Its payload may have `max` bytes.
    pub(super) fn parse(bytes: &[u8], max: usize) -> Result<Option<Self>, &'static str> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED_BITS != 0 {
            return Err("a reserved bit of a frame is set");
        }
        if second & MASK != 0 {
            return Err("a frame of the server is masked");
        }
        let opcode = Opcode::from_bits(first & 0xf).ok_or("a frame has an unknown opcode")?;
        let is_final = first & FIN != 0;
        let (length, payload) = match *second {
            LENGTH_IS_U16 => match rest.first_chunk() {
                Some(&bytes) => (4, u64::from(u16::from_be_bytes(bytes))),
                None => return Ok(None),
            },
            LENGTH_IS_U64 => match rest.first_chunk() {
                Some(&bytes) => (10, u64::from_be_bytes(bytes)),
                None => return Ok(None),
            },
            short => (2, u64::from(short)),
        };
        let payload = usize::try_from(payload).unwrap_or(usize::MAX);
        if opcode.is_control() && (!is_final || payload > MAX_CONTROL_BYTES) {
            return Err("a control frame is too long or in pieces");
        }
        if payload > max {
            return Err("a message is too long");
        }
        Ok(Some(Self {
            opcode,
            is_final,
            length,
            payload,
        }))
    }
}

/// A whole frame of a client. The mask must not be predictable.
pub(super) fn encode(opcode: Opcode, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(14 + payload.len());
    frame.push(FIN | opcode.bits());
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..LENGTH_IS_U16), _) => frame.push(MASK | length),
        (_, Ok(length)) => {
            frame.push(MASK | LENGTH_IS_U16);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(MASK | LENGTH_IS_U64);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// The code of a close frame, if it has one. Its reason is not used.
pub(super) fn close_code(payload: &[u8]) -> Option<u16> {
    payload.first_chunk().map(|&code| u16::from_be_bytes(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_parsed_once_it_is_complete() {
        let header = |payload, length| Header {
            opcode: Opcode::Text,
            is_final: true,
            length,
            payload,
        };
        for (bytes, expected) in [
            (&[0x81, 125][..], header(125, 2)),
            (&[0x81, 126, 1, 0], header(256, 4)),
            (&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0], header(65536, 10)),
        ] {
            assert_eq!(Header::parse(bytes, 1 << 20), Ok(Some(expected)));
            for end in 0..bytes.len() {
                assert_eq!(Header::parse(&bytes[..end], 1 << 20), Ok(None));
            }
        }
    }

    #[test]
    fn frames_that_break_the_protocol_are_errors() {
        for bytes in [
            [0xc1, 0],   // a reserved bit
            [0x81, 128], // masked
            [0x83, 0],   // an unknown opcode
            [0x09, 0],   // a ping in pieces
            [0x81, 101], // too long
        ] {
            assert!(Header::parse(&bytes, 100).is_err(), "{bytes:x?}");
        }
        assert!(
            Header::parse(&[0x89, 126, 0, 126], 1000).is_err(),
            "a long ping"
        );
        let endless = [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(Header::parse(&endless, 1000).is_err());
    }

    #[test]
    fn a_frame_of_the_client_is_masked() {
        let frame = encode(Opcode::Text, b"hello", [1, 2, 3, 4]);
        assert_eq!(frame[..6], [0x81, 0x85, 1, 2, 3, 4]);
        assert_eq!(
            frame[6..],
            [b'h' ^ 1, b'e' ^ 2, b'l' ^ 3, b'l' ^ 4, b'o' ^ 1]
        );
        assert_eq!(encode(Opcode::Ping, &[], [0; 4]), [0x89, 0x80, 0, 0, 0, 0]);
        let long = |length| encode(Opcode::Text, &vec![0; length], [0; 4]);
        assert_eq!(long(126)[1..4], [0xfe, 0, 126]);
        assert_eq!(long(65536)[1..10], [0xff, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
