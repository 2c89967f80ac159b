//! A stream that is written by a thread of its own, so that one that nobody reads holds nobody up.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, poll};

/// What can be printed to, and says how much of it is still to be written.
pub trait Output: Write {
    /// Bytes that were sent and are not written yet.
    fn waiting(&self) -> usize {
        0
    }
}

impl Output for Vec<u8> {}

/// Bytes that wait at most, but for one more piece; what comes beyond is dropped.
pub const LIMIT: usize = 1 << 20;

/// Room for the thread's stack, in bytes: it only writes.
const STACK: usize = 1 << 17;

/// The way to a stream. What is written is kept until `flush` hands it over as one piece, whole or not at all.
///
/// Neither waits. `flush` fails where an earlier piece could not be written.
///
/// Clones lead to the same stream, each with a piece of its own.
#[derive(Debug)]
pub struct Outlet {
    piece: Vec<u8>,
    shared: Arc<Hand>,
}

/// What all clones hold: without it nobody sends any more.
#[derive(Debug)]
struct Hand(Arc<Shared>);

impl Drop for Hand {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Clone for Outlet {
    fn clone(&self) -> Self {
        Self { piece: Vec::new(), shared: Arc::clone(&self.shared) }
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<Vec<u8>>,
    /// Bytes of the pieces, and of the one that is being written.
    waiting: usize,
    error: Option<(io::ErrorKind, Option<i32>)>,
    /// Whether nobody sends any more.
    is_closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet {
    /// Begins to write to a stream, which stays open until the last piece is written.
    ///
    /// # Errors
    /// The stream is closed, or there is no thread to be had.
    pub fn to(stream: impl AsFd) -> io::Result<Self> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        let shared = Arc::new(Shared::default());
        let writing = Arc::clone(&shared);
        let thread = thread::Builder::new().name("writer".into()).stack_size(STACK);
        thread.spawn(move || write(file, &writing))?;
        Ok(Self { piece: Vec::new(), shared: Arc::new(Hand(shared)) })
    }

    /// Waits until all is written, no longer than `most`. Tells whether it is.
    ///
    /// # Errors
    /// It could not be written.
    pub fn written_within(&self, most: Duration) -> io::Result<bool> {
        let state = self.shared.0.lock();
        let is_busy = |state: &mut State| state.waiting > 0 && state.error.is_none();
        let waited = self.shared.0.changed.wait_timeout_while(state, most, is_busy);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state.outcome()?;
        Ok(!timeout.timed_out())
    }
}

impl State {
    fn outcome(&self) -> io::Result<()> {
        match self.error {
            Some((_, Some(number))) => Err(io::Error::from_raw_os_error(number)),
            Some((kind, None)) => Err(kind.into()),
            None => Ok(()),
        }
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        let mut state = self.shared.0.lock();
        state.outcome()?;
        if !piece.is_empty() && state.waiting < LIMIT {
            state.waiting += piece.len();
            state.pieces.push_back(piece);
            self.shared.0.changed.notify_all();
        }
        Ok(())
    }
}

impl Output for Outlet {
    fn waiting(&self) -> usize {
        self.shared.0.lock().waiting
    }
}

/// The thread: writes one piece after the other, until one fails or nobody sends any more.
fn write(mut file: File, shared: &Shared) {
    loop {
        let idle = |state: &mut State| state.pieces.is_empty() && !state.is_closed;
        let waited = shared.changed.wait_while(shared.lock(), idle);
        let Some(piece) = waited.unwrap_or_else(PoisonError::into_inner).pieces.pop_front() else { return };
        let written = write_all(&mut file, &piece);
        let mut state = shared.lock();
        state.waiting -= piece.len();
        if let Err(error) = written {
            state.error = Some((error.kind(), error.raw_os_error()));
            (state.waiting, state.pieces) = (0, VecDeque::new());
        }
        shared.changed.notify_all();
        if state.error.is_some() {
            return;
        }
    }
}

/// Writes all, also where whoever shares the stream made it one that does not wait.
fn write_all(file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(file, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, Read, pipe};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn piped() -> (Outlet, PipeReader) {
        let (reader, writer) = pipe().unwrap();
        (Outlet::to(&writer).unwrap(), reader)
    }

    fn send(out: &mut Outlet, piece: &[u8]) -> io::Result<()> {
        out.write_all(piece)?;
        out.flush()
    }

    #[test]
    fn what_is_sent_is_written_in_order_and_after_the_end_too() {
        let (mut out, mut reader) = piped();
        for number in 0..1000 {
            send(&mut out, format!("{number}\n").as_bytes()).unwrap();
        }
        drop(out);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert!(text.lines().map(|line| line.parse::<usize>().unwrap()).eq(0..1000));
    }

    #[test]
    fn a_pipe_that_nobody_reads_holds_nobody_up_and_takes_whole_pieces() {
        let (mut out, mut reader) = piped();
        let piece = [b'x'; 3 << 18];
        for _ in 0..100 {
            send(&mut out, &piece).unwrap();
        }
        assert!((LIMIT..LIMIT + piece.len()).contains(&out.waiting()), "{}", out.waiting());
        assert!(!out.written_within(Duration::ZERO).unwrap());
        let reading = std::thread::spawn(move || reader.read_to_end(&mut Vec::new()).unwrap());
        assert!(out.written_within(LONG).unwrap());
        assert_eq!(out.waiting(), 0);
        drop(out);
        assert_eq!(reading.join().unwrap() % piece.len(), 0);
    }

    #[test]
    fn a_reader_that_went_away_is_told_of_at_the_next_flush() {
        let (mut out, reader) = piped();
        drop(reader);
        send(&mut out, b"x").unwrap();
        assert_eq!(out.written_within(LONG).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(out.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(out.waiting(), 0);
    }
}
