//! Reads the source tree and fails on what we banned from it.
//!
//! `no_std` and the lints refuse some of this already; what they cannot see, or what somebody could switch
//! off in passing, is looked for here. Comments and unit tests may say and do what they like.

use std::path::{Path, PathBuf};

use headcount_testing::tidy::{self, Fault, Map, Sources, bans, imports, size};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn core() -> Sources {
    let sources = tidy::read(&root().join("src")).expect("the source tree");
    assert!(sources.len() > 20, "only {} files found: is this the source tree?", sources.len());
    sources
}

fn assert_none(faults: &[Fault]) {
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "\n{}", told.join("\n"));
}

#[test]
fn the_core_has_nothing_that_is_banned() {
    assert_none(&bans::faults(&core()));
}

#[test]
fn files_and_functions_of_the_core_fit_on_few_screens() {
    assert_none(&size::faults(&core()));
}

#[test]
fn the_core_defaults_nothing_that_is_missing_without_a_word() {
    assert_none(&bans::defaults(&core()));
}

#[test]
fn a_lint_is_switched_off_with_a_reason_and_never_for_dead_code() {
    for folder in ["src", "tests", "testing", "sim", "fuzz/fuzz_targets", "benches"] {
        assert_none(&bans::waivers(&tidy::read(&root().join(folder)).expect("a source tree")));
    }
}

/// The map of floors in `lib.rs` is true.
#[test]
fn imports_keep_to_the_map() {
    assert_none(&imports::faults(&core()));
}

/// A check that finds nothing proves nothing, unless it finds what is there.
mod planted {
    use super::*;

    /// A tree of these files.
    fn tree(files: &[(&str, &str)]) -> Sources {
        files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect()
    }

    fn told(faults: Vec<Fault>) -> Vec<String> {
        faults.iter().map(ToString::to_string).collect()
    }

