//! What a key means. The footer and the help page are printed from this table.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Leave.
    Quit,
    /// Leave as an interrupted program does.
    Interrupt,
    /// Give the terminal back to the shell for a while.
    Suspend,
    /// Close what lies over the watch.
    Back,
    /// The keys.
    Help,
    /// What was configured.
    Options,
    /// What happened.
    Events,
    /// The answer verbatim.
    Raw,
    /// A line up.
    Up,
    /// A line down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the beginning.
    Top,
    /// To the end.
    Bottom,
    /// Put the ARN on the clipboard.
    Copy,
    /// The hand-over page, on the clipboard and as a file.
    HandOver,
    /// The chart over a longer time.
    Wider,
    /// The chart over a shorter time.
    Narrower,
    /// The chart of bytes, or of files.
    Measure,
    /// The next transfer.
    Next,
    /// The transfer before.
    Previous,
    /// Draw everything anew.
    Redraw,
    /// Something that only a replay can do.
    Replay(Control),
}

/// What a person can ask a replay for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Control {
    /// Play, or pause.
    Toggle,
    /// Faster.
    Faster,
    /// Slower.
    Slower,
    /// To the next change, and pause.
    NextChange,
    /// To the change before, and pause.
    PreviousChange,
    /// To the next event, and pause.
    NextEvent,
    /// To the event before, and pause.
    PreviousEvent,
    /// To the beginning.
    Begin,
    /// To the end.
    End,
}

/// A key and what it means.
#[derive(Debug)]
pub struct Binding {
    code: KeyCode,
    control: bool,
    /// What it means.
    pub action: Action,
    /// How the key is printed.
    pub key: &'static str,
    /// A word for the footer; empty if it is not worth its place there.
    pub label: &'static str,
    /// A sentence for the help page; empty where another key's line says it.
    pub help: &'static str,
}

const fn key(code: KeyCode, action: Action, key: &'static str, label: &'static str, help: &'static str) -> Binding {
    Binding { code, control: false, action, key, label, help }
}

const fn with_control(letter: char, action: Action, key: &'static str, help: &'static str) -> Binding {
    Binding { code: KeyCode::Char(letter), control: true, action, key, label: "", help }
}

/// All keys, in the order of the footer and the help page.
pub const KEYMAP: &[Binding] = &[
    key(KeyCode::Char('q'), Action::Quit, "q", "quit", "leave; the last state stays in the scrollback"),
    key(KeyCode::Char('?'), Action::Help, "?", "help", "this page"),
    key(KeyCode::Char('o'), Action::Options, "o", "options", "what was configured, in words"),
    key(KeyCode::Char('e'), Action::Events, "e", "events", "everything that happened while watching"),
    key(KeyCode::Char('r'), Action::Raw, "r", "raw", "the service's answer verbatim, changes marked"),
    key(KeyCode::Left, Action::Wider, "← -", "", "the chart over a longer time, up to all of the watch"),
    key(KeyCode::Char('-'), Action::Wider, "", "", ""),
    key(KeyCode::Right, Action::Narrower, "→ +", "", "the chart over a shorter time, down to five minutes"),
    key(KeyCode::Char('+'), Action::Narrower, "", "", ""),
    key(KeyCode::Char('b'), Action::Measure, "b", "", "the chart of bytes, or of files"),
    key(KeyCode::Char('y'), Action::Copy, "y", "", "copy the ARN to the clipboard"),
    key(KeyCode::Char('h'), Action::HandOver, "h", "", "hand over: copy a page in Markdown, and write it to a file"),
    key(KeyCode::Esc, Action::Back, "Esc", "", "back to the watch"),
    key(KeyCode::Tab, Action::Next, "Tab", "", "the next transfer, where there are several"),
    key(KeyCode::BackTab, Action::Previous, "Shift-Tab", "", "the transfer before"),
    key(KeyCode::Up, Action::Up, "↑ k", "", "a line up"),
    key(KeyCode::Char('k'), Action::Up, "", "", ""),
    key(KeyCode::Down, Action::Down, "↓ j", "", "a line down"),
    key(KeyCode::Char('j'), Action::Down, "", "", ""),
    key(KeyCode::PageUp, Action::PageUp, "PgUp", "", "a page up"),
    key(KeyCode::PageDown, Action::PageDown, "PgDn Space", "", "a page down"),
    key(KeyCode::Char(' '), Action::PageDown, "", "", ""),
    key(KeyCode::Home, Action::Top, "Home g", "", "to the beginning"),
    key(KeyCode::Char('g'), Action::Top, "", "", ""),
    key(KeyCode::End, Action::Bottom, "End G", "", "to the end"),
    key(KeyCode::Char('G'), Action::Bottom, "", "", ""),
    with_control('c', Action::Interrupt, "Ctrl-C", "leave, with exit code 130"),
    with_control('z', Action::Suspend, "Ctrl-Z", "back to the shell; fg returns"),
    with_control('l', Action::Redraw, "Ctrl-L", "draw everything anew"),
];

