//! A terminal monitor for AWS DataSync transfers.

#![allow(dead_code)] // until the floors above are in

mod app;
mod cli;
mod clock;
mod keys;
mod model;
mod sink;
mod source;
mod view;

pub use cli::main;
