//! Failures of properties, kept beside the test: what failed once is tried first from then on.

use proptest::test_runner::{Config, FileFailurePersistence};

/// A configuration for so many cases, or as many as `PROPTEST_CASES` asks for if that is more. A failure of `tests/model.rs` is written to `tests/model.regressions`, a file
/// to be committed.
///
/// A seed gives the same input for as long as the generators stay as they are: a failure that taught something
/// deserves a small test of its own, too.
pub fn config(cases: u32) -> Config {
    let beside = FileFailurePersistence::WithSource("regressions");
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.map_or(cases, |asked: u32| asked.max(cases));
    Config { cases, failure_persistence: Some(Box::new(beside)), ..Config::default() }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, FileFailurePersistence, TestError, TestRunner};

    /// In a file of its own, in the place of the one beside the source.
    fn config_at(path: &'static str) -> Config {
        let mut config = super::config(200);
        assert!(config.failure_persistence.is_some(), "failures are kept");
        config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(path)));
        config.source_file = Some(file!());
        config
    }

    #[test]
    fn a_failure_leaves_a_file_and_is_tried_first_from_then_on() {
        let path = std::env::temp_dir().join(format!("headcount-{}.regressions", std::process::id()));
        let path: &'static str = path.to_str().expect("a path in Unicode").to_owned().leak();
        let failed = TestRunner::new(config_at(path)).run(&any::<u64>(), |value| {
            prop_assert!(value < 1_000);
            Ok(())
        });
        assert!(matches!(failed, Err(TestError::Fail(_, 1_000))), "{failed:?}");
        assert!(fs::read_to_string(Path::new(path)).expect("a file").contains("shrinks to 1000"));
        let tried = RefCell::new(Vec::new());
        let passed = TestRunner::new(config_at(path)).run(&any::<u64>(), |value| {
            tried.borrow_mut().push(value);
            Ok(())
        });
        assert!(passed.is_ok() && tried.borrow()[0] >= 1_000, "{:?}", tried.borrow()[0]);
        fs::remove_file(path).expect("the file");
    }
}
