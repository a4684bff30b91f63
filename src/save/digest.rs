//! The digest: 128 bits that stand for all observable state.
//!
//! Records are hashed one by one and the hashes added up, everything else is gone through in its own order, so
//! neither the hash key nor the platform shows in it. It is a checksum among replicas that trust each other,
//! not a signature.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{marks, remembered};
use crate::engine::Engine;
use crate::state::{CloneGroupNumber, State};
use crate::store::{Bits, Table, TypeIndex};
use crate::values::{AppId, DigestHasher, DigestStream, ResourceTypeId};

/// Names a byte stream: another one wants another name.
const fn domain(stream: DigestStream) -> &'static [u8] {
    match stream {
        #[cfg(feature = "serde")]
        DigestStream::Third => b"headcount digest 3",
        DigestStream::Fourth => b"headcount digest 4",
    }
}

impl Engine {
    /// A stable value of the observable state: equal on all replicas, with any hash key, on all
    /// platforms, after a replay, and after save and load ([SPEC 9](crate::spec#9-digest)). It is that of the state as
    /// this history of commands made it: sequence numbers, the order of first sight and the gaps that purges and
    /// erasures left count. Engines that show the same records by another history have other digests.
    ///
    /// Goes through the records that changed since [`Engine::refresh_digest`] was last called, a bit for each four
    /// others, and apps, types, sessions and tasks, whose texts it hashes whole each time; while a session has seen or
    /// retains records of a type, or deltas settled some, a bit for each record of it too, and the ids that they settled.
    /// If it never was, it goes through all records and all
    /// remembered pages: a million records take a tenth of a second or so. It keeps nothing for the next time.
    ///
    /// ```
    /// # use headcount::{AppId, Config, Engine, Timestamp, Uuid};
    /// let mut engines = [Engine::new(Config::new()), Engine::new(Config::new().with_hash_key([7; 16]))];
    /// for engine in &mut engines {
    ///     engine.create_app(Timestamp(0), AppId(Uuid::from_u128(1)), "Acme HR", None)?;
    /// }
    /// assert_eq!(engines[0].digest(), engines[1].digest());
    /// # Ok::<(), headcount::Error>(())
    /// ```
    pub fn digest(&self) -> u128 {
        self.digest_of(DigestStream::Fourth)
    }

    /// What the digest is, or was in an older version.
    pub(super) fn digest_of(&self, stream: DigestStream) -> u128 {
        let mut hasher = DigestHasher::of(stream);
        hasher.bytes(domain(stream));
        hasher.u128(self.digest_of_all_but_records(stream));
        for (_, app) in self.state().apps.iter() {
            // A table that was never made is as one without records.
            hasher.u64(app.store().used_tables().count() as u64);
            for (_, table) in app.store().used_tables() {
                digest_table(table, &mut hasher);
            }
        }
        hasher.finish()
    }

    /// The [`digest`](Engine::digest), at its cost; and from now on it costs what changes from now on. Who compares
    /// often calls it in the place of `digest`, each time.
    ///
    /// Keeps sums of the digest: 4 bytes for each record, at each write of a record a bit, and at each page that comes
    /// to be remembered or forgotten its hash. An engine whose digest is never refreshed has none of it. The state is
    /// the same before and after, and so are all digests.
    ///
    /// No snapshot holds the sums: an engine that was just restored pays in full until it is refreshed. So does an app
    /// whose purge or erasure numbered its records anew ([`Engine::purge_inactive`]).
    ///
    /// ```
    /// # use headcount::{Config, Engine};
    /// let mut engine = Engine::new(Config::new());
    /// assert_eq!(engine.refresh_digest(), engine.digest());
    /// ```
    pub fn refresh_digest(&mut self) -> u128 {
        self.keep_sums();
        self.digest()
    }

