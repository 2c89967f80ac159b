//! What one look costs before it is drawn: the answer read, and folded into the app.

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

mod answers;

use answers::{Course, INTERVAL, STEP};
use divan::Bencher;
use syncscope::Response;

/// Two weeks of transfer, an hour of which was watched.
const COURSE: Course = Course { lasts: 14 * 86_400 };
const WATCHED: i64 = 3600;

fn main() {
    divan::main();
}

#[divan::bench]
fn read_an_answer(bencher: Bencher) {
    let body = COURSE.body(WATCHED);
    bencher.bench_local(|| Response::parse(&body));
}

#[divan::bench]
fn fold_an_unchanged_answer(bencher: Bencher) {
    let answer = Response::parse(&COURSE.body(WATCHED)).expect("what the service sends");
    let mut app = COURSE.watched(WATCHED);
    let mut seconds = WATCHED;
    let next = || {
        seconds += INTERVAL;
        answers::observed(answer.clone(), seconds)
    };
    bencher.with_inputs(next).bench_local_values(|event| app.update(event));
}

#[divan::bench]
fn fold_changed_counters(bencher: Bencher) {
    let mut app = COURSE.watched(WATCHED);
    let mut seconds = WATCHED;
    let next = || {
        seconds += STEP;
        COURSE.observed(seconds)
    };
    bencher.with_inputs(next).bench_local_values(|event| app.update(event));
}
