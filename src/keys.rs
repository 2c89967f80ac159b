//! What a key means. The footer and the help page are printed from this table.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Quit with exit code 0.
    Quit,
    /// Quit with exit code 130, as an interrupted program does.
    Interrupt,
    /// Stop the job and go back to the shell.
    Suspend,
    /// Close the page over the watch.
    Back,
    /// Open or close the keys.
    Help,
    /// Open or close the options.
    Options,
    /// Open or close the events.
    Events,
    /// Open or close the response verbatim.
    Raw,
    /// Scroll one line up.
    Up,
    /// Scroll one line down.
    Down,
    /// Scroll one page up.
    PageUp,
    /// Scroll one page down.
    PageDown,
    /// Scroll to the first line.
    Top,
    /// Scroll to the last line.
    Bottom,
    /// Copy the ARN.
    Copy,
    /// Copy the `aws` command that tells most of the transfer.
    CopyCommand,
    /// Copy and save the handoff report.
    HandOver,
    /// Chart a longer time.
    Wider,
    /// Chart a shorter time.
    Narrower,
    /// Chart bytes or files.
    Measure,
    /// Read an earlier moment of the chart.
    CursorBack,
    /// Read a later moment of the chart.
    CursorForward,
    /// Select the next transfer.
    Next,
    /// Select the previous transfer.
    Previous,
    /// Redraw the whole screen.
    Redraw,
    /// Control the player of a replay.
    Playback(Playback),
}

/// What a person can ask of the player of a replay. All jumps but the one to the beginning pause it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Playback {
    /// Play or pause.
    Toggle,
    /// The next speed up.
    Faster,
    /// The next speed down.
    Slower,
    /// Jump to the next change of the counters.
    NextChange,
    /// Jump to the previous change of the counters.
    PreviousChange,
    /// Jump to the next event.
    NextEvent,
    /// Jump to the previous event.
    PreviousEvent,
    /// Jump to the beginning.
    Begin,
    /// Jump to the end.
    End,
}

/// A key and what it means.
#[derive(Debug)]
pub struct Binding {
    code: KeyCode,
    /// Whether it is pressed together with Ctrl.
    ctrl: bool,
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
    Binding { code, ctrl: false, action, key, label, help }
}

const fn ctrl(letter: char, action: Action, key: &'static str, help: &'static str) -> Binding {
    Binding { code: KeyCode::Char(letter), ctrl: true, action, key, label: "", help }
}

