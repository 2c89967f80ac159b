//! How good the estimated end is: simulated executions with a known end, judged beside what others do.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may take things for granted"
)]

mod measure;
mod runs;

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use measure::{NAMES, Score, measure};
use runs::{KINDS, Polls, Run, Set, runs};
use syncscope::bench::Estimator;

/// Runs of each kind in a set.
const SEEDS: u64 = 4;

fn main() {
    println!("error: |predicted - true remaining| / true remaining, between 10 and 95 % of the run, in %");
    println!("held: moments whose interval (10 to 90 %) holds the true end, in %");
    println!("jump: mean move of the predicted end from one answer to the next, in 0.01 % of the true duration");
    println!("the others: lifetime average, 5-minute window, weighted average (half-life 5 min), by bytes;");
    println!("later: the same, by the later of bytes and files\n");
    let sets = [(Set::Seen, "seen while choosing"), (Set::HeldOut, "held out")];
    let polls = [(Polls::Often, "polled every 5 to 30 s"), (Polls::Seldom, "polled every 1 to 10 min")];
    for ((polls, often), (set, name)) in polls.into_iter().flat_map(|polls| sets.map(|set| (polls, set))) {
        let mut scores: Vec<Score> = vec![Score::default(); KINDS.len()];
        let mut by_poll: BTreeMap<u64, Score> = BTreeMap::new();
        for run in runs(set, polls, SEEDS, &[]) {
            let (index, score) = (KINDS.iter().position(|kind| *kind == run.kind).unwrap_or(0), measure(&run));
            by_poll.entry(run.poll as u64).or_default().add(&score);
            scores[index].add(&score);
        }
        print(&format!("{often}, {name}"), &scores, &by_poll);
    }
    time();
}

fn print(name: &str, scores: &[Score], by_poll: &BTreeMap<u64, Score>) {
    println!("{name}: {} runs", scores.len() as u64 * SEEDS);
    println!(
        "{:<20} {:>22} {:>22} {:>22} {:>22} {:>5} {:>6}",
        "", NAMES[0], NAMES[1], NAMES[2], NAMES[3], "held", "silent"
    );
    println!("{:<20}{}", "", " median   90 %   jump  ".repeat(4));
    let mut all = Score::default();
    for (kind, score) in KINDS.iter().zip(scores) {
        line(kind, score);
        all.add(score);
    }
    for (poll, score) in by_poll {
        line(&format!("polled every {poll} s"), score);
    }
    line("all", &all);
    println!("\n{:<20} {:>7} {:>7} {:>7}", "all", "median", "90 %", "jump");
    for (who, name) in NAMES.iter().enumerate() {
        let (median, most) = (100.0 * all.error(who, 0.5), 100.0 * all.error(who, 0.9));
        println!("{name:<20} {median:>7.1} {most:>7.1} {:>7.2}", 1e4 * all.jump(who));
    }
    println!(
        "median error {:.2} of the best other (at most 0.65) · held {:.0}% (72 to 88), ended before it {:.0}% · jump {:.2} of the window's (at most 0.5)\n",
        all.error(0, 0.5) / all.best_other(),
        100.0 * all.coverage(),
        100.0 * all.held.1 as f64 / all.held.2 as f64,
        all.jump(0) / all.jump(2),
    );
}

fn line(kind: &str, score: &Score) {
    print!("{kind:<20}");
    for who in 0..4 {
        let (median, most) = (100.0 * score.error(who, 0.5), 100.0 * score.error(who, 0.9));
        print!("{median:>7.1} {most:>6.1} {:>6.2}  ", 1e4 * score.jump(who));
    }
    let silent = 100.0 * score.silent.1 as f64 / score.silent.0 as f64;
    println!("{:>6.0} {silent:>6.0}", 100.0 * score.coverage());
}

/// One answer folded in and one estimate, over the answers of a long run.
fn time() {
    let Some(run): Option<Run> = runs(Set::Seen, Polls::Often, 1, &[]).find(|run| run.kind == "a week") else { return };
    let mut estimator = Estimator::default();
    let begin = Instant::now();
    for reading in &run.readings {
        estimator.observe(reading);
        let _ = black_box(estimator.estimate(reading.at));
    }
    let each = begin.elapsed().as_nanos() / run.readings.len() as u128;
    println!("one observe and estimate: {each} ns, over {} answers of a week", run.readings.len());
}
