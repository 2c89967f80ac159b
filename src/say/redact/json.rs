//! A JSON text with other strings in it, everything else as it was written. It never fails, so nothing is let through
//! for want of understanding: any depth, any number, lone surrogates.

use serde::de::{Deserializer, Visitor};

use crate::say::json_lines::Tokens;

/// A string or another value of a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The name of the member that it is the value of, or is in an array of; empty for none.
    pub member: &'a str,
    /// Whether it is a name of a member itself.
    pub is_name: bool,
    /// Whether it is below the member `Options`.
    pub in_options: bool,
    /// Whether it was written as a string, and not as a number or a word.
    pub is_string: bool,
}

/// Goes through the strings, numbers and words of a JSON text, and puts in place of each what `change` makes of it,
/// as a string. Where that is `None`, it stays as it was written.
pub fn rewrite(json: &str, mut change: impl FnMut(Place, &str) -> Option<String>) -> String {
    let mut out = String::with_capacity(json.len());
    // of each level: whether it is an object's, and whether it is in the options
    let mut levels: Vec<(bool, bool)> = Vec::new();
    let (mut member, mut expects_name) = (String::new(), false);
    for token in Tokens::of(json) {
        let (in_object, in_options) = levels.last().copied().unwrap_or_default();
        match token {
            "{" | "[" => {
                levels.push((token == "{", in_options || member == "Options"));
                expects_name = token == "{";
            }
            "}" | "]" => {
                levels.pop();
                expects_name = false;
            }
            "," => expects_name = in_object,
            ":" => expects_name = false,
            _ => {
                let is_string = token.starts_with('"');
                let is_name = expects_name && is_string;
                let text = if is_string { string(token) } else { token.to_owned() };
                if is_name {
                    member.clone_from(&text);
                }
                let place = Place { member: if is_name { "" } else { &member }, is_name, in_options, is_string };
                match change(place, &text) {
                    Some(other) => out.push_str(&serde_json::Value::from(other).to_string()),
                    None => out.push_str(token),
                }
                continue;
            }
        }
        out.push_str(token);
    }
    out
}

/// What a string of JSON says; U+FFFD stands for what is no character.
fn string(token: &str) -> String {
    let mut reader = serde_json::Deserializer::from_str(token);
    // as bytes, a lone surrogate can be read too
    reader.deserialize_bytes(Bytes).unwrap_or_else(|_| token.to_owned())
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}
