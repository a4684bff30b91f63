//! A record that is on record to the letter is taken without a check (it was checked when it came). That shows
//! nowhere: an engine that checks everything refuses the same pages for the same reasons, and does the same.

use headcount::{
    Account, Change, Config, Engine, Error, Group, Kind, Limits, Page, PageOutcome, PageSeed, Reference,
    ReferenceList, Scope, Timestamp,
};
use headcount_testing::random;
use headcount_testing::small::{
    self, APP, NOW, SESSION, account, complete, group, member, push, push_in, reload, session,
};
use serde::de::DeserializeSeed;
use serde_json::{Value, json};

/// Limits so low that random records pass them.
fn tight(key: u8) -> Config {
    let tight = small::config(|limits| {
        limits.id_chars_max = 4;
        limits.text_chars_max = 8;
        limits.description_chars_max = 8;
        limits.references_per_account_max = 4;
        limits.faults_listed_max = 5;
        limits.attributes_per_record_max = 3;
        limits.attribute_text_chars_max = 8;
    });
    tight.with_hash_key([key; 16])
}

/// Two engines in the same state, the first of which checks also what is on record to the letter: when it was
/// loaded it held a team that its limits would not let in, which was purged since.
fn two_engines() -> [Engine; 2] {
    let mut engine = small::engine(Config::new());
    let _ = push(&mut engine, &Page::groups([group("too long", "Name")])).expect("a page");
    assert_eq!(complete(&mut engine, SESSION, NOW), 0);
    engine.start_session(NOW, APP, session(2), &Scope::All).expect("a session");
    assert_eq!(complete(&mut engine, session(2), NOW), 1);
    engine.start_session(NOW, APP, session(3), &Scope::All).expect("a session");
    let mut strict = reload(&engine, tight(1));
    assert_eq!(strict.purge_inactive(NOW, APP, Timestamp(1)).expect("a purge").purged, 1);
    let swift = reload(&strict, tight(2));
    [strict, swift]
}

/// A JSON page out of bytes: of records that are often those of before, in part changed, faulty, or twice.
struct Random(std::vec::IntoIter<u8>);

impl Random {
    fn below(&mut self, bound: u8) -> u8 {
        self.0.next().unwrap_or(0) % bound
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::from(self.below(of.len() as u8))].clone()
    }

    /// One of a few good texts, now and then one that is refused.
    fn text(&mut self, good: &[&str]) -> Value {
        match self.below(30) {
            0 => self.pick(&[json!("far too long"), json!("a\0"), json!(7), json!([])]),
            1 => self.pick(&[json!(""), Value::Null]),
            _ => json!(self.pick(good)),
        }
    }

    fn lists(&mut self, slugs: &[&str], ids: &[&str]) -> Value {
        let mut lists = serde_json::Map::new();
        for _ in 0..self.below(3) {
            let slug = if self.below(25) == 0 { "nosuch" } else { self.pick(slugs) };
            let reference = |random: &mut Self| {
                let id = random.text(ids);
                if random.below(6) == 0 {
                    json!({"id": id, "name": random.text(&["Name", ""])})
                } else {
                    json!({"id": id})
                }
            };
            let list: Vec<Value> = (0..self.below(4)).map(|_| reference(self)).collect();
            lists.insert(slug.to_owned(), if self.below(25) == 0 { Value::Null } else { json!(list) });
        }
        json!(lists)
    }

    fn account(&mut self) -> Value {
        let mut account =
            json!({"id": self.text(&["u1", "u2", "u3", "u4"]), "username": self.text(&["x", "y"])});
        if self.below(3) == 0 {
            account["email"] = self.text(&["a@b", "no"]);
            account["status"] = self.text(&["active", "inactive"]);
        }
        account["memberships"] = self.lists(&["team"], &["g1", "g2", "g3"]);
        account["assignments"] = self.lists(&["seat"], &["s1"]);
        if self.below(2) == 0 {
            account["attributes"] = self.attributes();
        }
        account
    }

    fn attributes(&mut self) -> Value {
        let mut attributes = serde_json::Map::new();
        for _ in 0..self.below(4) {
            let name = self.pick(&["a", "b", "c", "d"]);
            let value = match self.below(4) {
                0 => json!(self.below(2)),
                1 => json!(self.below(2) == 1),
                2 => json!([self.text(&["x", "y"]), "z"]),
                _ => self.text(&["x", "y"]),
            };
            attributes.insert(name.to_owned(), value);
        }
        json!(attributes)
    }

    /// Gives a reference another name than it had.
    fn name_one(&mut self, list: &mut [Value]) {
        if let Some(reference) = list.first_mut().and_then(Value::as_object_mut) {
            let name = self.pick(&["Name", "", "far too long", "a\0"]);
            reference.insert("name".to_owned(), json!(name));
        }
    }

    fn group(&mut self) -> Value {
        json!({"id": self.text(&["g1", "g2"]), "name": self.text(&["Name", "Other"]), "description": self.text(&["", "Text"])})
    }

    /// A page, most of whose records are as they were sent before.
    fn page(&mut self, known: &mut Vec<Value>, make: fn(&mut Self) -> Value) -> Value {
        let records: Vec<Value> = (0..=self.below(5))
            .map(|_| {
                if known.is_empty() || self.below(3) == 0 {
                    known.push(make(self));
                }
                let at = usize::from(self.below(known.len().min(250) as u8));
                let mut record = known[known.len() - 1 - at].clone();
                if let Some(list) = record.pointer_mut("/memberships/team").and_then(Value::as_array_mut) {
                    match self.below(8) {
                        0 => list.reverse(),
                        1 => self.name_one(list),
                        _ => {}
                    }
                }
                if let Some(attributes) = record.get_mut("attributes").and_then(Value::as_object_mut)
                    && self.below(2) == 0
                {
                    *attributes = std::mem::take(attributes).into_iter().rev().collect();
                }
                record
            })
            .collect();
        json!({"records": records})
    }
}

