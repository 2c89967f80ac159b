//! How good the estimated end is: executions whose end is known, judged beside plain rules.
//!
//! `cargo bench --bench estimate` simulates them. `cargo bench --bench estimate -- FOLDER` judges recordings: FOLDER
//! has `NAME.ndjson` for each name in its `ends.json`, which is `{"NAME": {"transfer_ended": "2026-11-22T16:00:00Z"}}`.

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
mod recordings;
mod runs;

use std::{collections::BTreeMap, hint::black_box, path::PathBuf, time::Instant};

use measure::{COUNT, FIVE_MINUTES, Score, judge, measure, name};
use recordings::recordings;
use runs::{Polls, Run, Set, runs};
use syncscope::bench::Estimator;

/// Runs of each kind in a set.
const SEEDS: u64 = 8;

fn main() {
    println!("error: the median of |predicted - true remaining| / true remaining, between 10 and 95 % of a run, in %");
    println!(
        "best rule: the plain rule with the smallest error on that kind, by bytes or by the later of bytes and files"
    );
    println!(
        "held: moments whose interval (10 to 90 %) holds the true end; late: those at which it ended after it, in %"
    );
    println!("jump: how far the end moves from one answer to the next, as a share of the 5-minute window's\n");
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let mut all = Score::default();
    if arguments.iter().any(|argument| argument == "--seen") {
        simulated(Set::Seen, &mut all);
    } else if let Some(folder) = arguments.first().map(PathBuf::from) {
        let judged = recordings(&folder).map(|(run, estimates)| (run.kind.clone(), judge(&run, estimates)));
        all.add(&print("recordings", judged));
    } else {
        simulated(Set::HeldOut, &mut all);
    }
    rules(&all);
    time();
}

fn simulated(set: Set, all: &mut Score) {
    for (polls, often) in [(Polls::Often, "polled every 5 to 30 s"), (Polls::Seldom, "polled every 1 to 10 min")] {
        let judged = runs(set, polls, SEEDS, &[]).map(|run| (run.kind.clone(), measure(&run)));
        all.add(&print(often, judged));
    }
    println!("both");
    line("all", all);
}

/// A line for each kind, and one for all of them, which is given back.
fn print(title: &str, judged: impl Iterator<Item = (String, Score)>) -> Score {
    let (mut kinds, mut all, mut count) = (BTreeMap::<String, Score>::new(), Score::default(), 0);
    for (kind, score) in judged {
        kinds.entry(kind).or_default().add(&score);
        all.add(&score);
        count += 1;
    }
    println!("{title}: {count} runs");
    println!("| kind | syncscope | best rule | | of it | held | late | jump | no estimate |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (kind, score) in &kinds {
        line(kind, score);
    }
    line("all", &all);
    println!();
    all
}

fn line(kind: &str, score: &Score) {
    let percent = |share: f64| 100.0 * share;
    let (rule, error) = score.best_rule();
    println!(
        "| {kind} | {:.1} | {:.1} | {} | {:.2} | {:.0} | {:.0} | {:.2} | {:.0} |",
        percent(score.error(0, 0.5)),
        percent(error),
        name(rule),
        score.of_best(),
        percent(score.coverage()),
        percent(score.late_share()),
        score.jump(0) / score.jump(FIVE_MINUTES),
        percent(score.silent.1 as f64 / score.silent.0 as f64),
    );
}

/// Each rule beside syncscope, over all runs.
fn rules(all: &Score) {
    println!("\n| over all of them | median | 90 % | jump |\n|---|---|---|---|");
    for who in 0..COUNT {
        let (median, most) = (100.0 * all.error(who, 0.5), 100.0 * all.error(who, 0.9));
        println!("| {} | {median:.1} | {most:.1} | {:.2} |", name(who), all.jump(who) / all.jump(FIVE_MINUTES));
    }
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
