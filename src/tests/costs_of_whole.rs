//! What it costs to save, load, check and purge, to end a cleanup for a new session, and to hold a completion to a plan,
//! counted at two sizes.

use alloc::vec::Vec;

use super::costs::{
    APP, FEW, MANY, NOW, accounts, app, clean_up, complete, engine, push, session, start, total,
};
use super::work::{self, Work};
use crate::*;

/// A team for each twenty accounts, which is a placeholder.
const fn rows(accounts: u32) -> u64 {
    (accounts + accounts / 20) as u64
}

fn restore(saved: &[u8]) -> (Engine, Work) {
    let snapshot: Snapshot = postcard::from_bytes(saved).expect("a snapshot");
    work::of(|| Engine::restore(Config::new(), snapshot).expect("an engine"))
}

#[test]
fn to_save_load_and_check_costs_a_few_looks_at_each_record() {
    for count in [FEW, MANY] {
        let mut engine = engine(count);
        let (_, checked) = work::of(|| engine.check_invariants());
        assert!(checked.records >= rows(count) && total(&checked) <= 12 * rows(count), "{checked:?}");
        let frozen = engine.freeze();
        let (_, of_copy) = work::of(|| frozen.check_invariants());
        assert!(
            of_copy.records >= rows(count) && total(&of_copy) <= total(&checked),
            "{of_copy:?}, {checked:?}"
        );
        drop(frozen);

        // The digest is known, so to write takes a look at each record to cut the runs, and one to write it.
        engine.refresh_digest();
        let (_, told) = work::of(|| engine.snapshot());
        assert_eq!(told.records, 0, "no record is looked at before it is written");
        let (saved, written) = work::of(|| postcard::to_allocvec(&engine.snapshot()).expect("bytes"));
        assert!(written.records <= 3 * rows(count), "{written:?} at {count} accounts");

        let (loaded, work) = restore(&saved);
        assert!(work.records <= 3 * rows(count), "{work:?} at {count} accounts");
        // Columns grow, by a few bytes for each row; of what was saved nothing is moved.
        assert!(work.moved_bytes <= 8 * rows(count), "{work:?} for {} bytes", saved.len());
        assert_eq!(loaded.digest(), engine.digest());
    }
}

#[test]
fn a_session_that_starts_over_a_cleanup_costs_what_is_left_of_it() {
    for count in [FEW, MANY] {
        let saved = postcard::to_allocvec(&engine(count).snapshot()).expect("bytes");
        let completing = |steps: u32| {
            let (mut engine, _) = restore(&saved);
            start(&mut engine, 2);
            complete(&mut engine, 2);
            (0..steps).for_each(|_| _ = clean_up(&mut engine, 2, u64::from(count / 4)));
            engine
        };
        for steps in [0, 3] {
            let mut engine = completing(steps);
            let (_, cleaned) = work::of(|| clean_up(&mut engine, 2, u64::MAX));
            let mut engine = completing(steps);
            let (_, started) = work::of(|| start(&mut engine, 3));
            assert!(started.records >= u64::from(count) / 8);
            assert!(
                total(&started) <= total(&cleaned) + 8,
                "{started:?}, and {cleaned:?} to clean up, after {steps} steps"
            );
        }
    }
}

/// What is held to a plan looks at what a preview looks at; the plan is the set of all that it would mark.
#[test]
fn a_completion_with_a_plan_costs_a_preview_and_its_plan() {
    for count in [FEW, MANY] {
        let mut engine = engine(count);
        start(&mut engine, 2);
        for first in (100..count).step_by(10_000) {
            let _ = push(&mut engine, 2, &accounts(first..count.min(first + 10_000), "x"));
        }
        let (plan, previewed) =
            work::of(|| app(&engine).preview(session(2)).map(|preview| preview.plan()).expect("in progress"));
        let with_plan = Completion::GUARDED.with_plan(plan);
        let (done, work) = work::of(|| engine.complete_session(NOW, APP, session(2), with_plan));
        assert_eq!(done, Ok(SessionStatus::Completing));
        assert_eq!(work, previewed, "at {count} accounts");
        assert!(work.records <= 4 * 105, "{work:?}: of what would go, its references and its id");
    }
}

