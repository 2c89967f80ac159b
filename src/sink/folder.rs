//! Where recordings and reports are kept.

use std::path::PathBuf;

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};

/// The folder of this program's recordings: below `$XDG_STATE_HOME`, or where the platform keeps such things.
/// `None` where nobody has a home.
pub fn recordings() -> Option<PathBuf> {
    let base = choose_native_strategy().ok()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    Some(state.join("syncscope"))
}
