//! The program: see `syncscope --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncscope::main()
}