    /// The digests of the parts that the state is made of: what two replicas whose [`digest`](Engine::digest)
    /// differs compare to learn where they differ. Costs what the digest costs, and a pass over kept sums.
    ///
    /// First the parts tell in which blocks of which [table](TableDigests), then [`Engine::record_digests`] in which of
    /// the thousand records of a block. Two engines have equal parts just where their digests are equal.
    ///
    /// Match tables by app and type, and compare `records` first: one record too many moves all behind it, so blocks
    /// tell nothing where the numbers differ. Then compare the records themselves, by their ids.
    ///
    /// ```
    /// # use headcount::{Account, AppId, Config, DigestParts, Engine, Kind, NewResourceType, Page, RecordFilter};
    /// # use headcount::{ResourceTypeId, Scope, SessionId, TableDigests, Timestamp, Uuid};
    /// # let (now, app_id) = (Timestamp(0), AppId(Uuid::from_u128(1)));
    /// # let engine_of = |odd_one: usize| -> Result<Engine, headcount::Error> {
    /// #     let mut engine = Engine::new(Config::new());
    /// #     engine.create_app(now, app_id, "Acme HR", None)?;
    /// #     let account = NewResourceType::new("account", "Account", Kind::Account);
    /// #     engine.register_resource_type(now, app_id, ResourceTypeId(Uuid::from_u128(2)), &account)?;
    /// #     engine.start_session(now, app_id, SessionId(Uuid::from_u128(3)), &Scope::All)?;
    /// #     let ids: Vec<String> = (0..5_000).map(|number| format!("u{number}")).collect();
    /// #     for (page, ids) in ids.chunks(100).enumerate() {
    /// #         let named = |at: usize| if page * 100 + at == odd_one { "bob" } else { "alice" };
    /// #         let accounts = ids.iter().enumerate().map(|(at, id)| Account {
    /// #             id: id.into(), username: Some(named(at).into()), ..Account::default()
    /// #         });
    /// #         let page = Page::accounts(accounts);
    /// #         engine.push_page(now, app_id, SessionId(Uuid::from_u128(3)), "account", &page)?;
    /// #     }
    /// #     Ok(engine)
    /// # };
    /// // Two engines of five thousand accounts, of which one differs.
    /// let (here, there) = (engine_of(5_000)?, engine_of(3_210)?);
    /// assert_ne!(here.digest(), there.digest());
    ///
    /// let (parts, others) = (here.digest_parts(), there.digest_parts());
    /// assert_eq!(parts.rest, others.rest); // all that is no record
    /// let mut found = Vec::new();
    /// let key = |table: &TableDigests| (table.app_id, table.resource_type_id);
    /// for table in &parts.tables {
    ///     let other = others.tables.iter().find(|other| key(other) == key(table)).ok_or("one side has no such table")?;
    ///     if table.records != other.records {
    ///         return Err("one side has records that the other has not".into());
    ///     }
    ///     let blocks = table.blocks.iter().zip(&other.blocks).enumerate();
    ///     for (block, _) in blocks.filter(|(_, (digest, other))| digest != other) {
    ///         // One of them asks the other for this block.
    ///         let theirs = there.record_digests(table.app_id, table.resource_type_id, block);
    ///         let records = here.record_digests(table.app_id, table.resource_type_id, block).into_iter().zip(theirs);
    ///         let first = block * DigestParts::BLOCK_RECORDS;
    ///         found.extend(records.enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| first + at));
    ///     }
    /// }
    /// assert_eq!(found, [3_210]);
    /// let app = here.app(app_id).unwrap();
    /// let record = app.records("account", RecordFilter::All).unwrap().nth(found[0]).unwrap();
    /// assert_eq!((record.id(), record.username()), ("u3210", Some("alice")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn digest_parts(&self) -> DigestParts {
        let mut tables = Vec::new();
        for (app_id, app) in self.state().apps.iter() {
            let registry = self.state().groups.get(app.group()).registry();
            tables.extend(app.store().used_tables().map(|(of, table)| TableDigests {
                app_id,
                resource_type_id: registry.at(of).id(),
                records: u64::from(table.records()),
                blocks: table.told_blocks(),
            }));
        }
        DigestParts { rest: self.digest_of_all_but_records(DigestStream::Fourth), tables }
    }

    /// The digest of each record in one of a table's [blocks](TableDigests::blocks), in order of first sight:
    /// of the app's records [of the type](crate::AppView::records), all together, those from
    /// `block * DigestParts::BLOCK_RECORDS` on. An empty list where there is no such app, type or block.
    ///
    /// Goes through the records of the block, and a bit of each record before it, 64 at a time.
    pub fn record_digests(&self, app_id: AppId, resource_type_id: ResourceTypeId, block: usize) -> Vec<u128> {
        let Some(app) = self.state().apps.get(app_id) else { return Vec::new() };
        let types = self.state().groups.get(app.group()).registry().types();
        let of = TypeIndex::all().zip(types).find(|(_, of)| of.id() == resource_type_id);
        let table = of.and_then(|(of, _)| app.store().table(of));
        table.map_or_else(Vec::new, |table| table.told_rows(block))
    }

    fn digest_of_all_but_records(&self, stream: DigestStream) -> u128 {
        let mut hasher = DigestHasher::of(stream);
        hasher.u64(self.seq());
        let state = self.state();
        hasher.u64(state.apps.len() as u64);
        // Clone groups count in the order of their first apps: their own numbers are shown nowhere.
        let mut groups = BTreeMap::<CloneGroupNumber, u64>::new();
        for (id, app) in state.apps.iter() {
            hasher.bytes(id.0.as_bytes());
            let next = groups.len() as u64;
            let number = *groups.entry(app.group()).or_insert(next);
            hasher.u64(number);
            let registry = state.groups.get(app.group()).registry();
            if number == next {
                registry.digest(&mut hasher);
            }
            app.digest(&mut hasher);
        }
        remembered::digest(state, &mut hasher);
        digest_gone(state, &mut hasher);
        marks::digest(state, &mut hasher);
        hasher.finish()
    }
}

