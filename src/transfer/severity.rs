//! How serious something is: it decides colour and symbol wherever it is shown.

/// How serious something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// All is well.
    Ok,
    /// To know.
    Info,
    /// To look at.
    Warning,
    /// To act on.
    Critical,
}
