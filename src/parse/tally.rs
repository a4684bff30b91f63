//! The count of what was sent under a map: kept is what can be applied or listed, the rest is counted.

use alloc::vec::Vec;

use super::Bounds;
use super::value::push;
use crate::values::{FoundType, Place, Reference, ReferenceMap, Rule, WrongType};

/// What is known of the references of one map of an account, beside those that are kept.
///
/// A map that is sent twice is read twice, and the later one stands. So each map is counted by itself:
/// what one holds never depends on another that may yet be replaced.
#[derive(Default)]
pub(super) struct Tally {
    /// Of lists and of what is in them; as many as can be listed.
    pub(super) wrong_types: Vec<WrongType>,
    /// References that are kept, though their id is empty.
    pub(super) empty_ids: u32,
    pub(super) kept: u32,
    /// References that are not kept: the first that there is no room for, and all behind it.
    pub(super) dropped: u32,
    /// Faults of those.
    pub(super) reference_faults_dropped: u64,
    /// Lists of a wrong type that are not among `wrong_types`.
    pub(super) list_faults_dropped: u64,
}

impl Tally {
    /// References sent.
    pub(super) const fn sent(&self) -> u64 {
        self.kept as u64 + self.dropped as u64
    }

    /// Whether all that was sent is kept, of the right types.
    pub(super) const fn is_whole(&self) -> bool {
        self.wrong_types.is_empty()
            && self.empty_ids == 0
            && self.dropped == 0
            && self.list_faults_dropped == 0
    }

    /// Faults that the check will find in what is kept.
    fn noted(&self) -> usize {
        self.wrong_types.len() + self.empty_ids as usize
    }

    pub(super) fn take_wrong_list(&mut self, place: Place, found: FoundType, bounds: &Bounds) {
        if self.noted() < bounds.faults_left {
            push(&mut self.wrong_types, WrongType { place, found });
        } else {
            self.list_faults_dropped += 1;
        }
    }

    /// Whether the reference that was read is kept. One that has a fault and costs the sender next to
    /// nothing (a wrong type, an empty id) is kept only while its fault may be listed.
    #[inline]
    pub(super) fn takes(
        &mut self,
        read: &ReadReference<'_>,
        place: (ReferenceMap, u32, u32),
        bounds: &Bounds,
    ) -> bool {
        let is_plain = read.is_of_right_types() && !read.reference.id.is_empty();
        if !is_plain || self.dropped > 0 {
            return self.takes_odd(read, place, bounds);
        }
        self.kept += 1;
        true
    }

    #[cold]
    fn takes_odd(
        &mut self,
        read: &ReadReference<'_>,
        place: (ReferenceMap, u32, u32),
        bounds: &Bounds,
    ) -> bool {
        if self.dropped > 0 || self.noted() >= bounds.faults_left {
            self.dropped = self.dropped.saturating_add(1);
            self.reference_faults_dropped += read.faults(bounds);
            return false;
        }
        self.note(read, place);
        if read.wrong.is_none() && read.wrong_id.is_none() && read.reference.id.is_empty() {
            self.empty_ids += 1;
        }
        self.kept += 1;
        true
    }

    fn note(&mut self, read: &ReadReference<'_>, (map, list, number): (ReferenceMap, u32, u32)) {
        let places = [
            (Place::Reference(map, list, number), read.wrong),
            (Place::ReferenceId(map, list, number), read.wrong_id),
            (Place::ReferenceName(map, list, number), read.wrong_name),
        ];
        for (place, wrong) in places {
            if let Some(found) = wrong {
                push(&mut self.wrong_types, WrongType { place, found });
            }
        }
    }
}

/// A reference and what of it was of a wrong type.
#[derive(Default)]
pub(super) struct ReadReference<'de> {
    pub(super) reference: Reference<'de>,
    pub(super) wrong: Option<FoundType>,
    pub(super) wrong_id: Option<FoundType>,
    pub(super) wrong_name: Option<FoundType>,
}

