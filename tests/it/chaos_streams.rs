//! Streams that nobody reads, terminals that go away or say strange things, and signals: the watch goes on, or ends
//! as it should.

use crate::support::{endpoint, pipe, program, screen};
use std::{
    fs::OpenOptions,
    io::{ErrorKind, PipeReader, PipeWriter, Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::{
    io::ioctl_fionbio,
    process::{Pid, Signal, kill_process},
};
use serde_json::json;

use endpoint::{EXECUTION, Endpoint};
use pipe::piped;
use program::{DEADLINE, KEYS, environment};
use screen::{FRAME_ENDS, Screen};

const DEMO: [&str; 4] = ["demo", "huge", "--speed", "2000"];

#[track_caller]
fn transferring(screen: Screen) -> Screen {
    screen.wait_for("transfer", |seen| seen.shows("TRANSFERRING") && seen.shows("everything-we-"));
    screen
}

/// An endpoint of a transfer that ends after so many polls, and word of each of them.
fn polled(polls: usize) -> (Endpoint, Receiver<()>) {
    let (told, polled) = mpsc::channel();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let endpoint = Endpoint::answering(move |operation| {
        if operation != "DescribeTaskExecution" {
            return (400, json!({ "__type": "AccessDeniedException" }));
        }
        let _ = told.send(());
        let nth = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        (200, json!({ "Status": if nth < polls { "TRANSFERRING" } else { "SUCCESS" }, "BytesWritten": nth }))
    });
    (endpoint, polled)
}

fn waiting(endpoint: &Endpoint, arguments: &[&str]) -> Command {
    let common = ["wait", EXECUTION, "--endpoint-url", &endpoint.url, "--interval", "100ms"];
    let mut command = piped(&[&common, arguments].concat());
    command.envs(KEYS);
    command
}

/// Fills what a program will write to, until it takes nothing more.
fn fill(stream: &mut impl Write) {
    for size in [4096, 1] {
        loop {
            match stream.write(&vec![b'x'; size]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// A pipe that is full, and that nobody reads.
fn full() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    ioctl_fionbio(&writer, true).unwrap();
    fill(&mut writer);
    ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}

/// The exit code of a process whose output is not asked for.
#[track_caller]
fn code(mut child: Child) -> Option<i32> {
    let id = Pid::from_child(&child);
    let (told, ended) = mpsc::channel();
    thread::spawn(move || told.send(child.wait().unwrap().code()));
    ended.recv_timeout(DEADLINE).unwrap_or_else(|_| {
        let _ = kill_process(id, Signal::KILL);
        panic!("it does not end");
    })
}

#[test]
fn output_that_nobody_reads_stops_neither_polls_nor_timeout_nor_signals() {
    for form in ["text", "ndjson"] {
        let (endpoint, polled) = polled(usize::MAX);
        let (_reader, writer) = full();
        let mut command = waiting(&endpoint, &["--output", form, "--progress-every", "100ms"]);
        let child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
        for _ in 0..10 {
            polled.recv_timeout(DEADLINE).expect("it polls on");
        }
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(code(child), Some(143), "{form}");
        let (_reader, writer) = full();
        let mut command = waiting(&endpoint, &["--output", form, "--timeout", "1s"]);
        let child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
        assert_eq!(code(child), Some(124), "{form}");
    }
}

#[test]
fn messages_that_nobody_reads_stop_nothing() {
    let (reader, gone) = std::io::pipe().unwrap();
    drop(reader);
    let (_reader, stuck) = full();
    for stderr in [gone, stuck] {
        let (endpoint, _polled) = polled(5);
        // a warning is such a message, and the first
        let mut command = waiting(&endpoint, &["--output", "ndjson", "--progress-every", "100ms", "--no-verify-ssl"]);
        let mut child = command.stderr(stderr).spawn().unwrap();
        let (told, read) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        thread::spawn(move || told.send(std::io::read_to_string(stdout).unwrap()));
        assert_eq!(code(child), Some(0));
        let states = read.recv_timeout(DEADLINE).unwrap();
        assert!(states.lines().count() >= 6 && states.lines().last().unwrap().contains("SUCCESS"), "{states}");
    }
}

#[test]
fn a_signal_ends_it_while_the_last_lines_are_written() {
    let (endpoint, polled) = polled(30);
    let (mut reader, writer) = full();
    let mut command = waiting(&endpoint, &["--output", "ndjson"]);
    let child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..=30 {
        polled.recv_timeout(DEADLINE).expect("it polls on");
    }
    // a reader that is slow, and then takes nothing more
    for _ in 0..3 {
        reader.read_exact(&mut [0; 4096]).unwrap();
        thread::sleep(Duration::from_millis(100));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(code(child), Some(143));
}

#[test]
fn help_that_cannot_be_printed_is_no_success() {
    for argument in ["--help", "--version"] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = pipe::finished(piped(&[argument]).stdout(full));
        assert_eq!((pipe::code(&output), pipe::err(&output)), (1, "syncscope: no space left on device\n"));
    }
}

#[test]
fn a_terminal_that_takes_nothing_stops_neither_polls_nor_signals() {
    for (signal, exit) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let (endpoint, polled) = polled(usize::MAX);
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut terminal = OpenOptions::new().write(true).open(pair.master.tty_name().unwrap()).unwrap();
        ioctl_fionbio(&terminal, true).unwrap();
        fill(&mut terminal);
        ioctl_fionbio(&terminal, false).unwrap();
        drop(terminal);
        let mut command = CommandBuilder::new(program::PROGRAM);
        command.args([EXECUTION, "--endpoint-url", &endpoint.url, "--interval", "100ms"]);
        command.env_clear();
        environment().into_iter().for_each(|(name, value)| command.env(name, value));
        KEYS.into_iter().for_each(|(name, value)| command.env(name, value));
        let mut child = pair.slave.spawn_command(command).unwrap();
        for _ in 0..10 {
            polled.recv_timeout(DEADLINE).expect("it polls on");
        }
        let id = Pid::from_raw(child.process_id().unwrap().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        let (told, ended) = mpsc::channel();
        thread::spawn(move || told.send(child.wait().unwrap().exit_code()));
        let ended = ended.recv_timeout(DEADLINE);
        let _ = ended.is_err().then(|| kill_process(id, Signal::KILL));
        assert_eq!(ended, Ok(exit));
    }
}

#[test]
fn where_no_shell_could_continue_it_ctrl_z_says_so_and_stops_nothing() {
    // a session of its own, as under docker run or ssh -t
    let mut screen = transferring(Screen::of(&DEMO));
    screen.press("\x1a");
    screen.wait_for_text("not stopped: no shell");
    screen.press("q");
    assert_eq!(screen.left().code, 0);
    let mut screen = transferring(Screen::of(&DEMO));
    screen.signal(Signal::TSTP);
    screen.wait_for_text("not stopped: no shell");
    screen.press("q");
    assert_eq!(screen.left().code, 0);
}

#[test]
fn a_terminal_that_goes_away_without_a_word_ends_the_screen() {
    let mut screen = Screen::unaware(&[], &["demo", "nothing", "--speed", "20000"]);
    screen.wait_for_text("SUCCESS");
    screen.hang_up();
    assert_eq!(screen.ended(), 129);
}

#[test]
fn a_terminal_that_goes_away_without_a_word_ends_a_wait() {
    let (endpoint, _polled) = polled(usize::MAX);
    let arguments = ["wait", EXECUTION, "--endpoint-url", &endpoint.url, "--interval", "100ms"];
    let mut screen = Screen::unaware(&KEYS, &arguments);
    screen.wait_for_text("TRANSFERRING");
    screen.hang_up();
    assert_eq!(screen.ended(), 129);
}

#[test]
fn signals_that_mean_nothing_on_a_screen_are_ignored_there() {
    let mut screen = transferring(Screen::of(&DEMO));
    screen.signal(Signal::USR1);
    screen.signal(Signal::USR2);
    screen.press("?");
    screen.wait_for_text("Keys");
    screen.press("q");
    assert_eq!(screen.left().code, 0);
}

#[test]
fn signals_that_end_any_program_give_the_terminal_back_first() {
    use Signal as S;
    for signal in [S::QUIT, S::ALARM, S::VTALARM, S::PROF, S::XCPU, S::ABORT, S::IO, S::TRAP, S::SYS] {
        let screen = transferring(Screen::of(&DEMO));
        screen.signal(signal);
        assert_ne!(screen.left().code, 0, "{signal:?}");
    }
}

#[test]
fn a_limit_to_the_size_of_files_costs_the_recording_and_not_the_watch() {
    let file = format!("{}/limited.ndjson", program::state());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"ulimit -f 1; exec "$@""#, "shell", program::PROGRAM]);
    shell.args(["demo", "nothing", "--speed", "2000", "--record", &file]);
    shell.env_clear().envs(environment()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = pipe::finished(&mut shell);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(out.contains("SUCCESS") && err.contains("Recording"), "{out}{err}");
}

#[test]
fn keys_are_heard_after_whatever_a_terminal_says() {
    let mut screen = transferring(Screen::of(&DEMO));
    for answer in ["\x1b[?2026;2$y", "\x1b[?997;1n", "\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1bP1$r0m\x1b\\"] {
        screen.press(answer);
        screen.press("?");
        screen.wait_for_text("Keys");
        screen.press("\x1b");
        screen.wait_for_text("Throughput");
    }
    screen.press(&"j".repeat(10_000));
    screen.press("?");
    screen.wait_for_text("Keys");
    screen.press("\x1b[200~pasted without an end");
    // no clock tells when it has given up: keys are pressed until one is heard
    let mut ended = None;
    while ended.is_none() {
        screen.press("\x03");
        ended = screen.ended_within(Duration::from_millis(50));
    }
    assert_eq!(ended, Some(130));
}

#[test]
fn a_size_beyond_reason_is_drawn_as_far_as_it_goes() {
    let mut screen = transferring(Screen::of(&DEMO));
    let before = screen.seen().len();
    screen.claim(u16::MAX, u16::MAX);
    screen.wait_for("frame", |seen| seen.came_after(before, FRAME_ENDS));
    screen.press("q");
    assert_eq!(screen.left().code, 0);
}

#[test]
fn a_terminal_that_does_not_say_its_size_is_drawn_on() {
    let mut screen = transferring(Screen::sized(0, 0, &DEMO, &[]));
    screen.press("q");
    assert_eq!(screen.left().code, 0);
    let (endpoint, _polled) = polled(3);
    let arguments = ["wait", EXECUTION, "--endpoint-url", &endpoint.url, "--interval", "100ms"];
    let left = Screen::sized(0, 0, &arguments, &KEYS).left();
    assert!(left.code == 0 && left.text.contains("SUCCESS"), "{}", left.text);
}

#[test]
fn a_copy_is_said_to_be_sent_and_tmux_is_told_of_once() {
    let mut screen = transferring(Screen::with(&[("TMUX", "/tmp/tmux-0/default,1,0")], &DEMO));
    screen.press("y");
    screen.wait_for("note", |seen| {
        seen.shows("sent the ARN to the terminal's clipboard") && seen.shows("set-clipboard on")
    });
    screen.press("q");
    assert_eq!(screen.left().code, 0);
}
