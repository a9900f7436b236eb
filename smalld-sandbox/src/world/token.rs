//! Tokens in Discord's format: the bot's id in base64, six letters, and a longer secret.

/// A new token for the bot with this id.
pub(crate) fn invent(bot_id: &str) -> String {
    format!(
        "{}.{}.{}",
        base64(bot_id.as_bytes()),
        letters(6),
        letters(38)
    )
}

/// The token without the prefix `Bot `, which REST needs and some clients also send to the gateway.
pub(crate) fn bare(token: &str) -> &str {
    token.strip_prefix("Bot ").unwrap_or(token)
}

/// Random letters and digits.
pub(crate) fn letters(count: usize) -> String {
    (0..count).map(|_| fastrand::alphanumeric()).collect()
}

/// A random hash of an image.
pub(crate) fn image_hash() -> String {
    hexadecimal(32)
}

/// Random hexadecimal digits.
pub(crate) fn hexadecimal(count: usize) -> String {
    (0..count).map(|_| fastrand::digit(16)).collect()
}

/// Base64 with the alphabet for URLs, without padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        let digits = (0..=group.len()).map(|place| ALPHABET[bits >> (18 - 6 * place) & 63]);
        text.extend(digits.map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_begins_with_the_bots_id() {
        let token = invent("12345");
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts[0], "MTIzNDU");
        assert_eq!((parts.len(), parts[1].len(), parts[2].len()), (3, 6, 38));
    }

    #[test]
    fn base64_has_no_padding() {
        assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw");
        assert_eq!(base64(&[0xfb, 0xff]), "-_8");
    }
}
