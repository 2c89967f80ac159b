//! The screen as cells: every status and mode at every size, and what must hold of each of them.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier},
};
use syncscope::{App, Event, Theme, render, simulated};

const SIZES: [(u16, u16); 7] = [(120, 40), (80, 24), (60, 15), (40, 8), (200, 60), (80, 3), (60, 1)];

/// Every status and mode: a name, a scenario, and the minute at which it is looked at.
const MOMENTS: &[(&str, &str, f64)] = &[
    ("basic launching", "basic", 0.5),
    ("basic preparing", "basic", 4.0),
    ("basic first bytes awaited", "basic", 8.0),
    ("basic transferring", "basic", 25.0),
    ("basic verifying both sides", "basic", 55.0),
    ("basic success", "basic", 70.0),
    ("basic limited", "limited", 25.0),
    ("basic deletes", "basic-deletes", 15.0),
    ("basic error", "error", 30.0),
    ("basic verify mismatch", "verify-mismatch", 30.0),
    ("basic stalled", "stalled", 40.0),
    ("queued", "queued", 10.0),
    ("launching long", "slow-launch", 7.0),
    ("launching too long", "slow-launch", 17.0),
    ("enhanced listing", "enhanced", 2.5),
    ("enhanced transferring", "enhanced", 50.0),
    ("enhanced success with failures", "enhanced", 80.0),
    ("enhanced failing", "failing", 20.0),
    ("enhanced failed", "failing", 50.0),
    ("enhanced partial success", "partial", 30.0),
    ("enhanced cancelling", "cancelled", 14.0),
    ("enhanced cancelled", "cancelled", 20.0),
    ("enhanced nothing to do", "nothing", 5.0),
    ("enhanced deletes", "deletes", 18.0),
    ("enhanced all", "all", 20.0),
    ("enhanced huge", "huge", 1500.0),
    ("enhanced slow", "slow", 115.0),
    ("enhanced recovered", "recovering", 30.0),
    ("unknown status", "unknown", 0.5),
];

fn start() -> Timestamp {
    "2026-11-22T16:00:00Z".parse().unwrap()
}

/// The app after watching a scenario for so many minutes, asking every 5 s, or every 5 min where that is long.
fn watched(scenario: &str, minutes: f64) -> App {
    let interval = Duration::from_secs(if minutes > 500.0 { 300 } else { 5 });
    let now = start() + Duration::from_secs_f64(minutes * 60.0);
    let mut observations = simulated(scenario, start(), interval).unwrap().peekable();
    let arn = syncscope::Arn::parse(&observations.peek().unwrap().execution).unwrap();
    let mut app = App::new([arn], start(), TimeZone::UTC);
    for observation in observations.take_while(|observation| observation.at <= now) {
        app.update(Event::observed(observation));
    }
    app.update(Event::tick(now + Duration::from_secs(2)));
    app
}

fn drawn(app: &App, look: Theme, (columns, rows): (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    render(app, look, &mut buffer);
    buffer
}

fn text(buffer: &Buffer) -> String {
    let columns = usize::from(buffer.area.width);
    let row = |cells: &[ratatui::buffer::Cell]| {
        let (mut row, mut column) = (String::new(), 0);
        while let Some(cell) = cells.get(column) {
            row.push_str(cell.symbol());
            // a wide character covers the cell after it
            column += unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1);
        }
        format!("{}\n", row.trim_end())
    };
    buffer.content.chunks(columns).map(row).collect()
}

#[test]
fn every_status_and_mode_at_every_size() {
    for (name, scenario, minutes) in MOMENTS {
        let app = watched(scenario, *minutes);
        let mut page = String::new();
        for (columns, rows) in SIZES {
            page.push_str(&format!("{columns}x{rows}\n{}", text(&drawn(&app, Theme::default(), (columns, rows)))));
            page.push_str(&format!("{}\n", "=".repeat(columns.into())));
        }
        insta::assert_snapshot!(name.replace(' ', "_"), page);
    }
}

