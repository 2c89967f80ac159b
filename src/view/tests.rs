//! Every end says the same of the same moment.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect};
use serde_json::Value;

use super::{render, text::width, theme::Theme, title};
use crate::{
    app::{App, Event},
    aws::{
        arn::Arn,
        fault::{Fault, FaultKind},
        observation::{Observation, Outcome},
    },
    demo::simulated,
    say::{self, line, report, state::State, summary, units::LocalTime},
    transfer::{present::rates::Current, readout::Readout},
};

fn start() -> Timestamp {
    "2026-11-22T16:00:00Z".parse().unwrap()
}

/// The screen's rows, as text.
fn screen(app: &App) -> Vec<String> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 40));
    render(app, Theme::default(), &mut buffer);
    buffer.content.chunks(120).map(|cells| cells.iter().map(|cell| cell.symbol()).collect()).collect()
}

/// What every end says of the current rate, each with its name.
fn said(app: &App, readout: &Readout) -> Vec<(&'static str, String)> {
    let time = LocalTime { now: readout.at, zone: &TimeZone::UTC };
    let rows = screen(app);
    let row = |begins: &str| rows.iter().find(|row| row.trim_start().starts_with(begins)).cloned().unwrap_or_default();
    vec![
        ("gauge", row("Bytes")),
        ("line", summary::headline(readout, &time).join("  ")),
        ("log", line::of_log(readout, &time)),
        ("status", summary::rate(readout).unwrap_or_default()),
        ("report", report::page(readout, &time, &report::Context::default())),
    ]
}

fn assert_agree(app: &App, what: &str) -> &'static str {
    let readout = Readout::of(app.execution().unwrap(), app.now());
    let state: Value = serde_json::from_str(&State::from(&readout).json()).unwrap();
    let (code, words) = (say::words::rate::code(&readout.rate), say::words::rate::bytes(&readout.rate));
    assert_eq!(state["rates"]["state"], code, "{what}");
    let expected = match readout.rate {
        Current::Moving { bytes, .. } => Value::from(bytes.per_second),
        Current::Still(_) => Value::from(0.0),
        _ => Value::Null,
    };
    assert_eq!(state["rates"]["bytes_per_second"], expected, "{what}");
    let seen = readout.outage().is_none();
    for (end, text) in said(app, &readout) {
        // a log line of a failed poll says why it failed, and no more
        if end == "log" && !seen {
            continue;
        }
        match &words {
            Some(words) => assert!(text.contains(words.as_str()), "{what}: the {end} does not say {words}: {text}"),
            None => {
                let rates = ["no change", "measuring", "not seen"];
                assert!(!rates.iter().any(|rate| text.contains(rate)), "{what}: the {end} says a rate: {text}");
            }
        }
    }
    let moves = matches!(readout.rate, Current::Moving { .. });
    let chart = screen(app).into_iter().find(|row| row.contains("Throughput")).unwrap_or_default();
    assert_eq!(chart.contains(" now "), moves && !chart.is_empty(), "{what}: {chart}");
    assert!(moves || readout.bottleneck.is_none(), "{what}: {:?}", readout.bottleneck);
    let still = matches!(readout.rate, Current::Still(_) | Current::Unseen);
    let any_step = readout.lanes.iter().any(|lane| readout.step_rate(lane.step).is_some());
    assert!(!(still && any_step), "{what}: a step moves while nothing does");
    code
}

/// The app after each minute of a scenario that is looked at every 5 s.
fn minutes(scenario: &'static str, until: i64) -> impl Iterator<Item = (i64, App)> {
    let mut observations = simulated(scenario, start(), Duration::from_secs(5)).unwrap().peekable();
    let arn = Arn::parse(&observations.peek().unwrap().execution).unwrap();
    let mut app = App::new([arn], start(), TimeZone::UTC);
    (1..=until).map(move |minute| {
        let now = start() + Duration::from_mins(minute.unsigned_abs());
        while let Some(seen) = observations.next_if(|seen| seen.at <= now) {
            app.update(Event::observed(seen));
        }
        app.update(Event::tick(now));
        (minute, app.clone())
    })
}

#[test]
fn every_end_says_the_same_rate_at_the_same_moment() {
    let mut codes = std::collections::BTreeSet::new();
    for (scenario, until) in
        [("basic", 75), ("enhanced", 80), ("stalled", 45), ("recovering", 40), ("limited", 40), ("trouble", 60)]
    {
        for (minute, app) in minutes(scenario, until) {
            codes.insert(assert_agree(&app, &format!("{scenario} at {minute} min")));
        }
    }
    assert_eq!(Vec::from_iter(codes), ["measuring", "moving", "none", "still"], "each was among them");
}

#[test]
fn while_polls_fail_the_rate_is_not_seen_anywhere() {
    let (_, mut app) = minutes("enhanced", 40).last().unwrap();
    let execution = app.execution().unwrap().arn().to_string();
    for second in (5..=300).step_by(5) {
        let at = start() + Duration::from_secs(40 * 60 + second);
        let outcome = Outcome::Fault(Fault::new(FaultKind::Unreachable, "the network is down"));
        let next = Some(Duration::from_secs(5));
        app.update(Event::observed(Observation {
            execution: execution.as_str().into(),
            at,
            outcome,
            task: None,
            next,
        }));
        let code = assert_agree(&app, &format!("{second} s into an outage"));
        assert_eq!(code, if second < 60 { "moving" } else { "unseen" }, "{second}");
    }
}

#[test]
fn the_percentage_is_the_same_in_the_title_and_never_early() {
    for (minute, app) in minutes("basic", 75) {
        let readout = Readout::of(app.execution().unwrap(), app.now());
        let title = title(&app);
        if let Some(share) = readout.bytes.fraction().filter(|share| *share < 1.0) {
            assert!(!title.starts_with("100%"), "{minute}: {share} {title}");
        }
        assert!(width(&title) < 80);
    }
}

#[test]
fn the_title_has_the_worst_word_first() {
    for (minutes_in, is_stalled) in [(10, false), (40, true)] {
        let (_, app) = minutes("stalled", minutes_in).last().unwrap();
        let title = title(&app);

        assert_eq!(title.starts_with("STALLED "), is_stalled, "{title}");
        assert!(title.contains("TRANSFERRING · "), "{title}");
    }
    let (_, app) = minutes("failing", 100).last().unwrap();
    assert!(title(&app).starts_with("FAILED ERROR · "), "{}", title(&app));
}
