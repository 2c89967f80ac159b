//! How good the health word is: no false alarm in simulated hours, and how soon a real stop is named.
//!
//! `cargo bench --bench health [-- FOLDER [choose] [recorded]]`; FOLDER holds recordings of executions that are as they
//! should be, `choose` takes the seeds to choose by, `recorded` leaves the simulated ones out.

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
mod recorded;
mod simulated;

use std::path::PathBuf;

use measure::{Alarm, Named, alarms, named};
use simulated::{STEPS, Stops, drawn};

/// Hours without a stop, and stops.
const HOURS: f64 = 1000.0;
const STOPS: usize = 100;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    // seeds to choose by, and others to report on
    let seed = if words.iter().any(|word| word == "choose") { 1_000_000 } else { 77_000_000 };
    let folder = words.iter().find(|word| !["choose", "recorded"].contains(&word.as_str())).map(PathBuf::from);
    let recordings = folder.map(|folder| recorded::recordings(&folder)).unwrap_or_default();
    let is_simulated = !words.iter().any(|word| word == "recorded");
    let share = if recordings.is_empty() { HOURS } else { HOURS / 2.0 };
    healthy(seed, if is_simulated { share } else { 0.0 }, &recordings);
    stopped(seed, if is_simulated { STOPS } else { 0 }, &recordings);
}

fn healthy(seed: u64, most: f64, recordings: &[recorded::Recorded]) {
    let (mut hours, mut runs, mut found) = (0.0, 0, Vec::new());
    while hours < most {
        let run = drawn(seed + runs, None);
        let alarms = alarms(&run.observations);
        found.extend(alarms.found.into_iter().map(|alarm| (format!("{} {:?}", seed + runs, run.plan), alarm)));
        (hours, runs) = (hours + alarms.hours, runs + 1);
    }
    println!("simulated: {runs} executions, {hours:.0} h watched, {} false alarms", found.len());
    list(&found);
    let (mut hours, mut found) = (0.0, Vec::new());
    for recording in recordings {
        let alarms = alarms(&recording.observations);
        hours += alarms.hours;
        found.extend(alarms.found.into_iter().map(|alarm| (recording.name.clone(), alarm)));
    }
    if !recordings.is_empty() {
        println!("recorded: {} executions, {hours:.0} h watched, {} false alarms", recordings.len(), found.len());
        list(&found);
    }
}

fn list(found: &[(String, Alarm)]) {
    for (plan, alarm) in found.iter().take(12) {
        println!("  {} of {:?} after {:.0} s: {} | {plan}", alarm.state, alarm.step, alarm.after, alarm.reason);
    }
}

fn stopped(seed: u64, stops: usize, recordings: &[recorded::Recorded]) {
    let kinds = [Stops::Whole, Stops::Counters].into_iter().chain((0..STEPS.len()).map(Stops::Step));
    let kinds: Vec<Stops> = kinds.collect();
    println!(
        "\n{:<12} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "stop of", "stops", "by step", "in time", "median", "most", "left"
    );
    let mut all = Named::default();
    for kind in &kinds {
        let (mut found, mut at) = (Named::default(), 0);
        while found.stops < stops.div_ceil(kinds.len()) {
            let run = drawn(seed + 500_000 + at, Some(*kind));
            at += 1;
            found.add(named(
                &run.observations,
                run.stopped,
                *kind,
                run.plan.step,
                &format!("{} {:?}", seed + 500_000 + at - 1, run.plan),
            ));
        }
        let name = match kind {
            Stops::Whole => "the whole",
            Stops::Counters => "all counters",
            Stops::Step(step) => STEPS[*step],
        };
        found.print(name);
        all.add(found);
    }
    all.print("all");
    if all.is_perfect() {
        println!("each was named in time, by step, and left in time");
    }
    let mut found = Named::default();
    for (nth, recording) in recordings.iter().enumerate() {
        if let Some((observations, stopped)) = recording.with_a_stop(seed + nth as u64) {
            found.add(named(&observations, Some(stopped), Stops::Counters, recording.step(), &recording.name));
        }
    }
    found.print("recorded");
    println!("seconds from the stop to its name, and from the first move to the end of it at most");
}