/// How many rows each table has given out, where some of them are gone: each record is hashed with its row, so with
/// the records this tells which. A state where none is gone hashes as before there were such.
fn digest_gone(state: &State, hasher: &mut DigestHasher) {
    for (number, (_, app)) in (0_u64..).zip(state.apps.iter()) {
        for (of, table) in app.store().tables().filter(|(_, table)| table.gone().ones() > 0) {
            hasher.bytes(b"gone rows");
            hasher.u64(number);
            hasher.u32(of.0);
            hasher.u32(table.rows());
        }
    }
}

/// How many records, the sum of their hashes, and which were seen and are retained.
fn digest_table(table: &Table, hasher: &mut DigestHasher) {
    hasher.u64(u64::from(table.records()));
    hasher.u128(table.sum());
    digest_marks(table, table.seen(), hasher);
    if hasher.stream() == DigestStream::Fourth {
        digest_marks(table, table.retained(), hasher);
    }
}

/// Which rows of a table have a mark.
fn digest_marks(table: &Table, marks: &Bits, hasher: &mut DigestHasher) {
    hasher.u64(marks.ones());
    if marks.ones() > 0 {
        (0..table.words()).for_each(|at| hasher.u64(marks.word(at)));
    }
}

/// The digests of what an engine's state is made of, to find where two differ: see [`Engine::digest_parts`].
///
/// serde writes each digest as 32 hexadecimal digits in formats for people, in others as 16 bytes, the highest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DigestParts {
    /// Of all that is no record: the sequence number, apps and clone groups, types, sessions and what deltas settled in
    /// them, tasks, remembered pages and the limits that they were held to; and of each table that has gaps, how many rows
    /// it has given out.
    #[cfg_attr(feature = "serde", serde(with = "wire"))]
    pub rest: u128,
    /// Of each table, by app in order of creation, then by type in order of registration. An app has here its types up
    /// to the last one that has a record; those before it without records are listed too, with no blocks.
    pub tables: Vec<TableDigests>,
}

impl DigestParts {
    /// The records of one of a table's [blocks](TableDigests::blocks); its last one may have fewer.
    pub const BLOCK_RECORDS: usize = Table::TOLD_RECORDS as usize;
}

/// The digests of a *table*, the records of one app and type: see [`Engine::digest_parts`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TableDigests {
    /// Whose records they are.
    pub app_id: AppId,
    /// Of which type.
    pub resource_type_id: ResourceTypeId,
    /// How many there are, inactive ones and placeholders among them.
    pub records: u64,
    /// Of each [`DigestParts::BLOCK_RECORDS`] records in turn, in order of first sight.
    #[cfg_attr(feature = "serde", serde(with = "wire::list"))]
    pub blocks: Vec<u128>,
}

/// Digests in serde.
#[cfg(feature = "serde")]
mod wire {
    use alloc::vec::Vec;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::values::hex;

    pub(super) fn serialize<S: Serializer>(digest: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        hex::serialize(*digest, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        hex::deserialize("digest", deserializer)
    }

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Digest(#[serde(with = "super::wire")] u128);

    pub(super) mod list {
        use super::*;

        pub(in crate::save::digest) fn serialize<S: Serializer>(
            digests: &[u128],
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(digests.iter().map(|&digest| Digest(digest)))
        }

        pub(in crate::save::digest) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Vec<u128>, D::Error> {
            let digests = Vec::<Digest>::deserialize(deserializer)?;
            Ok(digests.into_iter().map(|Digest(digest)| digest).collect())
        }
    }
}
