//! Whether there is a shell that could continue the program once it has stopped.

use std::iter;

/// Whether a process that stops now can be continued by a shell: in an orphaned process group, as one has it that is
/// the first of its session, nobody is there to do so.
pub fn can_stop() -> bool {
    let Some(own) = Process::of(None) else { return false };
    // the parent of any of the group will do
    let of_group = Process::all().filter(|process| process.group == own.group).map(|process| process.parent);
    iter::once(own.parent).chain(of_group).any(|parent| {
        Process::of(Some(parent)).is_some_and(|parent| parent.session == own.session && parent.group != own.group)
    })
}

/// Where a process belongs. A number is 0 where it belongs to what cannot be seen from here, as in a container.
struct Process {
    parent: i32,
    group: i32,
    session: i32,
}

#[cfg(target_os = "linux")]
impl Process {
    /// The process of this number, or this one. It is read from the table of all, since rustix takes a group and a
    /// session for numbers that are never 0.
    fn of(id: Option<i32>) -> Option<Self> {
        let name = id.map_or_else(|| "self".to_owned(), |id| id.to_string());
        let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
        // its name, in parentheses, may hold anything
        let (_, rest) = stat.rsplit_once(')')?;
        let mut numbers = rest.split_whitespace().skip(1).map_while(|number| number.parse().ok());
        Some(Self { parent: numbers.next()?, group: numbers.next()?, session: numbers.next()? })
    }

    fn all() -> impl Iterator<Item = Self> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(|entry| Self::of(Some(entry.file_name().to_str()?.parse().ok()?)))
    }
}

#[cfg(not(target_os = "linux"))]
impl Process {
    /// The process of this number, or this one; only of this one the parent is known.
    fn of(id: Option<i32>) -> Option<Self> {
        use rustix::process::{Pid, getpgid, getppid, getsid};
        let number = |pid: Pid| pid.as_raw_nonzero().get();
        let process = id.map(Pid::from_raw);
        if process == Some(None) {
            return None;
        }
        let process = process.flatten();
        let parent = process.map_or_else(getppid, |_| None);
        Some(Self {
            parent: parent.map_or(0, number),
            group: number(getpgid(process).ok()?),
            session: number(getsid(process).ok()?),
        })
    }

    /// None: there is no table of all that could be read.
    fn all() -> impl Iterator<Item = Self> {
        iter::empty()
    }
}