impl ReadReference<'_> {
    const fn is_of_right_types(&self) -> bool {
        self.wrong.is_none() && self.wrong_id.is_none() && self.wrong_name.is_none()
    }

    /// The faults that the check would find, if the reference were kept.
    fn faults(&self, bounds: &Bounds) -> u64 {
        if self.wrong.is_some() {
            return 1;
        }
        let id = Rule::Required { chars_max: bounds.id_chars_max };
        let name = Rule::Optional { chars_max: bounds.text_chars_max };
        let has_name_fault = self.reference.name.as_deref().is_some_and(|text| name.fault(text).is_some());
        u64::from(self.wrong_id.is_some() || id.fault(&self.reference.id).is_some())
            + u64::from(self.wrong_name.is_some() || has_name_fault)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec;

    use serde::de::DeserializeSeed;

    use super::*;
    use crate::parse::PageSeed;
    use crate::values::{Account, Kind, Limits, Misread, Records};

    /// Accounts with these fields, parsed under limits on references and on listed faults.
    fn accounts(fields: &[String], references_max: u32, faults_max: u32) -> Vec<(Account<'static>, Misread)> {
        let mut limits = Limits::default();
        (limits.references_per_account_max, limits.faults_listed_max) = (references_max, faults_max);
        let records: Vec<String> = fields.iter().map(|fields| format!("{{{fields}}}")).collect();
        let body = format!("{{\"records\": [{}]}}", records.join(","));
        let mut parser = serde_json::Deserializer::from_str(&body);
        let page =
            PageSeed::new(Kind::Account, &limits).deserialize(&mut parser).expect("a page").into_owned();
        let Records::Accounts(accounts) = page.records().clone() else { panic!("accounts") };
        let misread = |number: u32| page.misread(number).cloned().unwrap_or_default();
        accounts.into_iter().zip(0..).map(|(account, number)| (account, misread(number))).collect()
    }

    fn memberships(lists: &[&[&str]]) -> String {
        let lists: Vec<String> = lists.iter().map(|list| format!("\"t\": [{}]", list.join(","))).collect();
        format!("\"memberships\": {{{}}}", lists.join(","))
    }

    fn kept(account: &Account<'_>) -> Vec<usize> {
        account.memberships.iter().chain(&account.assignments).map(|list| list.as_slice().len()).collect()
    }

    const GOOD: &str = r#"{"id": "g"}"#;

    #[test]
    fn of_an_account_with_too_many_references_only_their_number_is_kept() {
        let both =
            format!("{}, \"assignments\": {{\"s\": [{GOOD}, 1, {{}}]}}", memberships(&[&[GOOD, GOOD]]));
        for (fields, sent) in [
            (memberships(&[&[GOOD; 5]]), 5),
            (memberships(&[&[GOOD; 3], &[GOOD; 3]]), 6),
            (memberships(&[&["1"; 9]]), 9),
            // Neither of its maps alone has too many.
            (both, 5),
        ] {
            let (account, misread) = accounts(&[fields.clone()], 4, 100).remove(0);
            let expected = Misread { references_dropped: sent, ..Misread::default() };
            assert_eq!(misread, expected, "{fields}");
            assert!(kept(&account).iter().all(|kept| *kept == 0), "{fields}");
        }
        let (account, misread) = accounts(&[memberships(&[&[GOOD; 3], &[GOOD]])], 4, 100).remove(0);
        assert_eq!((kept(&account), misread), (vec![3, 1], Misread::default()));
    }

    #[test]
    fn lists_of_a_wrong_type_are_told_though_there_are_too_many_references() {
        let fields = format!("{}, \"assignments\": {{\"a\": 1, \"b\": 2}}", memberships(&[&["2"; 9]]));
        for (faults_max, listed, dropped) in [(100, 2, 0), (2, 2, 0), (1, 1, 1)] {
            let (account, misread) = accounts(&[fields.clone()], 4, faults_max).remove(0);
            assert_eq!((misread.references_dropped, misread.faults_dropped), (9, dropped));
            let place = |list| Place::List(ReferenceMap::Assignments, list);
            let places: Vec<Place> = misread.wrong_types.iter().map(|wrong| wrong.place).collect();
            assert_eq!(places, (0..listed).map(place).collect::<Vec<_>>());
            assert_eq!(account.assignments.len(), 2);
        }
    }

    #[test]
    fn references_are_dropped_from_the_first_fault_that_cannot_be_listed_and_their_faults_counted() {
        let long = format!("{{\"id\": \"{}\", \"name\": \"\\u0000\"}}", "x".repeat(256));
        for (references, kept_expected, dropped, faults) in [
            (vec![GOOD, "1", GOOD, "{}", GOOD], 5, 0, 0),
            // The third fault is one too many.
            (vec![GOOD, "1", GOOD, "{}", GOOD, "null", GOOD], 5, 2, 1),
            (vec!["1", "2", GOOD, "3", GOOD, "[]", "{}"], 3, 4, 3),
            (vec!["{}", r#"{"id": ""}"#, r#"{"id": null}"#, r#"{"id": 1, "name": 2}"#, &long, GOOD], 2, 4, 5),
            // Texts too long cost the sender enough, and are kept for the check to find.
            (vec![&*long, &long, &long], 3, 0, 0),
            (vec![r#"{"id": 1, "name": 1}"#, GOOD, &long, r#"{"name": "\u0000"}"#], 3, 1, 2),
        ] {
            let (account, misread) = accounts(&[memberships(&[&references])], 100, 2).remove(0);
            assert_eq!(kept(&account), [kept_expected], "{references:?}");
            assert_eq!(
                (misread.references_dropped, misread.faults_dropped),
                (dropped, faults),
                "{references:?}"
            );
        }
    }

    #[test]
    fn what_is_dropped_is_dropped_from_later_lists_of_the_map_but_not_from_the_other_map() {
        let fields = format!(
            "{}, \"assignments\": {{\"s\": [{GOOD}, 1]}}",
            memberships(&[&["1", "2"], &[GOOD], &[GOOD, "3"]])
        );
        let (account, misread) = accounts(&[fields], 100, 1).remove(0);
        assert_eq!(kept(&account), [1, 0, 0, 2]);
        assert_eq!((misread.references_dropped, misread.faults_dropped), (4, 2));
        assert_eq!(misread.wrong_types.len(), 2);
    }

    #[test]
    fn the_faults_of_earlier_records_leave_less_to_list() {
        let faulty = memberships(&[&["1", "2", GOOD]]);
        let too_many = memberships(&[&["1"; 101]]);
        let records = [faulty.clone(), too_many, faulty.clone(), faulty, memberships(&[&[GOOD; 2]])];
        let read = accounts(&records, 100, 4);
        let summary: Vec<_> = read
            .iter()
            .map(|(account, misread)| {
                (
                    kept(account)[0],
                    misread.wrong_types.len(),
                    misread.references_dropped,
                    misread.faults_dropped,
                )
            })
            .collect();
        assert_eq!(summary, [(3, 2, 0, 0), (0, 0, 101, 0), (1, 1, 2, 1), (0, 0, 3, 2), (2, 0, 0, 0)]);
    }

    #[test]
    fn a_map_that_is_replaced_leaves_no_count() {
        let first = memberships(&[&["1"; 50], &[GOOD; 500]]);
        let (account, misread) =
            accounts(&[format!("{first}, {}", memberships(&[&[GOOD, "1"]]))], 100, 2).remove(0);
        assert_eq!((kept(&account), misread.wrong_types.len()), (vec![2], 1));
        assert_eq!((misread.references_dropped, misread.faults_dropped), (0, 0));
        for later in ["null".to_string(), "{}".to_string()] {
            let fields = format!("{first}, \"memberships\": {later}");
            assert_eq!(accounts(&[fields], 100, 2).remove(0).1, Misread::default());
        }
    }

    /// References as a sender may write them, and how many faults the check finds in each.
    const SENT: [(&str, u64); 9] = [
        (GOOD, 0),
        (r#"{"name": null, "id": "g", "more": [{}]}"#, 0),
        ("null", 1),
        ("[]", 1),
        ("{}", 1),
        (r#"{"id": "\u0000"}"#, 1),
        (r#"{"id": 1, "name": "n"}"#, 1),
        (r#"{"id": "", "name": "a\u0000"}"#, 2),
        (r#"{"id": {}, "name": []}"#, 2),
    ];

    /// Faults of what was kept, as the check finds them, with those that were noted or counted.
    fn faults(account: &Account<'_>, misread: &Misread, references_max: u32) -> u64 {
        let mut total = misread.wrong_types.len() as u64 + misread.faults_dropped;
        let mut sent = misread.references_dropped;
        let maps = [
            (ReferenceMap::Memberships, &account.memberships),
            (ReferenceMap::Assignments, &account.assignments),
        ];
        for (map, lists) in maps {
            for (list, at) in lists.iter().zip(0..) {
                for (reference, number) in list.as_slice().iter().zip(0..) {
                    sent += 1;
                    let is_noted = |place| misread.wrong_types.iter().any(|wrong| wrong.place == place);
                    let (id, name) = (reference.id.as_ref(), reference.name.as_deref().unwrap_or_default());
                    let is_read = !is_noted(Place::Reference(map, at, number))
                        && !is_noted(Place::ReferenceId(map, at, number));
                    let rule = Rule::Required { chars_max: 255 };
                    total += u64::from(is_read && rule.fault(id).is_some());
                    total += u64::from(Rule::Optional { chars_max: 255 }.fault(name).is_some());
                }
            }
        }
        total + u64::from(sent > references_max)
    }

    proptest::proptest! {
        #[test]
        fn faults_are_counted_exactly_whatever_is_kept(
            sent in proptest::collection::vec(
                proptest::array::uniform2(proptest::collection::vec(
                    proptest::option::weighted(0.8, proptest::collection::vec(0..SENT.len(), 0..5)), 0..4)),
                0..6),
            references_max in 1u32..20,
            faults_max in 1u32..12,
        ) {
            let lists = |lists: &[Option<Vec<usize>>]| {
                let list = |list: &Option<Vec<usize>>| match list {
                    Some(list) => format!("\"t\": [{}]", list.iter().map(|at| SENT[*at].0).collect::<Vec<_>>().join(",")),
                    None => "\"t\": 5".to_string(),
                };
                lists.iter().map(list).collect::<Vec<_>>().join(",")
            };
            let fields: Vec<String> = sent
                .iter()
                .map(|[m, a]| format!("\"memberships\": {{{}}}, \"assignments\": {{{}}}", lists(m), lists(a)))
                .collect();
            let mut listable = 0;
            for ((account, misread), maps) in accounts(&fields, references_max, faults_max).iter().zip(&sent) {
                let wrong_lists = maps.iter().flatten().filter(|list| list.is_none()).count() as u64;
                let references: Vec<usize> = maps.iter().flatten().flatten().flatten().copied().collect();
                let is_over = references.len() > references_max as usize;
                let expected: u64 = if is_over { 1 } else { references.iter().map(|at| SENT[*at].1).sum() };
                proptest::prop_assert_eq!(faults(account, misread, references_max), wrong_lists + expected);
                proptest::prop_assert_eq!(account.memberships.len(), maps[0].len());
                // A record of which something is missing has a fault, and what cannot be listed is not
                // missing from the list.
                let kept = faults(account, misread, references_max) - misread.faults_dropped;
                listable += kept;
                if misread.faults_dropped > 0 {
                    proptest::prop_assert!(listable >= u64::from(faults_max));
                }
                if misread.references_dropped > 0 {
                    proptest::prop_assert!(is_over || misread.faults_dropped > 0);
                }
            }
        }
    }
}
