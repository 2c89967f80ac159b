//! What of a saved text could not be read: how many lines, which were the first, and why.

/// The lines that are named.
const NAMED: usize = 3;

/// Lines that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    count: usize,
    /// The first of them by their numbers.
    first: Vec<(u32, String)>,
}

impl Unread {
    /// One more, and why, in words that fit behind "line 7".
    pub fn add(&mut self, number: u32, why: String) {
        self.count += 1;
        let place = self.first.partition_point(|(other, _)| *other <= number);
        if place < NAMED {
            self.first.insert(place, (number, why));
            self.first.truncate(NAMED);
        }
    }

    /// Those of another one too.
    pub fn add_all(&mut self, other: Self) {
        let unnamed = other.count - other.first.len();
        other.first.into_iter().for_each(|(number, why)| self.add(number, why));
        self.count += unnamed;
    }

    /// The first of them.
    pub fn first(&self) -> Option<String> {
        self.first.first().map(|(number, why)| format!("line {number} {why}"))
    }

    /// All of it in a sentence; `None` if every line was read.
    pub fn sentence(&self) -> Option<String> {
        let named: Vec<String> = self.first.iter().map(|(number, why)| format!("{number} {why}")).collect();
        let lines = match self.count {
            0 => return None,
            1 => "1 line".to_owned(),
            count => format!("{count} lines"),
        };
        let more = if self.count > named.len() { ", …" } else { "." };
        Some(format!("{lines} could not be read: {}{more}", named.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_named_and_all_are_counted() {
        let mut unread = Unread::default();
        assert_eq!(unread.sentence(), None);
        unread.add(40, "is cut off".into());
        assert_eq!(unread.sentence().unwrap(), "1 line could not be read: 40 is cut off.");
        unread.add(17, "is not JSON".into());
        assert_eq!(unread.sentence().unwrap(), "2 lines could not be read: 17 is not JSON, 40 is cut off.");
        for number in [50, 60, 2] {
            unread.add(number, "is cut off".into());
        }
        let all = "5 lines could not be read: 2 is cut off, 17 is not JSON, 40 is cut off, …";
        assert_eq!(unread.sentence().unwrap(), all);
        assert_eq!(unread.first().unwrap(), "line 2 is cut off");
        let mut both = Unread::default();
        both.add(1, "is too long".into());
        both.add_all(unread);
        let all = "6 lines could not be read: 1 is too long, 2 is cut off, 17 is not JSON, …";
        assert_eq!(both.sentence().unwrap(), all);
    }
}
