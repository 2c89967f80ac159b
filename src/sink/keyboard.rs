//! What a terminal sends, as keys: whatever else comes, answers that nobody asked for and pastes without an end too,
//! the keys after it are heard.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// How long the rest of a key is waited for: until then, Esc may be the beginning of one.
const REST: Duration = Duration::from_millis(50);
/// How long the rest of an answer is waited for, and of a paste of which nothing more comes but single keys.
const END: Duration = Duration::from_millis(500);
/// Bytes that come at once when something is pasted, and not when a key is pressed.
const BULK: usize = 16;
/// Bytes of a sequence that are of interest.
const LONGEST: usize = 32;
/// What ends a paste.
const PASTED: &[u8] = b"\x1b[201~";

/// How far a sequence is.
#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// The first bytes of a character.
    Character(Vec<u8>),
    Escape,
    /// After `ESC O`.
    Single,
    /// After `ESC [`: what came since.
    Control(Vec<u8>),
    /// An answer in words, up to BEL or `ESC \`; whether the last byte was the ESC.
    Words(bool),
    /// A paste: how many bytes of its end came.
    Paste(usize),
}

/// Reads keys from bytes.
#[derive(Debug, Default)]
pub struct Keyboard {
    state: State,
}

impl Keyboard {
    /// How long more bytes are waited for, counted from the bytes that [`Keyboard::is_renewed_by`]; `None` where none
    /// are missing.
    pub fn patience(&self) -> Option<Duration> {
        match self.state {
            State::Ground => None,
            State::Escape => Some(REST),
            _ => Some(END),
        }
    }

    /// Whether so many bytes at once show that what is being read goes on.
    pub fn is_renewed_by(&self, bytes: usize) -> bool {
        bytes >= BULK
    }

    /// Takes bytes, and gives the keys that they end.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<KeyEvent> {
        let mut keys = Vec::new();
        for byte in bytes {
            self.step(*byte, &mut keys);
        }
        keys
    }

    /// No more bytes come of what was begun. An Esc alone is the key.
    pub fn give_up(&mut self) -> Option<KeyEvent> {
        let escape = matches!(self.state, State::Escape).then(|| KeyEvent::from(KeyCode::Esc));
        self.state = State::Ground;
        escape
    }

    fn step(&mut self, byte: u8, keys: &mut Vec<KeyEvent>) {
        self.state = match (std::mem::take(&mut self.state), byte) {
            (State::Paste(came), _) => paste(came, byte),
            (State::Words(_), 0x07) | (State::Words(true), b'\\') => State::Ground,
            (State::Words(false), 0x1b) => State::Words(true),
            (State::Words(false), 0x08..=0x0d | 0x20..) => State::Words(false),
            (State::Escape, 0x1b) => {
                keys.push(KeyCode::Esc.into());
                State::Escape
            }
            (_, 0x1b) => State::Escape,
            (State::Escape | State::Words(true), b'[') => State::Control(Vec::new()),
            (State::Escape | State::Words(true), b'O') => State::Single,
            (State::Escape | State::Words(true), b']' | b'P' | b'X' | b'^' | b'_') => State::Words(false),
            (State::Control(came), 0x20..=0x3f) => control(came, byte),
            // the console's F1 to F5 have two brackets
            (State::Control(came), b'[') if came.is_empty() => control(came, byte),
            (State::Control(came), 0x40..=0x7e) => return self.end_of_control(&came, byte, keys),
            (State::Single, 0x20..=0x7e) => {
                keys.extend(named(&[], byte).map(KeyEvent::from));
                State::Ground
            }
            (State::Escape, 0x20..=0x7e) => {
                keys.push(KeyEvent::new(KeyCode::Char(byte.into()), KeyModifiers::ALT));
                State::Ground
            }
            (State::Character(came), 0x80..=0xbf) => character(came, byte, keys),
            (_, 0xc2..=0xf4) => State::Character(vec![byte]),
            // Ctrl-C is heard in the middle of a sequence, too
            (_, ..=0x7f) => {
                keys.push(plain(byte));
                State::Ground
            }
            _ => State::Ground,
        };
    }

    fn end_of_control(&mut self, came: &[u8], last: u8, keys: &mut Vec<KeyEvent>) {
        if (came, last) == (b"200", b'~') {
            self.state = State::Paste(0);
            return;
        }
        let text = std::str::from_utf8(came).unwrap_or("?");
        let numbers: Option<Vec<u8>> =
            text.split(';').map(|number| if number.is_empty() { Some(1) } else { number.parse().ok() }).collect();
        let Some(numbers) = numbers else { return };
        if let Some(code) = named(&numbers, last) {
            keys.push(KeyEvent::new(code, modifiers(&numbers, code)));
        }
    }
}