/// Of a preview, the beginning.
#[test]
fn the_records_of_a_preview_cost_a_bit_of_each_up_to_the_last_that_is_shown() {
    let works = [FEW, MANY].map(|count| {
        let mut engine = engine(count);
        start(&mut engine, 2);
        let preview = app(&engine).preview(session(2)).expect("in progress");
        let (shown, work) = work::of(|| preview.records().take(50).count());
        assert_eq!((shown, work.records), (50, 0));
        work
    });
    assert_eq!(works[0], works[1]);
}

#[test]
fn the_digests_of_a_block_cost_its_records_and_a_bit_of_each_before() {
    let engine = engine(MANY);
    let type_id = ResourceTypeId(Uuid::from_u128(1));
    for block in [0, 10, 97] {
        let (digests, work) = work::of(|| engine.record_digests(APP, type_id, block));
        assert_eq!(work.records, digests.len() as u64);
        let before = (block * DigestParts::BLOCK_RECORDS / 64) as u64;
        // A few bits of each record of the block.
        assert!(
            work.words <= 2 * before + 8 * DigestParts::BLOCK_RECORDS as u64,
            "{work:?} at block {block}"
        );
    }
}

/// Ten accounts and the team of nine that stay go. In unit tests a table with more than 1,024 rows is numbered anew.
#[test]
fn a_purge_costs_a_bit_of_each_record_and_the_inactive_ones() {
    let works: Vec<Work> = [200, FEW]
        .into_iter()
        .map(|count| {
            let mut engine = engine(count);
            start(&mut engine, 2);
            let _ = push(&mut engine, 2, &accounts(20..count, "x"));
            complete(&mut engine, 2);
            assert_eq!(clean_up(&mut engine, 2, u64::MAX).deactivated, 21);
            let before = Timestamp(NOW.as_millis() + 1);
            let (purged, work) = work::of(|| engine.purge_inactive(NOW, APP, before));
            assert_eq!(purged.map(|outcome| outcome.purged), Ok(21));
            // Active, gone and inactive of each word, twice, and a few for each that goes.
            assert!(work.words <= 8 * (rows(count) / 64 + 2) + 21 * 40, "{work:?} at {count} accounts");
            work
        })
        .collect();
    assert!(works[0].records <= 21 * 30, "{:?}", works[0]);
    assert_eq!((works[0].records, works[0].numbers), (works[1].records, works[1].numbers));
}

#[test]
fn what_goes_with_an_app_or_comes_with_a_slug_looks_at_no_record() {
    for count in [FEW, MANY] {
        let mut engine = engine(count);
        let clone = AppId(Uuid::from_u128(2));
        engine.create_app(NOW, clone, "Clone", Some(APP)).expect("an app");
        let slug = ResourceTypeUpdate::default().with_slug("squad");
        let (updated, work) = work::of(|| engine.update_resource_type(NOW, clone, "team", &slug));
        assert_eq!((updated, work.records, work.words), (Ok(()), 0, 0), "{work:?}");
        assert!(
            !engine.remembers_page(APP, "account", Fingerprint(300)),
            "the pages of all apps are forgotten"
        );
        let kind = ResourceTypeUpdate::default().with_kind(Kind::Group);
        let (refused, work) = work::of(|| engine.update_resource_type(NOW, clone, "account", &kind));
        assert_eq!((refused.is_err(), work), (true, Work::default()), "an app has records of it");
        start(&mut engine, 2);
        let (expired, work) = work::of(|| engine.expire_sessions(NOW, Timestamp(1)));
        assert_eq!((expired.expired, work), (1, Work::default()));
        let (deleted, work) = work::of(|| engine.delete_app(NOW, APP));
        assert_eq!((deleted, work), (Ok(()), Work::default()), "its memory is freed, and not looked at");
    }
}

/// A command as a value is its method.
#[test]
fn a_command_that_is_applied_costs_what_its_method_costs() {
    let saved = postcard::to_allocvec(&engine(FEW).snapshot()).expect("bytes");
    let page = accounts(0..100, "y");
    let started = || {
        let (mut engine, _) = restore(&saved);
        start(&mut engine, 2);
        engine
    };
    let mut engine = started();
    let (_, called) = work::of(|| push(&mut engine, 2, &page));
    let mut engine = started();
    let command = Command::PushPage { app_id: APP, session_id: session(2), slug: "account".into(), page };
    let (applied, work) = work::of(|| engine.apply(NOW, &command));
    assert!(applied.is_ok());
    assert_eq!(work, called);
}