/// Looks at every moment on every page.
fn everywhere() -> impl Iterator<Item = App> {
    MOMENTS.iter().flat_map(|(_, scenario, minutes)| {
        let app = watched(scenario, *minutes);
        ['-', 'o', 'e', 'r', '?'].into_iter().map(move |page| pressed(app.clone(), page))
    })
}

fn pressed(mut app: App, key: char) -> App {
    let key = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(key));
    app.update(Event::key(app.now(), key));
    app
}

#[test]
fn pages_over_the_watch() {
    let app = watched("verify-mismatch", 10.0);
    for (name, key) in [("options", 'o'), ("events", 'e'), ("raw", 'r'), ("help", '?')] {
        let app = pressed(app.clone(), key);
        let page =
            [(100, 80), (60, 15), (40, 8)].map(|size| text(&drawn(&app, Theme::default(), size))).join("=====\n");
        insta::assert_snapshot!(format!("page_{name}"), page);
    }
}

#[test]
fn no_size_is_too_small_or_too_large() {
    for app in everywhere() {
        for columns in [0, 1, 2, 3, 5, 9, 20, 39, 49, 50, 77, 300] {
            for rows in [0, 1, 2, 3, 4, 5, 7, 11, 90] {
                drawn(&app, Theme::default(), (columns, rows));
            }
        }
    }
}

#[test]
fn without_colour_no_cell_has_one_and_bold_is_left() {
    for app in everywhere() {
        let buffer = drawn(&app, Theme { colour: false, ascii: false }, (120, 40));
        assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        assert!(buffer.content.iter().any(|cell| cell.modifier.contains(Modifier::BOLD)));
    }
}

#[test]
fn ascii_is_ascii() {
    for app in everywhere() {
        let buffer = drawn(&app, Theme { colour: true, ascii: true }, (120, 40));
        assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()), "{}", text(&buffer));
    }
}

#[test]
fn only_the_sixteen_colours_of_the_terminal_are_used() {
    for app in everywhere() {
        let buffer = drawn(&app, Theme::default(), (120, 40));
        let own = |colour: Color| !matches!(colour, Color::Rgb(..) | Color::Indexed(_) | Color::White | Color::Black);
        assert!(buffer.content.iter().all(|cell| own(cell.fg) && own(cell.bg)));
    }
}

/// The colour of the first cell of a text on the screen.
fn colour_of(buffer: &Buffer, wanted: &str) -> Color {
    let columns = usize::from(buffer.area.width);
    for row in buffer.content.chunks(columns) {
        for start in 0..row.len() {
            let text: String = row[start..].iter().take(wanted.chars().count()).map(|cell| cell.symbol()).collect();
            if text == wanted {
                return row[start].fg;
            }
        }
    }
    panic!("'{wanted}' is not on the screen:\n{}", text(buffer));
}

#[test]
fn colours_mean_what_they_say() {
    for (scenario, minutes, words, colour) in [
        ("enhanced", 50.0, "✔ HEALTHY", Color::Green),
        ("enhanced", 80.0, "▲ SUCCESS", Color::Yellow),
        ("basic", 70.0, "✔ SUCCESS", Color::Green),
        ("error", 30.0, "✖ ERROR", Color::Red),
        ("error", 30.0, "FsS3UnableToConnectToEndpoint", Color::Red),
        ("partial", 30.0, "▲ PARTIAL", Color::Yellow),
        ("stalled", 40.0, "✖ STALLED", Color::Red),
        ("failing", 20.0, "✖ FAILING", Color::Red),
        ("slow-launch", 17.0, "▲ WAITING", Color::Yellow),
        ("queued", 10.0, "◌ QUEUED", Color::Reset),
    ] {
        let buffer = drawn(&watched(scenario, minutes), Theme::default(), (120, 40));
        assert_eq!(colour_of(&buffer, words), colour, "{scenario}: {words}");
    }
}