fn paste(came: usize, byte: u8) -> State {
    match PASTED.get(came) {
        Some(next) if *next == byte && came + 1 == PASTED.len() => State::Ground,
        Some(next) if *next == byte => State::Paste(came + 1),
        _ => State::Paste((byte == 0x1b).into()),
    }
}

/// Too long a sequence is no key's, and its end is awaited all the same.
fn control(mut came: Vec<u8>, byte: u8) -> State {
    if came.len() < LONGEST {
        came.push(byte);
    }
    State::Control(came)
}

fn character(mut came: Vec<u8>, byte: u8, keys: &mut Vec<KeyEvent>) -> State {
    came.push(byte);
    match std::str::from_utf8(&came) {
        Ok(text) => {
            keys.extend(text.chars().map(|character| KeyEvent::from(KeyCode::Char(character))));
            State::Ground
        }
        Err(error) if error.error_len().is_none() => State::Character(came),
        Err(_) => State::Ground,
    }
}

/// A key of one byte.
fn plain(byte: u8) -> KeyEvent {
    match byte {
        b'\r' | b'\n' => KeyCode::Enter.into(),
        b'\t' => KeyCode::Tab.into(),
        0x7f => KeyCode::Backspace.into(),
        0 => KeyEvent::new(KeyCode::Char(' '), KeyModifiers::CONTROL),
        1..=26 => KeyEvent::new(KeyCode::Char((byte - 1 + b'a').into()), KeyModifiers::CONTROL),
        28..=31 => KeyEvent::new(KeyCode::Char((byte - 28 + b'4').into()), KeyModifiers::CONTROL),
        b'A'..=b'Z' => KeyEvent::new(KeyCode::Char(byte.into()), KeyModifiers::SHIFT),
        _ => KeyCode::Char(byte.into()).into(),
    }
}

/// The key of a sequence, by its numbers and its last byte.
fn named(numbers: &[u8], last: u8) -> Option<KeyCode> {
    Some(match (last, numbers.first()) {
        (b'A', _) => KeyCode::Up,
        (b'B', _) => KeyCode::Down,
        (b'C', _) => KeyCode::Right,
        (b'D', _) => KeyCode::Left,
        (b'H', _) | (b'~', Some(1 | 7)) => KeyCode::Home,
        (b'F', _) | (b'~', Some(4 | 8)) => KeyCode::End,
        (b'Z', _) => KeyCode::BackTab,
        (b'M', None) => KeyCode::Enter,
        (b'j'..=b'y', None) => KeyCode::Char((last - b'j' + b'*').into()),
        (b'P'..=b'S', None | Some(1)) => KeyCode::F(last - b'P' + 1),
        (b'~', Some(2)) => KeyCode::Insert,
        (b'~', Some(3)) => KeyCode::Delete,
        (b'~', Some(5)) => KeyCode::PageUp,
        (b'~', Some(6)) => KeyCode::PageDown,
        (b'~', Some(number @ 11..=15)) => KeyCode::F(number - 10),
        (b'~', Some(number @ 17..=21)) => KeyCode::F(number - 11),
        (b'~', Some(number @ 23..=24)) => KeyCode::F(number - 12),
        _ => return None,
    })
}

