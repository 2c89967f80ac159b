//! What a recording says: its lines, one at a time, and the executions that they make.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use crate::{
    aws::{arn::Arn, line::Reader, observation::Observation},
    transfer::execution::Execution,
};

/// No answer is as long as this; what goes on without an end of line is no recording.
const LONGEST: u64 = 4 << 20;
/// Observations that are handed over at once from the one who reads to the one who folds.
const BATCH: usize = 256;

/// The lines of a file, of which one at a time is in memory.
pub struct Lines<R> {
    input: R,
    line: Vec<u8>,
}

impl Lines<BufReader<File>> {
    /// Those of an open file, from where it stands.
    pub fn of(file: File) -> Self {
        Self { input: BufReader::with_capacity(1 << 18, file), line: Vec::new() }
    }
}

impl<R: BufRead> Lines<R> {
    /// The next line, without its end; `None` after the last one. Of a line that is far too long, a beginning.
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        if (&mut self.input).take(LONGEST).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() as u64 >= LONGEST {
            self.input.skip_until(b'\n')?;
        }
        Ok(Some(&self.line))
    }

    /// Whether the line that came last is longer than what was given of it.
    pub fn is_cut(&self) -> bool {
        self.line.len() as u64 >= LONGEST
    }
}

/// The observation of a line; `None` where it can't be read.
pub fn observation(reader: &mut Reader, line: &[u8]) -> Option<Observation> {
    reader.read(std::str::from_utf8(line).ok()?).ok()
}

/// What was watched before.
#[derive(Debug, Default)]
pub struct Past {
    /// Each execution, under the name that its observations have.
    pub executions: Vec<(Arc<str>, Execution)>,
    /// Lines that are none of a recording, or were cut off.
    pub unreadable: usize,
}

/// Reads a recording as far as it can be read, and folds every execution in it: lines are read on this thread while
/// those before them are folded on another.
pub fn read(path: &Path) -> io::Result<Past> {
    let lines = Lines::of(File::open(path)?);
    let (out, batches) = sync_channel(4);
    thread::scope(|scope| {
        let folding = scope.spawn(|| folded(batches));
        let unreadable = parse(lines, &out);
        drop(out);
        match folding.join() {
            Ok(executions) => Ok(Past { executions, unreadable }),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Hands on the observations of the lines. Gives the number of lines that are none.
fn parse(mut lines: Lines<impl BufRead>, out: &SyncSender<Vec<Observation>>) -> usize {
    let (mut reader, mut unreadable) = (Reader::default(), 0);
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(Some(line)) = lines.next() {
        match observation(&mut reader, line) {
            Some(observation) => batch.push(observation),
            None => unreadable += usize::from(!line.is_empty()),
        }
        if batch.len() == BATCH && out.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
            break;
        }
    }
    let _ = out.send(batch);
    unreadable
}

fn folded(batches: Receiver<Vec<Observation>>) -> Vec<(Arc<str>, Execution)> {
    let mut executions: Vec<(Arc<str>, Execution)> = Vec::new();
    for observation in batches.iter().flatten() {
        let known = executions.iter().position(|(name, _)| *name == observation.execution);
        let place = known.or_else(|| {
            let arn = Arn::parse(&observation.execution).ok()?;
            executions.push((observation.execution.clone(), Execution::new(arn, observation.at)));
            Some(executions.len() - 1)
        });
        if let Some(place) = place {
            executions[place].1.observe(&observation);
        }
    }
    executions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_length_come_one_by_one() {
        let long = LONGEST as usize;
        let text = format!("a\n\n{}\nb\n{}\nc", "x".repeat(long - 1), "y".repeat(2 * long));
        let mut lines = Lines { input: BufReader::with_capacity(1000, text.as_bytes()), line: Vec::new() };
        let mut told = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let (first, length) = (line.first().copied().unwrap_or(b' '), line.len());
            told.push((char::from(first), length, lines.is_cut()));
        }
        let expected = [
            ('a', 1, false),
            (' ', 0, false),
            ('x', long - 1, false),
            ('b', 1, false),
            ('y', long, true),
            ('c', 1, false),
        ];
        assert_eq!(told, expected);
    }
}