/// An app that was shown one answer, of a task of this name.
fn shown(name: &str, members: &str) -> App {
    use syncscope::{Arn, Observation, Outcome, Response};
    let arn = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";
    let template = simulated("error", start(), Duration::from_secs(5)).unwrap().next().unwrap();
    let mut task = (*template.task.unwrap()).clone();
    task.name = Some(name.into());
    let outcome = Outcome::Response(Response::parse(members).unwrap());
    let observation =
        Observation { execution: arn.into(), at: start(), outcome, task: Some(task.into()), next: template.next };
    let mut app = App::new([Arn::parse(arn).unwrap()], start(), TimeZone::UTC);
    app.update(Event::observed(observation));
    app
}

#[test]
fn what_the_service_says_can_not_steer_the_terminal() {
    let evil = r#"\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\r\n"#;
    let app = shown(
        "na\u{1b}[31mme\u{7}\u{200f}",
        &format!(
            r#"{{"Status":"ERROR{evil}","TaskMode":"{evil}","Result":{{"ErrorCode":"{evil}","ErrorDetail":"{evil}"}},
            "Excludes":[{{"Value":"{evil}"}}],"Options":{{"VerifyMode":"{evil}"}},"New{evil}":"{evil}"}}"#
        ),
    );
    for key in ['-', 'o', 'e', 'r'] {
        for size in [(120, 40), (40, 8), (60, 1)] {
            let buffer = drawn(&pressed(app.clone(), key), Theme::default(), size);
            let steers = |c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{200f}');
            assert!(!buffer.content.iter().any(|cell| cell.symbol().contains(steers)), "{}", text(&buffer));
        }
    }
}

