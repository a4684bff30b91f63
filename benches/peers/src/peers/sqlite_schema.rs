//! The SQLite schemas that were tried, as the statements that differ between them.
//!
//! All have in common: every statement is prepared once; an unchanged record is one statement that compares
//! every field and marks the row as seen; an account's references stand in its row once more as one text, so
//! that comparing them reads no other table; the columns that a mark writes are narrow and come first; a group
//! counts its members, which takes a sixth off a cold load of 200,000 accounts that an index of memberships by
//! group would cost; a partial index leads a completion to the placeholders.

/// A schema and how long its transactions are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    pub(super) schema: &'static Schema,
    /// Whether each page is a transaction of its own, or each session.
    pub(super) commits_pages: bool,
    name: &'static str,
}

/// The statements about accounts that differ between schemas.
#[derive(Debug)]
pub(super) struct Schema {
    /// Makes the table of accounts.
    pub(super) create: &'static str,
    /// Compares and marks: changes one row if the account is active and equal.
    pub(super) mark: &'static str,
    /// Inserts an account, unless its id is there.
    pub(super) insert: &'static str,
    /// Replaces the account in a row.
    pub(super) update: &'static str,
    /// Where `insert` and `update` do not mark the row: what does.
    pub(super) mark_written: Option<&'static str>,
    /// Of the account with an id: its row, whether it is active, and whether it has these references.
    pub(super) find: &'static str,
    /// Marks inactive what was not seen, and gives rows and ids.
    pub(super) complete: &'static str,
    /// The rows of the active accounts.
    pub(super) active_rows: &'static str,
}

impl Variant {
    /// What the tables show: least in a cold and in a shuffled roll, and about as good as any in the others.
    /// To commit each page costs half as much again in a cold roll, because every page of the database that
    /// it touched goes through the rollback journal once more. A table clustered by id, or marks in a
    /// table of their own, save nothing in these rolls; narrow marks make completing twice as fast.
    pub(super) const BEST: Self = Self { schema: &WIDE, commits_pages: false, name: "SQLite wide, session" };

    pub(super) fn all() -> impl Iterator<Item = Self> {
        [
            Self::BEST,
            Self { commits_pages: true, name: "SQLite wide, page", ..Self::BEST },
            Self { schema: &CLUSTERED, name: "SQLite clustered, session", ..Self::BEST },
            Self { schema: &CLUSTERED, commits_pages: true, name: "SQLite clustered, page" },
            Self { schema: &MARKS, name: "SQLite marks, session", ..Self::BEST },
            Self { schema: &MARKS, commits_pages: true, name: "SQLite marks, page" },
        ]
        .into_iter()
    }

    pub(super) const fn name(self) -> &'static str {
        self.name
    }
}

/// Marks in the account's row; a table by row and an index by id.
static WIDE: Schema = Schema {
    create: "CREATE TABLE accounts (
        row INTEGER PRIMARY KEY, seen INTEGER NOT NULL, active INTEGER NOT NULL, status INTEGER NOT NULL,
        id TEXT NOT NULL UNIQUE, email TEXT, username TEXT, first_name TEXT, last_name TEXT,
        display_name TEXT, refs TEXT NOT NULL)",
    mark: MARK,
    insert: INSERT,
    update: UPDATE,
    mark_written: None,
    find: FIND,
    complete: COMPLETE,
    active_rows: "SELECT row FROM accounts WHERE active",
};

/// Marks in the account's row; one table by id, with an index by row for the joins.
static CLUSTERED: Schema = Schema {
    create: "CREATE TABLE accounts (
        row INTEGER NOT NULL UNIQUE, seen INTEGER NOT NULL, active INTEGER NOT NULL, status INTEGER NOT NULL,
        id TEXT PRIMARY KEY, email TEXT, username TEXT, first_name TEXT, last_name TEXT,
        display_name TEXT, refs TEXT NOT NULL) WITHOUT ROWID",
    ..WIDE
};

/// Marks in a narrow table of their own.
static MARKS: Schema = Schema {
    create: "CREATE TABLE accounts (
        row INTEGER PRIMARY KEY, status INTEGER NOT NULL, id TEXT NOT NULL UNIQUE,
        email TEXT, username TEXT, first_name TEXT, last_name TEXT, display_name TEXT, refs TEXT NOT NULL);
        CREATE TABLE marks (row INTEGER PRIMARY KEY, seen INTEGER NOT NULL, active INTEGER NOT NULL)",
    mark: "UPDATE marks SET seen = ?1 WHERE active AND row = (
        SELECT row FROM accounts WHERE id = ?2 AND email IS ?3 AND username IS ?4 AND first_name IS ?5
        AND last_name IS ?6 AND display_name IS ?7 AND status = ?8 AND refs = ?9)",
    insert:
        "INSERT INTO accounts (id, email, username, first_name, last_name, display_name, status, refs, row)
        VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING",
    update: "UPDATE accounts SET email = ?3, username = ?4, first_name = ?5, last_name = ?6,
        display_name = ?7, status = ?8, refs = ?9 WHERE id = ?2",
    mark_written: Some(
        "INSERT INTO marks (row, seen, active) VALUES (?1, ?2, 1)
        ON CONFLICT (row) DO UPDATE SET seen = excluded.seen, active = 1",
    ),
    find: "SELECT row, active, refs = ?2 FROM accounts JOIN marks USING (row) WHERE id = ?1",
    complete: "UPDATE marks SET active = 0 WHERE active AND seen <> ?1
        RETURNING row, (SELECT id FROM accounts WHERE accounts.row = marks.row)",
    active_rows: "SELECT row FROM marks WHERE active",
};

const MARK: &str = "UPDATE accounts SET seen = ?1 WHERE id = ?2 AND active AND email IS ?3 AND username IS ?4
    AND first_name IS ?5 AND last_name IS ?6 AND display_name IS ?7 AND status = ?8 AND refs = ?9";
const INSERT: &str = "INSERT INTO accounts
    (seen, id, email, username, first_name, last_name, display_name, status, refs, row, active)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1) ON CONFLICT (id) DO NOTHING";
const UPDATE: &str =
    "UPDATE accounts SET seen = ?1, email = ?3, username = ?4, first_name = ?5, last_name = ?6,
    display_name = ?7, status = ?8, refs = ?9, active = 1 WHERE id = ?2";
const FIND: &str = "SELECT row, active, refs = ?2 FROM accounts WHERE id = ?1";
const COMPLETE: &str = "UPDATE accounts SET active = 0 WHERE active AND seen <> ?1 RETURNING row, id";

/// The tables beside the accounts, the same for every schema.
pub(super) const CREATE: &str = "
    CREATE TABLE groups (
        row INTEGER PRIMARY KEY, seen INTEGER NOT NULL, members INTEGER NOT NULL, active INTEGER NOT NULL,
        placeholder INTEGER NOT NULL, type INTEGER NOT NULL, id TEXT NOT NULL, name TEXT, description TEXT,
        UNIQUE (type, id));
    CREATE INDEX placeholders ON groups (row) WHERE placeholder;
    CREATE TABLE memberships (account INTEGER, member_of INTEGER, PRIMARY KEY (account, member_of))
        WITHOUT ROWID";
