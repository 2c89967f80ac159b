//! One transfer on the screen: head, messages, gauges, steps, chart and events, as many as fit.

mod basic;
mod chart;
mod compact;
mod eta;
mod events;
mod gauges;
mod head;
mod layout;
mod messages;
mod phases;
mod pipeline;

pub use self::{
    compact::rows as compact,
    events::all as all_events,
    head::first as head,
    layout::rows,
    messages::{presses, rows as messages},
};
