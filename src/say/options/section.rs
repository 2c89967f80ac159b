//! A heading with rows under it.

/// One heading and what belongs under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is about.
    pub title: &'static str,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// One thing that was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is: the service's name for it, spaced.
    pub name: String,
    /// What it is set to, in words.
    pub words: String,
    /// The service's own value, where the words are ours.
    pub constant: Option<String>,
}

impl Row {
    /// A row whose words are the service's own.
    pub fn plain(name: &str, words: impl Into<String>) -> Self {
        Self { name: name.into(), words: words.into(), constant: None }
    }
}
