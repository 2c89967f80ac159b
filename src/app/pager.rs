//! Which page is open, and which of its lines are on the screen.

/// What the screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The transfer.
    #[default]
    Watch,
    /// What was configured.
    Options,
    /// What happened.
    Events,
    /// The response verbatim.
    Raw,
    /// The keys.
    Help,
}

/// How much of a page there is, and how much of it fits the screen; in lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Lines of the page.
    pub content: usize,
    /// Lines of the screen.
    pub visible: usize,
}

/// The page that is open, and how far it is scrolled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pager {
    page: Page,
    line: usize,
    extent: Extent,
}

impl Pager {
    pub fn page(&self) -> Page {
        self.page
    }

    /// The first line that is visible.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Opens a page, or the watch where that page is open already.
    pub fn toggle(&mut self, page: Page) {
        self.open(if self.page == page { Page::Watch } else { page });
    }

    pub fn open(&mut self, page: Page) {
        // events are read from the newest on, as in a log
        let line = if page == Page::Events { usize::MAX } else { 0 };
        *self = Self { page, line, extent: Extent::default() };
    }

    /// Takes in how much was drawn, so that scrolling knows its ends.
    pub fn drawn(&mut self, extent: Extent) {
        self.extent = extent;
        self.go_to(self.line);
    }

    /// Makes this line the first one, as far as the page goes.
    pub fn go_to(&mut self, line: usize) {
        self.line = line.min(self.extent.content.saturating_sub(self.extent.visible));
    }

    /// Scrolls by lines, upwards below 0.
    pub fn scroll(&mut self, lines: isize) {
        self.go_to(self.line.saturating_add_signed(lines));
    }

    /// Scrolls by screens, of which one line stays.
    pub fn turn(&mut self, screens: isize) {
        let lines = isize::try_from(self.extent.visible.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        self.scroll(lines.saturating_mul(screens));
    }
}
