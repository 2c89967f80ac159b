//! The tests of the whole: the program, its screens and its outputs, from outside.

mod cli;
mod estimate;
mod floors;
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