/// All keys, in the order of the footer and the help page.
pub const KEYMAP: &[Binding] = &[
    key(KeyCode::Char('q'), Action::Quit, "q", "quit", "quit; the last state stays in the scrollback"),
    key(KeyCode::Char('?'), Action::Help, "?", "help", "this page"),
    key(KeyCode::Char('o'), Action::Options, "o", "options", "the task's options and filters, in words"),
    key(KeyCode::Char('e'), Action::Events, "e", "events", "all events since the watch began"),
    key(KeyCode::Char('r'), Action::Raw, "r", "raw", "the service's response verbatim, changes marked"),
    key(KeyCode::Left, Action::Wider, "← -", "range", "chart a longer time, up to the whole watch"),
    key(KeyCode::Char('-'), Action::Wider, "", "", ""),
    key(KeyCode::Right, Action::Narrower, "→ +", "", "chart a shorter time, down to five minutes"),
    key(KeyCode::Char('+'), Action::Narrower, "", "", ""),
    key(KeyCode::Char('b'), Action::Measure, "b", "bytes/files", "chart bytes or files"),
    key(
        KeyCode::Char('['),
        Action::CursorBack,
        "[ ]",
        "cursor",
        "read a moment of the chart: earlier, later; Esc ends it",
    ),
    key(KeyCode::Char(']'), Action::CursorForward, "", "", ""),
    key(KeyCode::Char('y'), Action::Copy, "y", "", "copy the ARN to the clipboard"),
    key(KeyCode::Char('c'), Action::CopyCommand, "c", "copy command", "copy the aws command for its log, or its state"),
    key(
        KeyCode::Char('h'),
        Action::HandOver,
        "h",
        "report",
        "handoff report: copy it as Markdown and save it to a file",
    ),
    key(KeyCode::Esc, Action::Back, "Esc", "", "back to the watch"),
    key(KeyCode::Tab, Action::Next, "Tab", "next", "next transfer"),
    key(KeyCode::BackTab, Action::Previous, "Shift-Tab", "", "previous transfer"),
    key(KeyCode::Up, Action::Up, "↑ k", "", "one line up"),
    key(KeyCode::Char('k'), Action::Up, "", "", ""),
    key(KeyCode::Down, Action::Down, "↓ j", "", "one line down"),
    key(KeyCode::Char('j'), Action::Down, "", "", ""),
    key(KeyCode::PageUp, Action::PageUp, "PgUp", "", "one page up"),
    key(KeyCode::PageDown, Action::PageDown, "PgDn Space", "", "one page down"),
    key(KeyCode::Char(' '), Action::PageDown, "", "", ""),
    key(KeyCode::Home, Action::Top, "Home g", "", "to the top"),
    key(KeyCode::Char('g'), Action::Top, "", "", ""),
    key(KeyCode::End, Action::Bottom, "End G", "", "to the bottom"),
    key(KeyCode::Char('G'), Action::Bottom, "", "", ""),
    ctrl('c', Action::Interrupt, "Ctrl-C", "quit with exit code 130"),
    ctrl('z', Action::Suspend, "Ctrl-Z", "back to the shell; fg returns"),
    ctrl('l', Action::Redraw, "Ctrl-L", "redraw"),
];

const fn play(
    code: KeyCode,
    playback: Playback,
    key: &'static str,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { code, ctrl: false, action: Action::Playback(playback), key, label, help }
}

/// The keys of a replay, which come before the others.
pub const REPLAY: &[Binding] = &[
    play(KeyCode::Char(' '), Playback::Toggle, "Space", "play", "play or pause; on a page, one page down"),
    play(KeyCode::Char(']'), Playback::NextEvent, "[ ]", "event", "previous event, next event"),
    play(KeyCode::Char('['), Playback::PreviousEvent, "", "", ""),
    play(KeyCode::Char('.'), Playback::NextChange, ", .", "step", "previous change of the counters, next change"),
    play(KeyCode::Char(','), Playback::PreviousChange, "", "", ""),
    play(KeyCode::Char('>'), Playback::Faster, "< >", "speed", "slower, faster: from 1x to 10,000x"),
    play(KeyCode::Char('<'), Playback::Slower, "", "", ""),
    play(KeyCode::Home, Playback::Begin, "Home End", "", "to the beginning, to the end; on a page, of the page"),
    play(KeyCode::End, Playback::End, "", "", ""),
];

/// What a key means in a replay; `None` if it is none of the replay's own. On a page, the keys that scroll it still do.
pub fn playback(event: &KeyEvent, on_a_page: bool) -> Option<Action> {
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
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    keymap.iter().find(|binding| binding.code == event.code && binding.ctrl == ctrl).map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_table_says() {
        let plain = |code| action(&KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(plain(KeyCode::Char('q')), Some(Action::Quit));
        assert_eq!(plain(KeyCode::Char('Q')), None);
        assert_eq!(plain(KeyCode::Char('c')), Some(Action::CopyCommand));
        assert_eq!(plain(KeyCode::Char('x')), None);
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
                    keymap[..place].iter().find(|other| (other.code, other.ctrl) == (binding.code, binding.ctrl));
                assert!(twin.is_none(), "{binding:?}");
                // of two opposite keys, one line names both
                let told = |other: &Binding| other.action == binding.action && !other.help.is_empty();
                let with_the_one_before = binding.help.is_empty() && !keymap[place - 1].help.is_empty();
                assert!(keymap.iter().any(told) || with_the_one_before, "{binding:?}");
            }
        }
    }
}
