//! Programs with their output in pipes.

use std::{
    io::Read,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
};

use super::program::{DEADLINE, PROGRAM, environment};

/// The program with its output in pipes.
pub fn piped(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_clear().envs(environment());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end, and fails where it comes to none.
pub fn finished(command: &mut Command) -> Output {
    end_of(command.spawn().unwrap())
}

/// Waits for the end of a process that was started, and fails where it comes to none.
pub fn end_of(mut child: Child) -> Output {
    let (stdout, stderr) = (reading(child.stdout.take()), reading(child.stderr.take()));
    let texts = (stdout.recv_timeout(DEADLINE), stderr.recv_timeout(DEADLINE));
    let (Ok(stdout), Ok(stderr)) = texts else {
        child.kill().unwrap();
        panic!("it did not end");
    };
    Output { status: child.wait().unwrap(), stdout, stderr }
}

/// What was printed to standard output.
pub fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// What was printed to standard error.
pub fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The exit code of what no signal ended.
pub fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

/// All of a stream, once it is closed.
fn reading(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (out, text) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.read_to_end(&mut bytes);
        }
        let _ = out.send(bytes);
    });
    text
}

/// A process that is killed with the test that started it.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
