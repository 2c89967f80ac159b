//! Foreign text without what looks like a secret: keys, tokens, passwords, and the user of a URL.

use crate::say::text::without_userinfo;

/// What stands in the place of a secret.
const MASK: &str = "***";
/// Names whose values are secret, without their separators and in lower case.
const NAMES: [&str; 9] =
    ["secret", "password", "passwd", "pwd", "token", "accesskey", "accesskeyid", "apikey", "authorization"];
/// Random text of at least this length is taken for a key, in characters.
const LEAST_KEY: usize = 20;

/// The text without what looks like a key, the value of a secret's name, or the user of a URL.
pub fn without_secrets(text: &str) -> String {
    let text = without_userinfo(text);
    let mut masked = String::with_capacity(text.len());
    let mut is_value = false;
    for (word, gap) in words(&text) {
        let is_secret = is_value || looks_random(word);
        masked.push_str(if is_secret && !word.is_empty() { MASK } else { word });
        masked.push_str(gap);
        let names_one = is_secret_name(word) && gap.contains(['=', ':']);
        let is_scheme = ["bearer", "basic"].contains(&word.to_lowercase().as_str());
        is_value = names_one || is_scheme || (is_value && word.is_empty());
    }
    masked
}

/// The words of a text, each with what separates it from the next one.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let in_word = |c: char| c.is_alphanumeric() || "+/_-.".contains(c);
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, after) = rest.split_at(rest.find(|c| !in_word(c)).unwrap_or(rest.len()));
        let (gap, after) = after.split_at(after.find(in_word).unwrap_or(after.len()));
        rest = after;
        Some((word, gap))
    })
}

fn is_secret_name(word: &str) -> bool {
    let name: String = word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    NAMES.iter().any(|secret| name.ends_with(secret))
}

/// Access key ids, and what is too long and too mixed to be a word, a path or a host.
fn looks_random(word: &str) -> bool {
    let has = |kind: fn(&char) -> bool| word.chars().any(|c| kind(&c));
    let is_id = ["AKIA", "ASIA"].iter().any(|prefix| word.starts_with(prefix)) && word.len() >= 16;
    let is_mixed = has(char::is_ascii_digit) && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
    let is_hex = word.len() >= 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    let is_path = word.starts_with(['/', '.']);
    is_id || is_hex || word.len() >= LEAST_KEY && is_mixed && !(is_path && word.len() < 2 * LEAST_KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_masked_and_words_are_not() {
        for (text, shown) in [
            ("vault is sealed", "vault is sealed"),
            (
                "/usr/local/bin/credential-helper: line 3: not found",
                "/usr/local/bin/credential-helper: line 3: not found",
            ),
            ("key AKIAIOSFODNN7EXAMPLE is old", "key *** is old"),
            ("got wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "got ***"),
            ("{\"SecretAccessKey\": \"s3cr3t\"}", "{\"SecretAccessKey\": \"***\"}"),
            ("password=hunter2 user=me", "password=*** user=me"),
            ("Authorization: Bearer abc", "Authorization: *** ***"),
            ("at https://me:hunter2@vault.example/v1", "at https://***@vault.example/v1"),
            ("at https://vault.example/a@b", "at https://vault.example/a@b"),
            ("0123456789abcdef0123456789abcdef", "***"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_masked_and_a_password_never_shown(text in "\\PC{0,80}", password in "[a-z]{9}") {
            let url = format!("{text} http://u:{password}@h/");
            proptest::prop_assert!(!without_secrets(&url).contains(&password));
        }
    }
}