    fn banned(text: &str) -> Vec<String> {
        told(bans::faults(&tree(&[("a.rs", text)])))
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn each_banned_word_is_found() {
        for (word, _) in bans::WORDS {
            let code = match *word {
                "cfg(target" => "#[cfg(target_os = \"linux\")]\nfn b() {}".to_owned(),
                word if word.ends_with('!') => format!("fn b() {{\n{word}()}}"),
                word if word.ends_with("::") => format!("use\n{word}b;"),
                "static mut" => "\nstatic mut B: u8 = 0;".to_owned(),
                "extern crate std" => "\nextern crate std;".to_owned(),
                "unsafe" => "\nunsafe fn b() {}".to_owned(),
                word => format!("\nuse b::{word};"),
            };
            let found = banned(&code);
            assert!(found.iter().any(|fault| fault.contains(&format!("`{word}`"))), "{word}: {found:?}");
            let said =
                format!("/// {word}\nfn b() {{}} // {word}\n/* {word} */\nconst C: &str = \"{word}\";\n");
            assert_eq!(banned(&said), NONE, "{word}");
            let tested = format!("fn b() {{}}\n#[cfg(test)]\nmod tests {{\n{code}\n}}\n");
            assert_eq!(banned(&tested), NONE, "{word}");
        }
        assert_eq!(banned("#![forbid(unsafe_code)]\n"), NONE);
        assert_eq!(banned("fn a() {}\n\nuse std::fs; // why\n"), ["a.rs:3: `std::`: the core is no_std"]);
        let after_tests = "#[cfg(test)]\nmod tests {}\n#[cfg(test)]\nuse std::fs;\nuse std::io;\n";
        assert_eq!(banned(after_tests), ["a.rs:5: `std::`: the core is no_std"]);
    }

    #[test]
    fn a_panic_says_what_was_believed() {
        for fine in [
            "a.expect(\"a row has a type\")",
            "a.expect_err(\"it was refused above\")",
            "panic!(\"no input reaches this\")",
            "panic!(\"no input reaches this: {a}\", a)",
            "unreachable!(\"the match above is exhaustive\")",
            "assert!(a > b, \"rows only ever grow\")",
            "assert!(c::<a, b>(), \"rows only ever grow\")",
            "assert_eq!(a, b, \"two columns, one length\")",
            "debug_assert!(a)",
            "debug_assert_eq!(a, b)",
            "unwrap(a)",
            "session.expect(Status::InProgress)",
            "a.unwrap_or(b)",
            "\"a.unwrap() panic!()\"",
        ] {
            assert_eq!(banned(&format!("fn f() {{ {fine}; }}")), NONE, "{fine}");
        }
        for bad in [
            "a.unwrap()",
            "a.map(Option::unwrap)",
            "a.unwrap_err()",
            "a.expect(\"a row\")",
            "a.expect(&b)",
            "panic!()",
            "panic!(\"two words\")",
            "panic!(a)",
            "unreachable!()",
            "unreachable!(\"never here\")",
            "assert!(a)",
            "assert!(a, \"two words\")",
            "assert!(a, b)",
            "assert_eq!(a, b)",
            "assert_ne!(a, b, \"not equal\")",
        ] {
            let found = banned(&format!("fn f() {{\n    b(|| {{ {bad} }});\n}}"));
            assert!(matches!(found.as_slice(), [one] if one.starts_with("a.rs:2: ")), "{bad}: {found:?}");
        }
    }

    #[test]
    fn silent_defaults_are_counted() {
        let text = "fn f() {\n    a.unwrap_or_default();\n    b.entry(c).or_default(); // or_default\n}\n\
                    #[cfg(test)]\nmod tests { fn g() { a.unwrap_or_default() } }\n";
        let found = told(bans::defaults(&tree(&[("a.rs", text), ("b/tests.rs", text)])));
        assert_eq!(found, ["a.rs:2: `unwrap_or_default`", "a.rs:3: `or_default`"]);
    }

    #[test]
    fn a_waived_lint_is_found() {
        let waivers = |text: &str| told(bans::waivers(&tree(&[("a.rs", text)])));
        assert_eq!(waivers("#[allow(unused)]\nfn f() {}"), ["a.rs:1: a lint is switched off, but not why"]);
        assert_eq!(waivers("#![expect(unused)]"), ["a.rs:1: a lint is switched off, but not why"]);
        assert_eq!(waivers("#[allow(\n    unused,\n    reason = \"why\"\n)]\nfn f() {}"), NONE);
        assert_eq!(
            waivers("\n#[allow(dead_code, reason = \"why\")]\nfn f() {}"),
            ["a.rs:2: dead code is taken out"]
        );
        assert_eq!(waivers("#[cfg_attr(test, allow(dead_code, reason = \"why\"))]\nfn f() {}").len(), 1);
        assert_eq!(waivers("fn f() { a.expect(\"why\") }\n#[doc = \"allow(dead_code)\"]\nfn g() {}"), NONE);
    }

    #[test]
    fn what_is_too_long_or_too_wide_is_found() {
        let sizes = |text: &str| told(size::faults(&tree(&[("a.rs", text)])));
        let lines = |count: usize| "    b();\n".repeat(count);
        assert_eq!(sizes(&format!("\nfn f() {{\n{}}}\n", lines(58))), NONE);
        let long = format!("\nimpl A {{\n    #[inline]\n    pub fn f() {{\n{}    }}\n}}\n", lines(59));
        assert_eq!(sizes(&long), ["a.rs:4: `f` has 61 lines, expected at most 60"]);
        assert_eq!(sizes(&"\n".repeat(500)), NONE);
        assert_eq!(sizes(&"\n".repeat(501)), ["a.rs:501: the file has 501 lines, expected at most 500"]);
        let in_tests = format!("#[cfg(test)]\nmod tests {{\n    fn f() {{\n{}    }}\n}}\n", lines(70));
        assert_eq!(sizes(&in_tests), NONE);
        for (declared, parameters) in [
            ("fn f(a: A, b: B, c: C, d: D, e: E)", 5),
            ("fn f(&mut self, a: A, b: B, c: C, d: D, e: E,)", 5),
            ("fn f(self: Box<Self>, a: A, b: B, c: C, d: D, e: E)", 5),
            (
                "fn f<'a, K: Fn(u8, u8) -> u8, const N: usize>(a: M<K, V>, b: fn(u8, u8) -> [u8; 3], c: (u8, u8))",
                3,
            ),
            ("fn f()", 0),
            ("fn f(a: A, b: B, c: C, d: D, e: E, f: F)", 6),
            ("fn f<A: Into<B>>(&'a self, a: A, b: B, c: C, d: D, e: E, f: F<G, H>) -> I where A: J", 6),
        ] {
            let found =
                sizes(&format!("trait T {{\n{declared};\n}}\nimpl T for A {{\n{declared} {{}}\n}}\n"));
            let expected = format!("`f` has {parameters} parameters, expected at most 5");
            let expected = [format!("a.rs:2: {expected}"), format!("a.rs:5: {expected}")];
            assert_eq!(found, if parameters > 5 { expected.as_slice() } else { &[] }, "{declared}");
        }
    }

    const MAP: &str = "\
//! The core.
//!
//! | floor | module | what it is |
//! | ---: | --- | --- |
//! | 3 | `engine`, `view/` | where control flows |
//! | 2 | `state` | nouns |
//! | 1 | `values` | plain values |
//!
//! | floor | another table |
pub use engine::Engine;
pub use values::{Id as AppId, time::Timestamp};
pub use uuid::{self, Uuid};
";

    /// What is told of a tree of `values/id.rs`, `values/time.rs`, `state/mod.rs`, `engine.rs` and `view.rs` when
    /// this text is the one file's.
    fn imported(file: &str, text: &str) -> Vec<String> {
        let mut sources = tree(&[
            ("lib.rs", MAP),
            ("values/mod.rs", "pub use id::Id;"),
            ("values/id.rs", "pub struct Id;"),
            ("values/time.rs", ""),
            ("state/mod.rs", "use crate::values::id::Id;\npub struct App;"),
            ("state/rows.rs", ""),
            ("engine.rs", "use crate::state::App;\npub struct Engine;"),
            ("view.rs", "use crate::{AppId, Uuid, values::Id};"),
        ]);
        sources.insert(file.to_owned(), text.to_owned());
        told(imports::faults(&sources))
    }

    #[test]
    fn the_table_of_floors_is_read() {
        let map = Map::parse(MAP).expect("a map");
        let modules: Vec<_> = map.modules().map(|module| (module, map.floor(module))).collect();
        let expected = [("engine", 3), ("state", 2), ("values", 1), ("view", 3)];
        assert_eq!(modules, expected.map(|(module, floor)| (module, Some(floor))));
        assert_eq!(map.floor("another table"), None);
        for (from, to, fault) in [
            ("| floor | module |", "| storey | module |", "lib.rs:1: there is no table that begins"),
            ("//! | 2 | `state`", "//! | two | `state`", "lib.rs:6: a floor is a number from 1"),
            ("//! | 2 | `state`", "//! | 2 | `values`", "lib.rs:7: `values` stands on two floors"),
            ("//! | 2 | `state`", "//! | 3 | `state`", "lib.rs:1: no module stands on floor 2"),
            ("| nouns |", "", "lib.rs:6: a row has three cells"),
        ] {
            let found = told(Map::parse(&MAP.replace(from, to)).expect_err(fault));
            assert!(found.iter().any(|told| told.starts_with(fault)), "{fault}: {found:?}");
        }
    }

    #[test]
    fn imports_that_go_down_are_fine() {
        for (file, text) in [
            ("engine.rs", "use crate::{state::{self, App}, values::id::Id as Other};\nuse super::values;"),
            ("state/rows.rs", "use super::App;\nuse super::super::values::Id;\nuse crate::Timestamp;"),
            (
                "values/id.rs",
                "//! See [`crate::engine::Engine`].\n/// Or `crate::view`.\nfn f() {} // crate::view",
            ),
            (
                "values/id.rs",
                "#[cfg(test)]\nmod tests {\n    use crate::engine::Engine;\n    use super::*;\n}",
            ),
            ("values/id.rs", "const A: &str = \"crate::engine\";\npub(in crate::values) fn f() {}"),
            ("values/id.rs", "mod inner {\n    use super::super::time;\n    use super::f;\n}"),
            ("view.rs", "use crate::engine::Engine;"),
            ("values/tests.rs", "use crate::engine::Engine;"),
            ("tests/mod.rs", "use crate::engine::Engine;"),
        ] {
            assert_eq!(imported(file, text), NONE, "{file}: {text}");
        }
    }

    #[test]
    fn an_import_that_goes_up_is_found_wherever_it_stands() {
        let up = |file: &str, written: &str| {
            vec![format!("{file}: `{written}`: `values` on floor 1 imports `engine` on floor 3")]
        };
        for (text, line, written) in [
            ("use crate::engine::Engine;", 1, "crate::engine::Engine"),
            ("\nuse crate::{values::Id, engine::{self}};", 2, "crate::engine"),
            ("use crate::engine::*;", 1, "crate::engine::*"),
            ("fn f() -> crate::engine::Engine { loop {} }", 1, "crate::engine::Engine"),
            ("fn f() {\n    debug_assert!(crate::engine::is_fine());\n}", 2, "crate::engine::is_fine"),
            ("use super::super::engine::Engine;", 1, "super::super::engine::Engine"),
            ("mod inner {\n    use super::super::super::engine;\n}", 2, "super::super::super::engine"),
            ("use crate::Engine;", 1, "crate::Engine"),
            (
                "struct A {\n    #[serde(with = \"crate::engine::text\")]\n    a: u8,\n}",
                2,
                "crate::engine::text",
            ),
            (
                "#[cfg_attr(feature = \"serde\", serde(borrow, with = \"crate::engine::text\"))]\nstruct A;",
                1,
                "crate::engine::text",
            ),
        ] {
            assert_eq!(
                imported("values/id.rs", text),
                up(&format!("values/id.rs:{line}"), written),
                "{text}"
            );
        }
    }

    #[test]
    fn a_circle_is_found_on_one_floor_and_between_parts_of_two_modules() {
        assert_eq!(imported("view.rs", "use crate::engine::Engine;\n"), NONE, "a neighbour may be imported");
        let mut sources = tree(&[("lib.rs", MAP), ("values.rs", ""), ("state.rs", "")]);
        sources.insert("view.rs".to_owned(), "\nuse crate::engine::Engine;".to_owned());
        sources.insert("engine.rs".to_owned(), "use crate::view::View;".to_owned());
        assert_eq!(
            told(imports::faults(&sources)),
            [
                "engine.rs:1: a circle engine → view → engine: engine.rs:1 `crate::view::View`, view.rs:2 `crate::engine::Engine`"
            ]
        );
        // Each step goes down, from a part of one to a part of the other, and yet neither is below the other.
        let lib = "//! | floor | module | what it is |\n//! | --- | --- | --- |\n//! | 1 | `a/low` | |\n\
                   //! | 2 | `b` | |\n//! | 3 | `a` | |\n";
        let sources = tree(&[
            ("lib.rs", lib),
            ("a/mod.rs", "use crate::b::B;"),
            ("a/low.rs", ""),
            ("b.rs", "use crate::a::low::Low;"),
        ]);
        let found = told(imports::faults(&sources));
        assert_eq!(
            found,
            ["a/mod.rs:1: a circle a → b → a: a/mod.rs:1 `crate::b::B`, b.rs:1 `crate::a::low::Low`"]
        );
    }

    #[test]
    fn a_module_without_a_floor_a_floor_without_a_module_and_an_unknown_name_are_found() {
        assert_eq!(imported("extra/mod.rs", ""), ["extra/mod.rs:1: the table does not name `extra`"]);
        let mut sources = tree(&[("lib.rs", MAP), ("values.rs", ""), ("state.rs", ""), ("engine.rs", "")]);
        assert_eq!(told(imports::faults(&sources)), ["lib.rs:1: the table names `view`, which is no module"]);
        sources.insert("view.rs".to_owned(), "use crate::Nothing;".to_owned());
        assert_eq!(
            told(imports::faults(&sources)),
            ["view.rs:1: `crate::Nothing`: nothing in lib.rs has this name"]
        );
        sources.insert("view.rs".to_owned(), "fn f( {".to_owned());
        assert!(told(imports::faults(&sources))[0].starts_with("view.rs:1: this is no Rust"));
        let lib = MAP.replace("pub use engine::Engine", "pub use engine::*");
        assert_eq!(imported("lib.rs", &lib), ["lib.rs:10: a glob hides what it exports"]);
    }

    #[test]
    fn an_absence_is_looked_for_by_way_of_others() {
        let sources = tree(&[
            ("lib.rs", ""),
            ("table/mod.rs", "use crate::error::Error;"),
            ("table/rows.rs", ""),
            ("error.rs", "\nuse crate::session::Status;"),
            ("session.rs", ""),
            ("engine.rs", "use crate::table::Table;"),
        ]);
        assert_eq!(
            told(imports::chain(&sources, "table", "session")),
            [
                "table/mod.rs:1: `crate::error::Error`: error/Error",
                "error.rs:2: `crate::session::Status`: session/Status"
            ]
        );
        assert_eq!(told(imports::chain(&sources, "table", "engine")), NONE);
        assert_eq!(imports::chain(&sources, "engine", "session").len(), 3);
    }
}
