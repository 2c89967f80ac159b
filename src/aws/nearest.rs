//! The known name that a mistyped one was meant to be.

/// The name that is nearest to what was given: one that it begins, or one that a slip or two lead to; `None` where none
/// is near.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let most = (given.chars().count() / 3).clamp(1, 3);
    let near = |name: &'a str| {
        let begins = given.len() >= 3 && name.starts_with(&*given);
        let slips = if begins { 1 } else { slips(&given, name) };
        (slips <= most).then_some((slips, name))
    };
    known.into_iter().filter_map(near).min_by_key(|(slips, _)| *slips).map(|(_, name)| name)
}

/// How many letters were left out, added, changed or swapped with the next one.
fn slips(given: &str, name: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (given.chars().collect(), name.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let is_other = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + is_other);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_through_and_other_words_are_not() {
        let known = ["status", "report", "wait", "demo", "replay", "stalled"];
        for (given, meant) in [
            ("staus", Some("status")),
            ("stauts", Some("status")),
            ("reprot", Some("report")),
            ("stall", Some("stalled")),
            ("WAIT", Some("wait")),
            ("dem", Some("demo")),
            ("nothing", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known), meant, "{given}");
        }
    }
}
