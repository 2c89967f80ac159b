//! The tests of the whole: the program, its screens and its outputs, from outside.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may take things for granted"
)]

mod chaos_files;
mod chaos_secrets;
mod chaos_service;
mod chaos_streams;
mod cli;
mod credentials;
mod estimate;
mod floors;
mod fuzz;
mod health;
mod pipe;
mod pty;
mod readme;
mod record;
mod recordings;
mod replay;
mod report;
mod saved;
mod schema;
mod screens;
mod support;
mod wait;
