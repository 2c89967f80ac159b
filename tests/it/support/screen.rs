//! A terminal for the program: a pty, with an emulator at its other end that says what a person would see.

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use vt100::MouseProtocolMode;

use super::program::{DEADLINE, PROGRAM, environment};

/// The program in a terminal.
pub struct Screen {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    reader: Option<JoinHandle<()>>,
    shared: Arc<(Mutex<Seen>, Condvar)>,
    discipline: String,
    is_job: bool,
}

/// What came out of the program so far.
pub struct Seen {
    parser: vt100::Parser<Told>,
    /// All of it, byte by byte.
    pub raw: Vec<u8>,
    ended: bool,
    hung_up: bool,
}

/// What a terminal is told besides what to show.
#[derive(Default)]
pub struct Told {
    /// The window's titles.
    pub titles: Vec<String>,
    /// What was put on the clipboard, in base 64.
    pub copied: Vec<String>,
    /// How often the bell rang.
    pub bells: usize,
}

impl vt100::Callbacks for Told {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles.push(String::from_utf8_lossy(title).into_owned());
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.copied.push(String::from_utf8_lossy(data).into_owned());
    }

    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }
}

impl Seen {
    /// What is on the screen.
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Whether the screen shows this text.
    pub fn shows(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Whether the program has the screen to itself.
    pub fn is_taken(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// What the terminal was told besides.
    pub fn told(&self) -> &Told {
        self.parser.callbacks()
    }

    /// The window's title.
    pub fn title(&self) -> &str {
        self.told().titles.last().map_or("", String::as_str)
    }

    /// How many bytes came.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether these bytes came, after that many others.
    pub fn came_after(&self, first: usize, bytes: &str) -> bool {
        let rest = &self.raw[first..];
        rest.windows(bytes.len()).any(|window| window == bytes.as_bytes())
    }

    fn assert_left_alone(&self) {
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was not left");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "pastes are still bracketed");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
        assert!(self.has_its_title_back(), "the title was not brought back");
        assert!(
            self.count("\x1b[?2026l") >= self.count("\x1b[?2026h"),
            "the terminal still waits for the end of a frame"
        );
    }

    fn has_its_title_back(&self) -> bool {
        self.count("\x1b[22;0t") == self.count("\x1b[23;0t")
    }

    fn count(&self, bytes: &str) -> usize {
        self.raw.windows(bytes.len()).filter(|window| *window == bytes.as_bytes()).count()
    }
}

/// The end of a frame, for a terminal that knows of frames.
pub const FRAME_ENDS: &str = "\x1b[?2026l";

/// What is left of a program that came to its end.
pub struct Left {
    /// Its exit code.
    pub code: u32,
    /// What is on the normal screen.
    pub text: String,
    /// All that it wrote.
    pub raw: Vec<u8>,
}

/// A shell that runs a job, says its process and its end or stop, and continues it after a key.
const SHELL: [&str; 3] = [
    "-c",
    r#"set -m; sh -c 'echo "job $$."; exec "$@"' job "$@"; echo "shell: $?."; read key; fg >/dev/null; exit $?"#,
    "shell",
];
/// What the shell says of a job that stopped.
const STOPPED: &str = "shell: 147.";

impl Screen {
    /// Starts the program in a terminal of 120 columns and 40 rows.
    pub fn of(arguments: &[&str]) -> Self {
        Self::sized(120, 40, arguments, &[])
    }

    /// The same, with some of the environment's variables set to other values.
    pub fn with(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::sized(120, 40, arguments, variables)
    }

    /// Starts the program in a terminal of this size.
    pub fn sized(columns: u16, rows: u16, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(arguments);
        Self::running(command, (columns, rows), variables)
    }

    /// Starts the program as the job of a shell, which can continue it.
    pub fn job(arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(SHELL);
        command.arg(PROGRAM);
        command.args(arguments);
        let mut screen = Self::running(command, (120, 40), &[]);
        screen.is_job = true;
        screen
    }

    /// Starts the program so that it is not told that its window was closed.
    pub fn unaware(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", r#"trap '' HUP; exec "$@""#, "shell", PROGRAM]);
        command.args(arguments);
        Self::running(command, (120, 40), variables)
    }

    fn running(mut command: CommandBuilder, (columns, rows): (u16, u16), variables: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        command.env_clear();
        environment().iter().for_each(|(name, value)| command.env(name, value));
        variables.iter().for_each(|(name, value)| command.env(name, value));
        let discipline = discipline(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        // one that does not say has the usual size
        let (columns, rows) = if (columns, rows) == (0, 0) { (80, 24) } else { (columns, rows) };
        let parser = vt100::Parser::new_with_callbacks(cells(rows), cells(columns), 0, Told::default());
        let seen = Seen { parser, raw: Vec::new(), ended: false, hung_up: false };
        let shared = Arc::new((Mutex::new(seen), Condvar::new()));
        let reader = pair.master.try_clone_reader().unwrap();
        Self {
            writer: Some(pair.master.take_writer().unwrap()),
            reader: Some(thread::spawn({
                let shared = shared.clone();
                move || read(reader, &shared)
            })),
            master: Some(pair.master),
            child,
            shared,
            discipline,
            is_job: false,
        }
    }

    /// What came so far.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.0.lock().unwrap()
    }

    /// Waits until what came is as wanted.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let until = Instant::now() + DEADLINE;
        let mut seen = self.seen();
        while !wanted(&seen) {
            let left = until.saturating_duration_since(Instant::now());
            if seen.ended || left.is_zero() {
                let how = if seen.ended { "it ended" } else { "time ran out" };
                panic!("no {what} came: {how}, and the screen shows\n{}\n", seen.text());
            }
            seen = self.shared.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(text, |seen| seen.shows(text));
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Gives the window another size, and waits until the program has drawn in it.
    #[track_caller]
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut seen = self.seen();
        seen.parser.set_size(cells(rows), cells(columns));
        let before = seen.len();
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
        drop(seen);
        self.wait_for("frame of the new size", |seen| seen.came_after(before, FRAME_ENDS));
    }

    /// Tells the program another size than the window has.
    pub fn claim(&self, columns: u16, rows: u16) {
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap();
    }

    /// Waits until the job is stopped, and has given the terminal back.
    pub fn wait_until_stopped(&self) {
        self.wait_for("stop", |seen| seen.came_after(0, STOPPED));
        self.wait_for("terminal given back", |seen| !seen.is_taken() && seen.has_its_title_back());
        self.seen().assert_left_alone();
        assert_eq!(discipline(&**self.master.as_ref().unwrap()), self.discipline);
    }

    /// Has the shell continue the job.
    pub fn go_on(&mut self) {
        self.press("\n");
    }

    /// Closes the window.
    pub fn hang_up(&mut self) {
        self.seen().hung_up = true;
        // the reader has the terminal open too, until something comes that it can read
        self.press("y");
        self.reader.take().unwrap().join().unwrap();
        (self.writer, self.master) = (None, None);
    }

    /// Waits for the end of the process, wherever its terminal is; its exit code.
    pub fn ended(&mut self) -> u32 {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it does not end");
            thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// The exit code of a process that ends within this time.
    pub fn ended_within(&mut self, most: Duration) -> Option<u32> {
        let seen = self.seen();
        let _ = self.shared.1.wait_timeout_while(seen, most, |seen| !seen.ended).unwrap();
        self.child.try_wait().unwrap().map(|status| status.exit_code())
    }

    /// Waits for the program's end, and sees to it that the terminal is as it was before.
    #[track_caller]
    pub fn left(mut self) -> Left {
        self.wait_for_end();
        let code = self.child.wait().unwrap().exit_code();
        let seen = self.seen();
        seen.assert_left_alone();
        assert_eq!(discipline(&**self.master.as_ref().unwrap()), self.discipline, "the line discipline");
        Left { code, text: seen.text(), raw: seen.raw.clone() }
    }

    /// The terminal is closed on the program's side once it is gone.
    #[track_caller]
    fn wait_for_end(&self) {
        let seen = self.seen();
        let (seen, _) = self.shared.1.wait_timeout_while(seen, DEADLINE, |seen| !seen.ended).unwrap();
        assert!(seen.ended, "it does not end, and the screen shows\n{}\n", seen.text());
    }

    fn id(&self) -> Pid {
        if !self.is_job {
            return Pid::from_raw(self.child.process_id().unwrap().try_into().unwrap()).unwrap();
        }
        let seen = self.seen();
        let text = String::from_utf8_lossy(&seen.raw);
        let (number, _) = text.split_once("job ").and_then(|(_, rest)| rest.split_once('.')).expect("a job");
        Pid::from_raw(number.parse().unwrap()).unwrap()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut pty: Box<dyn Read + Send>, shared: &(Mutex<Seen>, Condvar)) {
    let mut bytes = [0; 1 << 14];
    loop {
        let read = pty.read(&mut bytes).unwrap_or(0);
        let Ok(mut seen) = shared.0.lock() else { return };
        seen.raw.extend(&bytes[..read]);
        seen.parser.process(&bytes[..read]);
        seen.ended = read == 0;
        shared.1.notify_all();
        if seen.ended || seen.hung_up {
            return;
        }
    }
}

/// How the terminal treats what is typed and printed.
fn discipline(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal"))
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has at least one cell")
}
