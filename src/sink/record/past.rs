//! What was watched before, read back from a recording.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{Arc, mpsc::sync_channel},
    thread,
};

use crate::{
    aws::{
        arn::Arn,
        line::{LONGEST_LINE, Reader},
        observation::Observation,
        per_execution::PerExecution,
    },
    files::Lines,
    transfer::execution::Execution,
};

/// Observations that are handed over at once from the one who reads to the one who folds.
const BATCH: usize = 256;

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
///
/// # Errors
/// There is no such file, or it cannot be read.
pub fn read(path: &Path) -> io::Result<Past> {
    let lines = Lines::new(File::open(path)?, LONGEST_LINE);
    let (out, batches) = sync_channel::<Vec<Observation>>(4);
    thread::scope(|scope| {
        let folding = thread::Builder::new().spawn_scoped(scope, move || {
            let mut fold = Fold::default();
            batches.iter().flatten().for_each(|observation| fold.observe(&observation));
            fold
        });
        let (fold, unreadable) = match folding {
            Ok(folding) => {
                let unreadable = parse(lines, |batch| out.send(batch).is_ok());
                drop(out);
                (folding.join().map_err(|_| io::Error::other("it was not read to its end"))?, unreadable)
            }
            Err(_) => {
                let mut fold = Fold::default();
                let unreadable = parse(lines, |batch| {
                    batch.iter().for_each(|observation| fold.observe(observation));
                    true
                });
                (fold, unreadable)
            }
        };
        Ok(Past { executions: fold.executions.into_values().collect(), unreadable })
    })
}

/// Hands on the observations of the lines, as long as they are taken. Gives the number of lines that are none.
fn parse(mut lines: Lines, mut take: impl FnMut(Vec<Observation>) -> bool) -> usize {
    let (mut reader, mut unreadable) = (Reader::default(), 0);
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(Some(line)) = lines.next() {
        let text = std::str::from_utf8(line.bytes).ok().filter(|_| !line.is_cut);
        match text.and_then(|text| reader.read(text).ok()) {
            Some(observation) => batch.push(observation),
            None => unreadable += usize::from(!line.bytes.is_empty()),
        }
        if batch.len() == BATCH && !take(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))) {
            break;
        }
    }
    take(batch);
    unreadable
}

/// Folds observations into the executions that they are of.
#[derive(Default)]
struct Fold {
    executions: PerExecution<Execution>,
}

impl Fold {
    fn observe(&mut self, observation: &Observation) {
        let place = self.executions.place(&observation.execution).or_else(|| {
            let arn = Arn::parse(&observation.execution).ok()?;
            Some(self.executions.add(observation.execution.clone(), Execution::new(arn, observation.at)))
        });
        if let Some(place) = place {
            self.executions.at(place).observe(observation);
        }
    }
}
