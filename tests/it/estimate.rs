//! The estimated end holds what `cargo bench --bench estimate` shows, on fewer and shorter runs.

#[allow(dead_code, reason = "the benchmark uses the rest")]
#[path = "../../benches/estimate/measure.rs"]
mod measure;
#[allow(dead_code, reason = "the benchmark uses the rest")]
#[path = "../../benches/estimate/runs.rs"]
mod runs;

use measure::{Score, measure};
use runs::{Set, runs};

/// Kinds whose runs last days.
const LONG: [&str; 2] = ["day and night", "a week"];

#[test]
fn the_estimate_is_better_than_what_others_do() {
    let mut all = Score::default();
    for run in runs(Set::HeldOut, 2, &LONG).filter(|run| run.readings.len() < 4000) {
        all.add(&measure(&run));
    }
    let error = all.error(0, 0.5) / all.best_other();
    assert!(error <= 0.70, "the median error is {error:.2} of the best other's");
    let held = all.coverage();
    assert!((0.68..=0.92).contains(&held), "the interval holds the truth in {held:.2} of the moments");
    let jump = all.jump(0) / all.jump(2);
    assert!(jump <= 0.55, "it jumps {jump:.2} as much as a window's");
}

#[test]
fn the_same_run_gives_the_same_answers() {
    let errors = || runs(Set::Seen, 1, &LONG).find(|run| run.kind == "short").map(|run| measure(&run).errors);
    assert!(errors().is_some_and(|errors| !errors[0].is_empty()));
    assert_eq!(errors(), errors());
}