type Outcome = (Result<PageOutcome, Error>, Vec<Change<'static>>, u128);

fn run(engine: &mut Engine, page: &Page<'_>) -> Outcome {
    let outcome = push_in(engine, session(3), page);
    (outcome, engine.changes().map(Change::into_owned).collect(), engine.digest())
}

fn parse<'b>(limits: &Limits, kind: Kind, body: &'b str) -> Page<'b> {
    PageSeed::new(kind, limits).deserialize(&mut serde_json::Deserializer::from_str(body)).expect("a page")
}

#[test]
fn that_equal_records_are_not_checked_shows_in_no_reply_change_or_digest() {
    let (mut taken, mut unchanged, mut refused, mut faulty) = (0, 0, 0, 0);
    for seed in 0..100 {
        let [mut strict, mut swift] = two_engines();
        assert_eq!(strict.digest(), swift.digest());
        let mut random = Random(random::bytes(seed, 6_000).into_iter());
        let mut known = [Vec::new(), Vec::new()];
        while random.0.len() > 0 {
            let (kind, body) = match random.below(4) {
                0 => (Kind::Group, random.page(&mut known[0], Random::group)),
                _ => (Kind::Account, random.page(&mut known[1], Random::account)),
            };
            let body = body.to_string();
            let page = parse(swift.config().limits(), kind, &body);
            let outcome = run(&mut swift, &page);
            assert_eq!(run(&mut strict, &page), outcome, "seed {seed}: {body}");
            match outcome.0 {
                Ok(outcome) => (taken, unchanged) = (taken + 1, unchanged + outcome.unchanged),
                Err(Error::PageFaults { faults_total, .. }) => {
                    (refused, faulty) = (refused + 1, faulty + faults_total)
                }
                Err(error) => panic!("{error}"),
            }
        }
        strict.check_invariants().expect("every rule");
    }
    let reached = format!(
        "{taken} pages taken, {unchanged} records unchanged, {refused} pages refused, {faulty} faults"
    );
    assert!(taken > 1_000 && unchanged > 500 && refused > 1_000 && faulty > 1_500, "{reached}");
}

