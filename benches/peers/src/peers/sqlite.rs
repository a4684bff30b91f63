//! SQLite in memory, used as well as we know how: see [`super::sqlite_schema`].

use std::fmt::Write as _;

use headcount::{Account, Group, Page, Records};
use rusqlite::{CachedStatement, Connection, MAIN_DB, OptionalExtension as _};

use super::sqlite_schema::{CREATE, Variant};
use super::{Encoded, Peer, references, status_code, status_name, texts, type_index};
use crate::Result;
use crate::directory::SLUGS;
use crate::state::State;

const MARK_GROUP: &str = "UPDATE groups SET seen = ?1 WHERE type = ?2 AND id = ?3 AND active
    AND NOT placeholder AND name IS ?4 AND description IS ?5";
const UPSERT_GROUP: &str =
    "INSERT INTO groups (seen, type, id, name, description, members, active, placeholder)
    VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, 0) ON CONFLICT (type, id) DO UPDATE SET seen = excluded.seen,
    name = excluded.name, description = excluded.description, active = 1, placeholder = 0";
const FIND_GROUP: &str =
    "SELECT row, placeholder AND (NOT active OR name IS NULL) FROM groups WHERE type = ?1 AND id = ?2";
const INSERT_PLACEHOLDER: &str = "INSERT INTO groups (type, id, name, seen, members, active, placeholder)
    VALUES (?1, ?2, ?3, 0, 0, 1, 1)";
const WAKE_PLACEHOLDER: &str = "UPDATE groups SET active = 1, name = coalesce(name, ?2) WHERE row = ?1";
/// What an account counted in its groups.
const LEAVE_GROUPS: &str = "UPDATE groups SET members = members - 1
    WHERE row IN (SELECT member_of FROM memberships WHERE account = ?1)";
const JOIN_GROUP: &str = "UPDATE groups SET members = members + 1 WHERE row = ?1";
const COMPLETE_GROUPS: &str =
    "UPDATE groups SET active = 0 WHERE active AND NOT placeholder AND seen <> ?1 RETURNING id";
/// Of placeholders, no roll is asked.
const COMPLETE_PLACEHOLDERS: &str =
    "UPDATE groups SET active = 0 WHERE placeholder AND active AND members = 0 AND ?1 RETURNING id";
const DELETE_MEMBERSHIPS: &str = "DELETE FROM memberships WHERE account = ?1";
const INSERT_MEMBERSHIP: &str = "INSERT INTO memberships VALUES (?1, ?2) ON CONFLICT DO NOTHING";

/// A database and what a roll in progress has to remember.
pub(super) struct Sqlite {
    connection: Connection,
    variant: Variant,
    roll: u32,
    /// Rows of accounts given out.
    rows: i64,
    /// Whether the last account was new. Then the next one is probably too, and its insertion is tried
    /// before the comparison: a fifth off a cold load.
    expects_new: bool,
    /// An account's references as one text.
    refs: String,
}