const fn replay(
    code: KeyCode,
    control: Control,
    key: &'static str,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { code, control: false, action: Action::Replay(control), key, label, help }
}

/// The keys of a replay, which come before the others.
pub const REPLAY: &[Binding] = &[
    replay(KeyCode::Char(' '), Control::Toggle, "Space", "play", "play, and pause; on a page, a page down"),
    replay(KeyCode::Char(']'), Control::NextEvent, "[ ]", "event", "to the event before, to the next one"),
    replay(KeyCode::Char('['), Control::PreviousEvent, "", "", ""),
    replay(KeyCode::Char('.'), Control::NextChange, ", .", "step", "to the change before, to the next one"),
    replay(KeyCode::Char(','), Control::PreviousChange, "", "", ""),
    replay(KeyCode::Char('>'), Control::Faster, "< >", "speed", "slower, faster: from 1x to 10,000x"),
    replay(KeyCode::Char('<'), Control::Slower, "", "", ""),
    replay(KeyCode::Home, Control::Begin, "Home End", "", "to the beginning and the end; on a page, of the page"),
    replay(KeyCode::End, Control::End, "", "", ""),
];

/// What a key means in a replay; `None` if it is none of the replay's own. On a page, the keys that scroll there go
/// on doing so.
pub fn control(event: &KeyEvent, on_a_page: bool) -> Option<Action> {
    let scrolls = matches!(event.code, KeyCode::Char(' ') | KeyCode::Home | KeyCode::End);
    meaning(REPLAY, event).filter(|_| !(on_a_page && scrolls))
}

/// What a key means; `None` if nothing, or if it is a key's release.
pub fn action(event: &KeyEvent) -> Option<Action> {
    meaning(KEYMAP, event)
}

fn meaning(keymap: &[Binding], event: &KeyEvent) -> Option<Action> {
    if event.kind == KeyEventKind::Release || event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER) {
        return None;
    }
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    keymap.iter().find(|binding| binding.code == event.code && binding.control == control).map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_table_says() {
        let plain = |code| action(&KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(plain(KeyCode::Char('q')), Some(Action::Quit));
        assert_eq!(plain(KeyCode::Char('Q')), None);
        assert_eq!(plain(KeyCode::Char('c')), None);
        assert_eq!(action(&KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT)), Some(Action::Bottom));
        assert_eq!(action(&KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Some(Action::Interrupt));
        assert_eq!(action(&KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT)), None);
        let release = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(action(&release), None);
    }

    #[test]
    fn no_key_means_two_things_and_every_action_is_in_the_help() {
        for keymap in [KEYMAP, REPLAY] {
            for (place, binding) in keymap.iter().enumerate() {
                let twin =
                    keymap[..place].iter().find(|other| (other.code, other.control) == (binding.code, binding.control));
                assert!(twin.is_none(), "{binding:?}");
                // of two opposite keys, one line names both
                let told = |other: &Binding| other.action == binding.action && !other.help.is_empty();
                let with_the_one_before = binding.help.is_empty() && !keymap[place - 1].help.is_empty();
                assert!(keymap.iter().any(told) || with_the_one_before, "{binding:?}");
            }
        }
    }
}