/// Each of these is refused although the record of that id is on record with the same fields.
#[test]
fn what_is_refused_of_a_new_record_is_refused_of_an_equal_one() {
    for mut engine in two_engines() {
        let on_record = member("u1", ["g1", "g2"]);
        // A name is held to its rule whether or not its team has one.
        let _ = push_in(&mut engine, session(3), &Page::groups([group("g2", "Name")])).expect("a page");
        let _ = push_in(&mut engine, session(3), &Page::accounts([on_record.clone()])).expect("a page");
        let too_many = member("u1", ["g1", "g2", "g1", "g2", "g1"]);
        let mut unknown = on_record.clone();
        unknown.memberships.push(ReferenceList { slug: "nosuch".into(), references: None });
        let mut wrong_kind = on_record.clone();
        wrong_kind.assignments.push(ReferenceList::new("team", [] as [&str; 0]));
        let nameless = |id: &'static str| Reference::new(id);
        let named = |id: &'static str, name: &'static str| Reference::new(id).with_name(name);
        for (account, code) in [
            (too_many, "too_many_references"),
            (unknown, "unknown_resource_type"),
            (wrong_kind, "wrong_kind"),
            (member("u1", [nameless("g1"), named("g2", "far too long")]), "too_long"),
            (member("u1", [named("g1", "far too long"), nameless("g2")]), "too_long"),
            // Alone, so that no other reference lets the record be looked at closely.
            (member("u1", [named("g1", "far too long")]), "too_long"),
            (member("u1", [nameless("g1"), named("g2", "a\0")]), "nul"),
            (member("u1", [named("g1", "a\0"), nameless("g2")]), "nul"),
        ] {
            let error = push_in(&mut engine, session(3), &Page::accounts([account])).expect_err(code);
            let Error::PageFaults { faults, faults_total: 1, .. } = error else { panic!("{code}: {error}") };
            assert_eq!(faults[0].code.as_str(), code);
        }
        let twice = Page::accounts([on_record.clone(), on_record]);
        let error = push_in(&mut engine, session(3), &twice).expect_err("twice");
        assert!(error.to_string().contains("duplicate_id"), "{error}");
        // An equal record among faulty ones changes nothing of what is told of these.
        let mixed = [account("u1"), Account { email: Some("no".into()), ..account("u2") }];
        let error = push_in(&mut engine, session(3), &Page::accounts(mixed)).expect_err("a fault");
        let Error::PageFaults { faults, faults_total: 1, .. } = error else { panic!("{error}") };
        assert_eq!((faults[0].index, faults[0].id.as_deref()), (1, Some("u2")));
        let faulty = Page::groups([Group { name: "".into(), ..group("g1", "") }]);
        let _ = push_in(&mut engine, session(3), &faulty).expect_err("no name");
    }
}

/// What is on record of an account may be more than one page may bring of it. That it is equal is then not enough.
#[test]
fn what_stayed_beyond_the_limit_counts_as_soon_as_it_is_sent() {
    let mut engine = small::engine(small::config(|limits| limits.references_per_account_max = 2));
    let seats = Account { assignments: vec![ReferenceList::new("seat", ["s1", "s2"])], ..account("u1") };
    let both = Account { memberships: vec![ReferenceList::new("team", ["g1", "g2"])], ..seats.clone() };
    let _ = push(&mut engine, &Page::accounts([member("u1", ["g1", "g2"])])).expect("a page");
    engine.start_session(NOW, APP, session(2), &Scope::types(["account", "seat"])).expect("a session");
    for unchanged in [0, 1] {
        let outcome = push_in(&mut engine, session(2), &Page::accounts([seats.clone()]));
        assert_eq!(outcome.map(|outcome| (outcome.total, outcome.unchanged)), Ok((1, unchanged)));
    }
    let u1 = engine.app(APP).and_then(|app| app.record("account", "u1")).expect("a record");
    assert_eq!(u1.reference_count(), 4);
    for (number, scope) in (3..).zip([Scope::All, Scope::types(["account"])]) {
        engine.start_session(NOW, APP, session(number), &scope).expect("a session");
        let error = push_in(&mut engine, session(number), &Page::accounts([both.clone()])).expect_err("four");
        assert!(matches!(error, Error::PageFaults { faults_total: 1, malformed: true, .. }), "{error}");
        engine = reload(&engine, small::config(|limits| limits.references_per_account_max = 2));
    }
}
