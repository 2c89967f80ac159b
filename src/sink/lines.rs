//! Plain lines: where there is no screen, and what stays in the scrollback after one.

use std::io::{self, Write};

use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::{
    app::{App, Event, What},
    model::{execution::Execution, statement, statement::Now, units},
    view::{text::clean, theme::Look},
};

/// How often a line comes while nothing else is to tell.
const EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Folds events into the app and prints a line for each change of status or sight, and one a minute, until every
/// execution is over or the app ends. Gives the app back.
///
/// # Errors
/// The lines could not be written.
pub async fn run(mut app: App, look: Look, out: &mut impl Write, events: impl Stream<Item = Event>) -> io::Result<App> {
    let mut events = std::pin::pin!(events);
    let mut told: Vec<Option<Told>> = Vec::new();
    while app.end().is_none() {
        let Some(event) = events.next().await else { break };
        let observed = matches!(event.what, What::Observed(_));
        app.update(event);
        told.resize(app.executions().len(), None);
        for (execution, told) in app.executions().iter().zip(&mut told) {
            let now = Told::of(execution, app.now());
            if observed && told.as_ref().is_none_or(|before| before.is_old(&now)) {
                writeln!(out, "{}", look.text(&line(execution, &app)))?;
                out.flush()?;
                *told = Some(now);
            }
        }
        // What was watched before may tell of the end too, and is not what was asked for.
        if observed && app.executions().iter().all(|execution| execution.is_over()) {
            break;
        }
    }
    Ok(app)
}

/// What the last line told.
#[derive(Clone, Debug)]
struct Told {
    status: Option<String>,
    fault: Option<&'static str>,
    at: Timestamp,
}

impl Told {
    fn of(execution: &Execution, at: Timestamp) -> Self {
        let status = execution.snapshot().and_then(|snapshot| snapshot.status.as_deref().map(str::to_owned));
        Self { status, fault: execution.fault().map(|sight| sight.fault.kind.as_str()), at }
    }

    fn is_old(&self, now: &Self) -> bool {
        self.status != now.status || self.fault != now.fault || now.at.duration_since(self.at) >= EVERY
    }
}

fn line(execution: &Execution, app: &App) -> String {
    let now = Now { at: app.now(), zone: app.zone() };
    let words = match execution.fault() {
        Some(sight) => format!("no answer: {}", sight.fault),
        None => statement::headline(execution, &now).join("  "),
    };
    let name = execution.task().name.as_deref().unwrap_or(execution.arn().id());
    clean(&format!("{}  {name}  {words}", units::date_and_time(app.now(), app.zone()))).into_owned()
}

/// The last state of each transfer, for the scrollback.
pub fn farewell(app: &App, look: Look) -> String {
    let now = Now { at: app.now(), zone: app.zone() };
    let mut page = String::new();
    for execution in app.executions().iter().filter(|execution| execution.snapshot().is_some()) {
        let name = execution.task().name.as_deref().map(|name| format!("{name}  ")).unwrap_or_default();
        let headline = statement::headline(execution, &now).join("  ");
        let mut lines = vec![format!("{name}{}", execution.arn()), headline];
        lines.extend(statement::statement(execution, &now).into_iter().map(|sentence| sentence.text));
        lines.extend(
            execution.answered_at().map(|at| format!("Last answer at {}.", units::date_and_time(at, app.zone()))),
        );
        for line in lines {
            page.push_str(&look.text(&clean(&line)));
            page.push('\n');
        }
    }
    page
}
