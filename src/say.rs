//! Words and shapes of output: the one place that puts what is known of a transfer into sentences, rows and JSON.

pub mod blocks;
pub mod json_lines;
pub mod line;
pub mod options;
pub mod redact;
pub mod report;
pub mod sentences;
pub mod state;
pub mod summary;
pub mod text;
pub mod units;
pub mod words;

#[cfg(test)]
mod tests;
