//! Snapshots that lie about attributes of records.

use headcount::{Account, Attribute, Config, Engine, Page, RestoreError};
use headcount_testing::small::{self, member, push};
use serde_json::{Value, json};

use crate::told::{heard, read};

fn saved() -> Value {
    let mut engine = small::engine(Config::new());
    let attributes = Some(vec![Attribute::new("a", 1), Attribute::new("b", "x")]);
    let page = Page::accounts([Account { attributes, ..member("u1", ["g1"]) }]);
    let _ = push(&mut engine, &page).expect("a page");
    small::saved(&engine)
}

fn restore(saved: &Value) -> Result<Engine, String> {
    let snapshot = read(saved.clone()).map_err(|error| error.to_string())?;
    heard(Engine::restore(Config::new(), snapshot)).map_err(|error| match error {
        RestoreError::Broken(broken) => broken.rule.to_owned(),
        other => other.code().to_owned(),
    })
}

#[test]
pub(crate) fn attributes_that_no_engine_could_have_saved_are_refused() {
    let saved = saved();
    let account = "/apps/0/tables/0/0/5";
    assert_eq!(saved.pointer(account), Some(&json!({"a": 1, "b": "x"})));
    restore(&saved).expect("an engine");
    let refused = |path: &str, value: Value| {
        let mut forged = saved.clone();
        *forged.pointer_mut(path).expect(path) = value;
        restore(&forged).err()
    };
    let malformed = Some("the attributes of a record are not as it has them".to_owned());
    let many: serde_json::Map<String, Value> = (0..1_025).map(|at| (format!("{at:04}"), json!(at))).collect();
    for (value, rule) in [
        (json!({"a": 2, "b": "x"}), "digest_mismatch"),
        (json!({"": 1}), "3.10"),
        (json!({"a\0": 1}), "3.10"),
        (json!({"a": "x\0"}), "3.10"),
        (json!({"a": ["x\0"]}), "3.10"),
        (json!({"a": "x".repeat(16_384)}), "3.10"),
        (Value::Object(many), "3.10"),
    ] {
        assert_eq!(refused(account, value.clone()).as_deref(), Some(rule), "{value}");
    }
    let large: Vec<Value> = vec![json!("x".repeat(300)); 69];
    for value in [
        Value::Null,
        json!({}),
        json!({"b": "x", "a": 1}),
        json!({"a": null, "b": "x"}),
        json!({"a": "", "b": "x"}),
        json!({"a": [], "b": "x"}),
        json!({"a": [""], "b": "x"}),
        json!({"a": {"wrong_type": "number"}}),
        json!({"a": large}),
    ] {
        let error = refused(account, value.clone())
            .map(|error| error.split(" at line").next().unwrap_or("").to_owned());
        assert_eq!(error, malformed, "{value}");
    }
    for value in [json!({"a": 1.5}), json!({"a": {"x": 1}}), json!([1]), json!({"a": [1]})] {
        assert!(refused(account, value.clone()).is_some_and(|error| error != "digest_mismatch"), "{value}");
    }
    // Of a placeholder, of a row that is gone, and of a format that had none.
    let mut forged = saved.clone();
    forged["apps"][0]["tables"][1][0].as_array_mut().expect("a row").push(json!({"a": 1}));
    assert_eq!(restore(&forged).err().as_deref(), Some("3.10"));
    let mut forged = saved.clone();
    forged["apps"][0]["tables"][1][0] = json!([8, 0, "active", ["", "", "", "", "", ""], [], {"a": 1}]);
    assert_eq!(restore(&forged).err().as_deref(), Some("of a record that has gone more is told"));
    let mut forged = saved;
    forged["format"] = json!(4);
    for name in ["sessions", "marks"] {
        forged.as_object_mut().expect("a snapshot").remove(name);
    }
    assert_eq!(restore(&forged).err().as_deref(), Some("9"));
}
