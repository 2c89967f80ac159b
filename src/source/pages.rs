//! Where a paginated listing stands.

use std::collections::HashSet;

use crate::aws::fault::{Fault, FaultKind};

/// The most pages of one listing: at 100 entries a page, far more than an account has.
const MAX_PAGES: usize = 100;

/// Where a listing stands.
#[derive(Debug)]
pub struct Pages {
    operation: &'static str,
    token: Option<String>,
    seen: HashSet<String>,
}

impl Pages {
    /// The beginning of a listing by this operation: `ListTasks`.
    pub fn of(operation: &'static str) -> Self {
        Self { operation, token: None, seen: HashSet::new() }
    }

    /// The token of the page to ask for; `None` for the first.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Goes on to the page that the last one named. False where there is none.
    ///
    /// # Errors
    /// A `garbled` fault where a token comes a second time, or more pages than any listing has.
    pub fn turn(&mut self, next: Option<String>) -> Result<bool, Fault> {
        self.token = next.filter(|token| !token.is_empty());
        let Some(token) = self.token.clone() else { return Ok(false) };
        let garbled = |what: &str| Err(Fault::new(FaultKind::Garbled, format!("{} {what}", self.operation)));
        if !self.seen.insert(token) {
            return garbled("repeats a NextToken: its list cannot be read to the end");
        }
        if self.seen.len() >= MAX_PAGES {
            return garbled(&format!("has no end: stopped after {MAX_PAGES} pages"));
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_ends_or_is_stopped() {
        let mut pages = Pages::of("ListTasks");
        assert!(pages.turn(Some("a".into())).unwrap());
        assert_eq!(pages.token().as_deref(), Some("a"));
        assert!(!pages.turn(None).unwrap() && !pages.turn(Some(String::new())).unwrap());
        let fault = pages.turn(Some("a".into())).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Garbled);
        assert!(fault.message.starts_with("ListTasks repeats a NextToken"), "{fault}");

        let mut pages = Pages::of("ListTasks");
        let turned = (0..).map_while(|number| pages.turn(Some(number.to_string())).ok()).count();
        assert_eq!(turned, MAX_PAGES - 1);
        assert!(pages.turn(Some("more".into())).unwrap_err().message.contains("has no end"));
    }
}