impl Sqlite {
    pub(super) fn new(variant: Variant) -> Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA temp_store = MEMORY;")?;
        connection.execute_batch(variant.schema.create)?;
        connection.execute_batch(CREATE)?;
        Ok(Self { connection, variant, roll: 0, rows: 0, expects_new: true, refs: String::new() })
    }

    fn push_accounts(&mut self, accounts: &[Account<'_>]) -> Result<()> {
        let schema = self.variant.schema;
        let mut statements = Statements {
            mark: self.connection.prepare_cached(schema.mark)?,
            insert: self.connection.prepare_cached(schema.insert)?,
            update: self.connection.prepare_cached(schema.update)?,
            mark_written: schema.mark_written.map(|sql| self.connection.prepare_cached(sql)).transpose()?,
            find: self.connection.prepare_cached(schema.find)?,
            find_group: self.connection.prepare_cached(FIND_GROUP)?,
            insert_placeholder: self.connection.prepare_cached(INSERT_PLACEHOLDER)?,
            wake_placeholder: self.connection.prepare_cached(WAKE_PLACEHOLDER)?,
            leave_groups: self.connection.prepare_cached(LEAVE_GROUPS)?,
            join_group: self.connection.prepare_cached(JOIN_GROUP)?,
            delete_memberships: self.connection.prepare_cached(DELETE_MEMBERSHIPS)?,
            insert_membership: self.connection.prepare_cached(INSERT_MEMBERSHIP)?,
        };
        for account in accounts {
            self.refs.clear();
            for (type_index, reference) in references(account) {
                writeln!(self.refs, "{type_index}{}", reference.id)?;
            }
            let next_row = self.rows + 1;
            let written = statements.push(account, self.roll, &self.refs, next_row, self.expects_new)?;
            self.expects_new = written == Written::New;
            self.rows += i64::from(self.expects_new);
        }
        Ok(())
    }

    fn push_groups(&self, type_index: i64, groups: &[Group<'_>]) -> Result<()> {
        let mut mark = self.connection.prepare_cached(MARK_GROUP)?;
        let mut upsert = self.connection.prepare_cached(UPSERT_GROUP)?;
        for group in groups {
            let values = (self.roll, type_index, &*group.id, &*group.name, group.description.as_deref());
            if mark.execute(values)? == 0 {
                upsert.execute(values)?;
            }
        }
        Ok(())
    }
}

/// What pushing an account came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    New,
    Known,
}

/// The statements that a page of accounts needs.
struct Statements<'c> {
    mark: CachedStatement<'c>,
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
    mark_written: Option<CachedStatement<'c>>,
    find: CachedStatement<'c>,
    find_group: CachedStatement<'c>,
    insert_placeholder: CachedStatement<'c>,
    wake_placeholder: CachedStatement<'c>,
    leave_groups: CachedStatement<'c>,
    join_group: CachedStatement<'c>,
    delete_memberships: CachedStatement<'c>,
    insert_membership: CachedStatement<'c>,
}

