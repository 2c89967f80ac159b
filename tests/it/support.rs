//! What several of the tests need: a service, the program, a pipe, a terminal.

pub mod endpoint;
pub mod pipe;
pub mod program;
pub mod screen;
