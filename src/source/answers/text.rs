//! Bytes as text: UTF-16 as PowerShell writes it, and text without the colours of a terminal.

use std::borrow::Cow;

/// Whether a text begins as UTF-16 does: with a byte order mark, or with a character of ASCII in two bytes.
pub fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [1..=255, 0, 1..=255, 0, ..] | [0, 1..=255, 0, 1..=255, ..])
}

/// A text in UTF-16, in either order of bytes; what is no character becomes a replacement character.
pub fn from_utf16(bytes: &[u8]) -> String {
    let is_big = bytes.first().is_some_and(|first| matches!(first, 0 | 0xfe));
    let unit = |pair: &[u8]| match *pair {
        [high, low] if is_big => u16::from_be_bytes([high, low]),
        [low, high] => u16::from_le_bytes([low, high]),
        _ => u16::from(b' '),
    };
    let units = bytes.chunks(2).map(unit);
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.trim_start_matches('\u{feff}').to_owned()
}

/// Bytes in UTF-8, without what sets the colour on a terminal. Borrowed where nothing had to be changed.
pub fn plain(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    if memchr::memchr(0x1b, text.as_bytes()).is_none() {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut pieces = text.split('\u{1b}');
    plain.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        plain.push_str(without_sequence(piece));
    }
    plain.into()
}

/// What comes after an escape character, without the sequence that it begins: `[`, parameters, and a letter.
fn without_sequence(piece: &str) -> &str {
    let Some(parameters) = piece.strip_prefix('[') else { return piece };
    let end = parameters.find(|c: char| !matches!(c, '0'..='?'));
    match end.map(|end| &parameters[end..]) {
        Some(rest) if rest.starts_with(|c: char| matches!(c, '@'..='~')) => &rest[1..],
        _ => parameters,
    }
}

/// Whether bytes are no text at all, as those of a program or of a packed file.
pub fn is_binary(bytes: &[u8]) -> bool {
    let beginning = &bytes[..bytes.len().min(1 << 16)];
    memchr::memchr(0, beginning).is_some()
        || beginning.starts_with(b"\x1f\x8b")
        || beginning.starts_with(b"\x28\xb5\x2f\xfd")
        || beginning.starts_with(b"PK\x03\x04")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, is_big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn utf16_is_known_and_read() {
        let text = "{\"Status\":\"ERROR\",\"Ü\":\"🚚\"}";
        for is_big in [true, false] {
            for marked in [text.to_owned(), format!("\u{feff}{text}")] {
                let bytes = utf16(&marked, is_big);
                assert!(is_utf16(&bytes));
                assert_eq!(from_utf16(&bytes), text);
            }
        }
        for other in [&b""[..], b"{", b"{}", b"{\"a\":1}", "Ü\u{1f69a}".as_bytes(), b"\x1f\x8b\x08\x00\xff\xfe"] {
            assert!(!is_utf16(other), "{other:?}");
        }
    }

    #[test]
    fn colours_are_left_out() {
        let coloured =
            "\u{1b}[1;39m{\u{1b}[0m\u{1b}[34;1m\"Status\"\u{1b}[0m: \u{1b}[38:2::1:2:3m\"ERROR\"\u{1b}[m}\u{1b}[K";
        assert_eq!(plain(coloured.as_bytes()), "{\"Status\": \"ERROR\"}");
        assert_eq!(plain(b"\x1b[31"), "31");
        assert_eq!(plain("a\u{1b}ü\u{1b}[ü".as_bytes()), "aüü");
        assert!(matches!(plain(b"{}"), Cow::Borrowed("{}")));
        assert_eq!(plain(b"\xff{}"), "\u{fffd}{}");
    }
}
