//! Prints the report; on the other stream, what machine this is.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("{}", platform_check::platform());
    let report = platform_check::report();
    print!("{report}");
    if report.contains(platform_check::FAULT) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
