//! What the command line says, word for word: help, lists, and what is wrong.

#[test]
fn the_command_line_says_what_is_written_down() {
    // neither a terminal's width nor a locale, a proxy or a profile of this machine makes a difference
    let cases = trycmd::TestCases::new();
    cases.env("LANG", "C.UTF-8").env("COLUMNS", "100").case("tests/cli/*.trycmd");
}
