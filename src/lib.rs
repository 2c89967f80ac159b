//! A terminal monitor for AWS DataSync transfers.
//!
//! An [`Observation`] says which execution was looked at, when, and what the service answered or why it could
//! not. [`watch`] makes them, an [`App`] folds them in, [`render`] and [`run`] draw it. A program that has
//! observations of its own can feed them to an app; one that wants them can take them from [`watch`].
//!
//! ```
//! use std::time::Duration;
//! use ratatui::{buffer::Buffer, layout::Rect};
//! use syncscope::{Response, App, Arn, Event, Theme, Observation, Outcome, render};
//!
//! let arn = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";
//! let at = "2026-11-22T16:00:05Z".parse()?;
//! let answer = Response::parse(r#"{"Status":"TRANSFERRING","BytesWritten":512,"EstimatedBytesToTransfer":1024}"#)?;
//! let observation = Observation {
//!     execution: arn.into(),
//!     at,
//!     outcome: Outcome::Response(answer),
//!     task: None,
//!     next: Some(Duration::from_secs(5)),
//! };
//!
//! let mut app = App::new([Arn::parse(arn)?], at, jiff::tz::TimeZone::UTC);
//! app.update(Event::observed(observation));
//! let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
//! render(&app, Theme::default(), &mut buffer);
//! assert!(format!("{buffer:?}").contains("50.0%"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod app;
mod aws;
mod cli;
mod clock;
mod demo;
mod files;
mod keys;
mod say;
mod sink;
mod source;
mod transfer;
mod view;

pub use app::{App, Event};
pub use aws::{
    arn::Arn,
    fault::Fault,
    line::{Reader, Writer},
    observation::{Observation, Outcome},
    response::Response,
};
pub use cli::main;
pub use clock::Clock;
pub use demo::simulated;
pub use say::state::State;
pub use sink::screen::run;
pub use source::{service::Connection, watch};
pub use view::{render, theme::Theme};

/// What the benchmarks and tests reach beside the above. Not for others: it may change at any time.
#[doc(hidden)]
pub mod bench {
    pub use super::{
        sink::{
            keyboard::Keyboard,
            record::{Place, Recorder},
        },
        source::recording::{Recording, player::Player},
        transfer::{
            judge::estimate::{Bound, Estimate, Estimator, Reading, Stage, Unknown},
            past::refresh::Refresh,
        },
    };
}
