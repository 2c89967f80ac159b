//! Where a paginated listing stands.

use std::collections::HashSet;

/// Where a listing stands. It ends where a token comes a second time, whatever the service says.
#[derive(Debug, Default)]
pub struct Pages {
    token: Option<String>,
    seen: HashSet<String>,
}

impl Pages {
    /// The token of the page to ask for; `None` for the first.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Goes on to the page that the last one named. False where there is none.
    pub fn turn(&mut self, next: Option<String>) -> bool {
        self.token = next.filter(|token| !token.is_empty() && self.seen.insert(token.clone()));
        self.token.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_goes_round_in_circles_ends() {
        let mut pages = Pages::default();
        assert!(pages.turn(Some("a".into())) && pages.turn(Some("b".into())));
        assert!(!pages.turn(Some("a".into())));
        assert!(!Pages::default().turn(None) && !Pages::default().turn(Some(String::new())));
    }
}