#[test]
fn the_whole_error_detail_is_on_the_screen() {
    let detail = "The transfer stopped because of something that takes many words to say. ".repeat(8);
    let app = shown("t", &format!(r#"{{"Status":"ERROR","Result":{{"ErrorDetail":"{detail}LAST-WORD"}}}}"#));
    for size in [(120, 40), (80, 24)] {
        assert!(text(&drawn(&app, Theme::default(), size)).contains("LAST-WORD"));
    }
    let small = drawn(&app, Theme::default(), (40, 8));
    assert!(text(&small).contains("o shows all"), "{}", text(&small));
    assert!(text(&drawn(&pressed(app, 'o'), Theme::default(), (40, 80))).contains("LAST-WORD"));
}

#[test]
fn a_warning_stays_on_the_screen() {
    let app = watched("enhanced", 50.0).with_warning(Some("The certificate is not checked.".into()));
    for size in [(120, 40), (80, 24), (40, 8)] {
        let buffer = drawn(&app, Theme::default(), size);
        assert_eq!(colour_of(&buffer, "▲ The certificate is not checked."), Color::Yellow);
        assert_eq!(
            colour_of(&buffer, "The certificate is not checked."),
            Color::Reset,
            "yellow words are hard to read"
        );
    }
}

#[test]
fn a_task_says_that_its_execution_is_looked_for() {
    let task = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0";
    let app = App::new([syncscope::Arn::parse(task).unwrap()], start(), TimeZone::UTC);
    assert!(text(&drawn(&app, Theme::default(), (80, 24))).contains("Looking for the task's newest execution."));
}

#[test]
fn wide_characters_are_cut_at_cell_borders() {
    let app = shown(&"日本語のとても長い名前".repeat(8), r#"{"Status":"TRANSFERRING","BytesWritten":1}"#);
    for columns in 20..130 {
        let buffer = drawn(&app, Theme::default(), (columns, 12));
        let head = text(&buffer).lines().next().unwrap().to_owned();
        assert!(unicode_width::UnicodeWidthStr::width(head.as_str()) <= columns.into(), "{head}");
        if columns > 45 {
            assert!(head.contains("TRANSFERRING"), "{columns}: {head}");
        }
    }
}

#[test]
fn what_changed_in_the_answer_is_marked() {
    let app = pressed(watched("enhanced", 20.0), 'r');
    let page = text(&drawn(&app, Theme::default(), (100, 90)));
    let marked = |member: &str| page.lines().find(|line| line.contains(member)).unwrap().starts_with(" ▌");
    assert!(marked("\"BytesWritten\"") && marked("\"TotalDuration\""), "{page}");
    assert!(!marked("\"Status\"") && !marked("\"Excludes\"") && !marked("\"StartTime\""), "{page}");
    assert_eq!(page.lines().filter(|line| line.trim() == "{").count(), 2, "{page}");
}

/// The rows of a screen as text.
fn lines(app: &App, size: (u16, u16)) -> Vec<String> {
    text(&drawn(app, Theme::default(), size)).lines().map(str::to_owned).collect()
}

/// The row that begins with this word.
fn line(app: &App, size: (u16, u16), begins: &str) -> String {
    let found = lines(app, size).into_iter().find(|line| line.trim_start().starts_with(begins));
    found.unwrap_or_else(|| panic!("no row begins with {begins}: {}", lines(app, size).join("\n")))
}

const USUAL: [(u16, u16); 5] = [(120, 40), (80, 24), (60, 15), (40, 8), (200, 60)];

/// The same app, unable to poll since, after so many seconds.
fn blinded(mut app: App, seconds: u64) -> App {
    use syncscope::{Fault, Observation, Outcome};
    let template = simulated("enhanced", start(), Duration::from_secs(5)).unwrap().next().unwrap();
    let (since, fault) = (app.now(), r#"{"kind":"unreachable","message":"the network is down"}"#);
    for second in (5..=seconds).step_by(5) {
        let fault: Fault = serde_json::from_str(fault).unwrap();
        let at = since + Duration::from_secs(second);
        let outcome = Outcome::Fault(fault);
        let observation = Observation { at, outcome, task: None, ..template.clone() };
        app.update(Event::observed(observation));
    }
    app
}

#[test]
fn three_kinds_of_nothing_look_different() {
    for size in [(120, 40), (80, 24), (200, 60)] {
        let stopped = watched("stalled", 40.0);
        let axis = line(&stopped, size, "0 └");
        assert!(axis.contains("━━━"), "stopped: {axis}");
        let buffer = drawn(&stopped, Theme::default(), size);
        let below = |row: &[ratatui::buffer::Cell]| row.iter().any(|cell| cell.symbol() == "└");
        let heavy = buffer.content.chunks(size.0.into()).filter(|row| below(row)).flatten();
        let heavy: Vec<Color> = heavy.filter(|cell| cell.symbol() == "━").map(|cell| cell.fg).collect();
        assert!(heavy.len() > 5 && heavy.iter().all(|colour| *colour == Color::Red), "{heavy:?}");
        let rows = lines(&stopped, size);
        let lowest = rows.iter().rfind(|line| line.contains('┤') || line.contains('│')).unwrap();
        assert!(lowest.contains("no change 20m 5s"), "{}", rows.join("\n"));

        let blind = blinded(watched("enhanced", 50.0), 600);
        let chart: Vec<String> = lines(&blind, size).into_iter().filter(|line| line.contains('╱')).collect();
        assert!(line(&blind, size, "ETA").contains(" as of 16:50"), "{}", line(&blind, size, "ETA"));
        let is_named = size.0 < 100 || lines(&blind, size).iter().any(|line| line.contains(" not seen "));
        assert!(chart.len() >= 2 && is_named, "{}", lines(&blind, size).join("\n"));
        let axis = line(&blind, size, "0 └");
        assert!(!axis.contains('━') && axis.contains("╌╌╌"), "not watched: {axis}");

        let early = watched("basic", 8.0);
        let screen = lines(&early, size).join("\n");
        assert!(!screen.contains('╱') && !screen.contains("└") && screen.contains("measuring: a rate"), "{screen}");
        assert!(screen.contains("launched 8m 2s ago, at 16:00:00"), "{screen}");
    }
}

#[test]
fn the_axis_has_round_times_at_every_size_that_has_one() {
    for minutes in [17.0, 25.0, 50.0] {
        let app = watched("enhanced", minutes);
        for size in [(120, 40), (120, 30), (80, 24), (200, 60), (70, 40)] {
            let rows = lines(&app, size);
            let Some(axis) = rows.iter().position(|line| line.trim_start().starts_with("0 └")) else { continue };
            let labels = format!("{} {}", rows[axis], rows[axis + 1]);
            let times: Vec<&str> = labels.match_indices(":").map(|(at, _)| &labels[at - 2..at + 3]).collect();
            assert!(!times.is_empty(), "{minutes} at {size:?}: {labels}");
            let round = |time: &&str| ["0", "2", "4", "5", "6", "8"].iter().any(|end| time.ends_with(end));
            assert!(times.iter().all(round), "{times:?}");
        }
    }
}

#[test]
fn the_key_that_quits_the_phase_and_the_health_are_on_every_screen() {
    for (name, scenario, minutes) in MOMENTS {
        let app = watched(scenario, *minutes);
        let status = app.execution().unwrap().snapshot().unwrap().status.clone().unwrap_or_default();
        for size in USUAL {
            let rows = lines(&app, size);
            assert!(rows.last().unwrap().trim_start().starts_with("q quit"), "{name} at {size:?}: {rows:?}");
            let (head, full) = (&rows[0], &lines(&app, (120, 40))[0]);
            assert!(head.contains(&status[..]), "{name} at {size:?}: {head}");
            for word in ["HEALTHY", "STALLED", "FAILING", "SLOW", "QUIET", "WAITING", "INCOMPLETE", "PARTIAL"] {
                assert_eq!(head.contains(word), full.contains(word), "{name} at {size:?}: {head}");
            }
        }
    }
}

#[test]
fn in_trouble_the_chart_stays_and_the_report_is_offered() {
    for (scenario, minutes) in [("stalled", 40.0), ("failing", 20.0), ("slow", 115.0)] {
        let app = watched(scenario, minutes);
        for size in [(120, 40), (80, 24), (200, 60)] {
            let screen = lines(&app, size).join("\n");
            assert!(screen.contains("Throughput") && screen.contains("└"), "{scenario} at {size:?}: {screen}");
            assert!(screen.contains("h report  c copy command"), "{scenario} at {size:?}: {screen}");
        }
    }
    assert!(!lines(&watched("enhanced", 50.0), (120, 40)).join("\n").contains("copy command"));
}

#[test]
fn a_bar_keeps_its_length_and_the_lanes_their_columns_for_the_whole_run() {
    for size in [(120, 40), (80, 24), (60, 15)] {
        let measured = |minutes: f64| {
            let app = watched("enhanced", minutes);
            let bar = |line: &str| line.chars().filter(|c| matches!(c, '━' | '╸' | '─')).count();
            let wide = |begins| bar(&line(&app, size, begins));
            (wide("Bytes"), wide("Files"), line(&app, size, "Pipeline"))
        };
        let (early, later, late) = (measured(12.0), measured(50.0), measured(70.0));
        assert_eq!(early, later, "{size:?}");
        assert_eq!(later, late, "{size:?}");
    }
}

#[test]
fn lanes_are_full_after_a_success() {
    let app = watched("recovering", 120.0);
    for begins in ["Prepared", "Transferred"] {
        let row = line(&app, (120, 40), begins);
        assert!(row.contains("━━━") && !row.contains('─') && !row.contains('╸'), "{row}");
    }
}

#[test]
fn a_cursor_reads_a_moment_of_the_chart() {
    let mut app = watched("enhanced", 50.0);
    for _ in 0..30 {
        app = pressed(app, '[');
    }
    let header = line(&app, (120, 40), "Throughput");
    assert!(header.contains("at 16:3") && header.contains("now 7.09"), "{header}");
    let screen = lines(&app, (120, 40)).join("\n");
    assert!(screen.contains('┃') && screen.contains('│'), "{screen}");
    let stopped = (0..20).fold(watched("stalled", 40.0), |app, _| pressed(app, '['));
    let header = line(&stopped, (120, 40), "Throughput");
    assert!(header.contains(" no change   no change 20m 5s"), "{header}");
}

#[test]
fn the_estimate_is_one_event_and_the_end_is_the_last() {
    for (_, scenario, minutes) in MOMENTS.iter().filter(|(_, _, minutes)| *minutes < 500.0) {
        let app = pressed(watched(scenario, *minutes), 'e');
        let rows = lines(&app, (160, 90));
        let events: Vec<&String> =
            rows.iter().filter(|row| row.trim_start().starts_with("16:") || row.starts_with(" 17:")).collect();
        assert!(events.iter().filter(|row| row.contains("estimate changed")).count() <= 1, "{rows:?}");
        if let Some(place) = events.iter().position(|row| row.contains("ended with")) {
            assert_eq!(place + 1, events.len(), "{scenario}: {rows:?}");
        }
    }
}

#[test]
fn events_have_dates_on_all_rows_or_on_none() {
    let dated = |app: App| {
        let rows = lines(&pressed(app, 'e'), (120, 40));
        let times = rows.iter().filter(|row| row.contains(":0") || row.contains(":3")).skip(1).cloned();
        let of_day = |row: &String| row.contains(" Nov ");
        times.map(|row| of_day(&row)).collect::<Vec<bool>>()
    };
    let (short, long) = (dated(watched("enhanced", 50.0)), dated(watched("huge", 1500.0)));
    assert!(!short.is_empty() && short.iter().all(|dated| !dated), "{short:?}");
    assert!(!long.is_empty() && long.iter().all(|dated| *dated), "{long:?}");
}

#[test]
fn our_own_faults_are_told_from_what_happens_to_the_transfer() {
    let app = blinded(watched("enhanced", 20.0), 60);
    let rows = lines(&pressed(app, 'e'), (120, 40));
    let ours: Vec<&String> = rows.iter().filter(|row| row.contains("this watch: ")).collect();
    assert_eq!(ours.len(), 1, "{rows:?}");
    assert!(ours[0].contains("poll failed: the network is down"), "{ours:?}");
}

#[test]
fn where_there_is_much_room_files_have_a_chart_of_their_own() {
    let app = watched("enhanced", 50.0);
    let both = lines(&app, (200, 60)).join("\n");
    assert!(both.contains("Throughput   48m 2s") && both.contains("Files per second   48m 2s"), "{both}");
    assert!(both.contains(" Events") && both.contains(" Options"), "{both}");
    let chosen = lines(&pressed(app, 'b'), (200, 60)).join("\n");
    assert!(!chosen.contains("Files per second") && chosen.contains("now 2,360"), "{chosen}");
}

#[test]
fn what_the_watch_has_no_room_for_is_on_the_page_that_it_names() {
    let app = watched("failing", 20.0);
    let small = lines(&app, (40, 8)).join("\n");
    assert!(small.contains("… o shows all") && !small.contains("lists what failed"), "{small}");
    let page = lines(&pressed(app.clone(), 'o'), (40, 60)).join(" ");
    assert!(page.contains("/aws/datasync") && page.contains("lists what failed"), "{page}");
    let help = lines(&pressed(app, '?'), (40, 90)).join("\n");
    assert!(!help.lines().skip(1).any(|line| line.contains('…')), "{help}");
}
