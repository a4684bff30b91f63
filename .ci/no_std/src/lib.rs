//! Proof that the core needs no `std`: a library for C, with an allocator and a panic handler of its own.
//! Were `std` linked in by any crate below, there would be two panic handlers, and rustc would refuse.
//! `.ci/run` links it into a C program that provides nothing but `memcpy` and its kin, and runs it.
#![no_std]
#![deny(unsafe_code)]

extern crate alloc;

use core::num::NonZeroU64;
use core::panic::PanicInfo;

use headcount::{
    Account, AppId, Completion, Config, Engine, Group, Kind, NewResourceType, Page, ReferenceList,
    ResourceTypeId, Scope, SessionId, Snapshot, Timestamp, Uuid,
};

#[global_allocator]
static ALLOCATOR: emballoc::Allocator<{ 1 << 20 }> = emballoc::Allocator::new();

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Calls two rolls, saves and loads the engine in between, and returns how many records are active at the
/// end (2); or -1 if a step was refused.
#[allow(unsafe_code, reason = "a name for the C linker, that no other symbol of this program has")]
#[unsafe(no_mangle)]
pub extern "C" fn headcount_active_records() -> i32 {
    rolls().and_then(|active| i32::try_from(active).ok()).unwrap_or(-1)
}

fn rolls() -> Option<u64> {
    let now = Timestamp(0);
    let app = AppId(Uuid::from_u128(1));
    let mut engine = Engine::new(Config::new().with_hash_key([7; 16]));
    engine.create_app(now, app, "Acme HR", None).ok()?;
    for (id, slug, kind) in [(1, "team", Kind::Group), (2, "account", Kind::Account)] {
        let id = ResourceTypeId(Uuid::from_u128(id));
        engine.register_resource_type(now, app, id, &NewResourceType::new(slug, slug, kind)).ok()?;
    }
    call_roll(&mut engine, app, 1, &["u1", "u2", "u3"])?;
    let saved = postcard::to_allocvec(&engine.snapshot()).ok()?;
    let snapshot: Snapshot = postcard::from_bytes(&saved).ok()?;
    let mut loaded = Engine::restore(Config::new(), snapshot).ok()?;
    call_roll(&mut loaded, app, 2, &["u2"])?;
    let view = loaded.app(app)?;
    Some(view.record_counts("team")?.active + view.record_counts("account")?.active)
}

fn call_roll(engine: &mut Engine, app: AppId, number: u128, ids: &[&'static str]) -> Option<()> {
    let (now, session) = (Timestamp(1), SessionId(Uuid::from_u128(number)));
    engine.start_session(now, app, session, &Scope::All).ok()?;
    let account = |id: &&'static str| Account {
        id: (*id).into(),
        username: Some((*id).into()),
        memberships: [ReferenceList::new("team", ["g1"])].into(),
        ..Account::default()
    };
    let accounts = Page::accounts(ids.iter().map(account));
    let teams = Page::groups([Group { id: "g1".into(), name: "One".into(), ..Group::default() }]);
    for (slug, page) in [("account", accounts), ("team", teams)] {
        let _ = engine.push_page(now, app, session, slug, &page).ok()?;
    }
    engine.complete_session(now, app, session, Completion::GUARDED).ok()?;
    while !engine.run_cleanup(now, app, session, NonZeroU64::MIN).ok()?.status.has_ended() {}
    Some(())
}