/// The second number is a mask and 1: Shift, Alt, Ctrl.
fn modifiers(numbers: &[u8], code: KeyCode) -> KeyModifiers {
    let mask = numbers.get(1).map_or(0, |number| number.saturating_sub(1));
    let of = |bit: u8, modifier| if mask & bit == 0 { KeyModifiers::NONE } else { modifier };
    let shift = if code == KeyCode::BackTab { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    shift | of(1, KeyModifiers::SHIFT) | of(2, KeyModifiers::ALT) | of(4, KeyModifiers::CONTROL)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(bytes: &[u8]) -> Vec<KeyCode> {
        Keyboard::default().take(bytes).into_iter().map(|key| key.code).collect()
    }

    #[test]
    fn keys_are_read_in_any_of_their_forms() {
        use KeyCode::*;
        for (bytes, code) in [
            ("q", Char('q')),
            ("é", Char('é')),
            ("\t", Tab),
            ("\r", Enter),
            ("\x1b[Z", BackTab),
            ("\x1b[A", Up),
            ("\x1bOA", Up),
            ("\x1b[1;5B", Down),
            ("\x1b[5~", PageUp),
            ("\x1b[6~", PageDown),
            ("\x1b[H", Home),
            ("\x1b[1~", Home),
            ("\x1b[7~", Home),
            ("\x1bOF", End),
            ("\x1b[4~", End),
            ("\x1bOP", F(1)),
            ("\x1b[24~", F(12)),
        ] {
            assert_eq!(codes(bytes.as_bytes()), [code], "{bytes:?}");
        }
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(Keyboard::default().take(b"\x03"), [ctrl_c]);
        let up = KeyEvent::new(KeyCode::Up, KeyModifiers::CONTROL);
        assert_eq!(Keyboard::default().take(b"\x1b[1;5A"), [up]);
        let alt = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::ALT);
        assert_eq!(Keyboard::default().take(b"\x1bx"), [alt]);
    }

    #[test]
    fn answers_are_no_keys_and_the_keys_after_them_are_heard() {
        for answer in [
            "\x1b[?2026;2$y",
            "\x1b[?997;1n",
            "\x1b[?62;22c",
            "\x1b[12;40R",
            "\x1b]11;rgb:0000/0000/0000\x1b\\",
            "\x1b]52;c;cXFxcQ==\x07",
            "\x1bP1$r0m\x1b\\",
            "\x1b[I",
            "\x1b[?0u",
            "\x1b[[",
        ] {
            let heard = codes(format!("{answer}q").as_bytes());
            assert!(heard == [KeyCode::Char('q')] || answer == "\x1b[[", "{answer:?}: {heard:?}");
            assert_eq!(codes(format!("{answer}\x03").as_bytes()), [KeyCode::Char('c')], "{answer:?}");
        }
    }

    #[test]
    fn what_is_pasted_is_no_key() {
        assert_eq!(codes(b"\x1b[200~q\x03\x1b[A\x1b[20\x1b[201~x"), [KeyCode::Char('x')]);
    }

    #[test]
    fn an_escape_alone_is_the_key_and_nothing_else_that_has_no_end() {
        let mut keyboard = Keyboard::default();
        assert!(keyboard.take(b"\x1b").is_empty());
        assert_eq!(keyboard.patience(), Some(REST));
        assert_eq!(keyboard.give_up(), Some(KeyCode::Esc.into()));
        for begun in ["\x1b[200~pasted", "\x1b]11;", "\x1b[?2026", "\x1bP"] {
            let mut keyboard = Keyboard::default();
            keyboard.take(begun.as_bytes());
            assert_eq!(keyboard.give_up(), None);
            assert_eq!((keyboard.patience(), keyboard.take(b"q")), (None, vec![KeyCode::Char('q').into()]));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_leave_the_keyboard_alive(bytes: Vec<u8>) {
            let mut keyboard = Keyboard::default();
            keyboard.take(&bytes);
            keyboard.give_up();
            prop_assert_eq!(keyboard.take(b"q"), vec![KeyEvent::from(KeyCode::Char('q'))]);
        }
    }
}