impl Statements<'_> {
    fn push(
        &mut self,
        account: &Account<'_>,
        roll: u32,
        refs: &str,
        next_row: i64,
        expects_new: bool,
    ) -> Result<Written> {
        let id = &*account.id;
        let [email, username, first_name, last_name, display_name] = texts(account);
        let status = status_code(account);
        let values = (roll, id, email, username, first_name, last_name, display_name, status, refs);
        let (roll, id, email, username, first_name, last_name, display_name, status, refs) = values;
        let with_row =
            (roll, id, email, username, first_name, last_name, display_name, status, refs, next_row);
        if expects_new && self.insert.execute(with_row)? == 1 {
            self.mark_written(next_row, roll)?;
            self.insert_memberships(next_row, account)?;
            return Ok(Written::New);
        }
        if self.mark.execute(values)? == 1 {
            return Ok(Written::Known);
        }
        if !expects_new && self.insert.execute(with_row)? == 1 {
            self.mark_written(next_row, roll)?;
            self.insert_memberships(next_row, account)?;
            return Ok(Written::New);
        }
        let (row, is_active, has_references): (i64, bool, bool) =
            self.find.query_one((id, refs), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        self.update.execute(values)?;
        self.mark_written(row, roll)?;
        if is_active && has_references {
            return Ok(Written::Known);
        }
        if is_active {
            self.leave_groups.execute((row,))?;
        }
        self.delete_memberships.execute((row,))?;
        self.insert_memberships(row, account)?;
        Ok(Written::Known)
    }

    fn mark_written(&mut self, row: i64, roll: u32) -> Result<()> {
        if let Some(statement) = &mut self.mark_written {
            statement.execute((row, roll))?;
        }
        Ok(())
    }

    fn insert_memberships(&mut self, account_row: i64, account: &Account<'_>) -> Result<()> {
        for (type_index, reference) in references(account) {
            let key = (type_index as i64, &*reference.id);
            let found: Option<(i64, bool)> =
                self.find_group.query_one(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let name = reference.name.as_deref();
            let group_row = match found {
                None => self.insert_placeholder.insert((key.0, key.1, name))?,
                Some((row, needs_waking)) => {
                    if needs_waking {
                        self.wake_placeholder.execute((row, name))?;
                    }
                    row
                }
            };
            // A group that is named twice is joined once.
            if self.insert_membership.execute((account_row, group_row))? == 1 {
                self.join_group.execute((group_row,))?;
            }
        }
        Ok(())
    }
}

impl Peer for Sqlite {
    fn start(&mut self, number: u32) -> Result<()> {
        self.roll = number;
        if !self.variant.commits_pages {
            self.connection.execute_batch("BEGIN")?;
        }
        Ok(())
    }

    fn push(&mut self, slug: &str, page: &Page<'_>) -> Result<()> {
        if self.variant.commits_pages {
            self.connection.prepare_cached("BEGIN")?.execute(())?;
        }
        match page.records() {
            Records::Accounts(accounts) => self.push_accounts(accounts)?,
            Records::Groups(groups) | Records::Licenses(groups) => {
                self.push_groups(type_index(slug) as i64, groups)?;
            }
        }
        if self.variant.commits_pages {
            self.connection.prepare_cached("COMMIT")?.execute(())?;
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<u64> {
        if self.variant.commits_pages {
            self.connection.execute_batch("BEGIN")?;
        }
        let mut gone: Vec<String> = Vec::new();
        let mut stale = self.connection.prepare_cached(self.variant.schema.complete)?;
        let mut leave_groups = self.connection.prepare_cached(LEAVE_GROUPS)?;
        let accounts = stale.query_map((self.roll,), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let accounts: Vec<(i64, String)> = accounts.collect::<rusqlite::Result<_>>()?;
        for (row, id) in accounts {
            leave_groups.execute((row,))?;
            gone.push(id);
        }
        for sql in [COMPLETE_GROUPS, COMPLETE_PLACEHOLDERS] {
            let mut stale = self.connection.prepare_cached(sql)?;
            for id in stale.query_map((self.roll,), |row| row.get(0))? {
                gone.push(id?);
            }
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(gone.len() as u64)
    }

    fn state(&mut self) -> Result<State> {
        let mut state = State::with_groups();
        let mut accounts = self.connection.prepare(&format!(
            "SELECT row, id, ifnull(email, ''), ifnull(username, ''), ifnull(first_name, ''),
            ifnull(last_name, ''), ifnull(display_name, ''), status FROM accounts WHERE row IN ({})",
            self.variant.schema.active_rows
        ))?;
        let mut groups = self.connection.prepare(
            "SELECT type, id FROM memberships JOIN groups ON groups.row = member_of WHERE account = ?1",
        )?;
        let mut rows = accounts.query(())?;
        while let Some(row) = rows.next()? {
            let mut fields = [""; 7];
            for (at, field) in fields.iter_mut().take(6).enumerate() {
                *field = row.get_ref(at + 1)?.as_str()?;
            }
            fields[6] = status_name(row.get(7)?);
            state.add_account(&fields);
            let mut memberships = groups.query((row.get::<_, i64>(0)?,))?;
            while let Some(membership) = memberships.next()? {
                let slug = SLUGS[membership.get::<_, i64>(0)? as usize];
                state.add_membership(fields[0], slug, membership.get_ref(1)?.as_str()?);
            }
        }
        let mut groups =
            self.connection.prepare("SELECT type, id, ifnull(name, '') FROM groups WHERE active")?;
        let mut rows = groups.query(())?;
        while let Some(row) = rows.next()? {
            let slug = SLUGS[row.get::<_, i64>(0)? as usize];
            state.add_group(slug, row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        }
        Ok(state)
    }

    fn encode(&mut self) -> Result<Option<Encoded<'_>>> {
        Ok(Some(Box::new(self.connection.serialize(MAIN_DB)?)))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.connection.deserialize_read_exact(MAIN_DB, bytes, bytes.len(), false)?;
        // The first statement reads the schema.
        self.rows = self.connection.query_one("SELECT max(row) FROM accounts", (), |row| row.get(0))?;
        Ok(())
    }

    fn foreign_bytes(&mut self) -> Result<u64> {
        let pragma = |sql| self.connection.query_one(sql, (), |row| row.get::<_, i64>(0));
        Ok((pragma("PRAGMA page_count")? * pragma("PRAGMA page_size")?) as u64)
    }
}
