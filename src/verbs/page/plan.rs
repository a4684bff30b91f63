//! What a checked page will change. Reads only: the last step that can refuse.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use super::check::CheckedRecord;
use super::faults::{Faults, Finding};
use super::placeholders::{NewPlaceholder, NewPlaceholders};
use super::references::CheckedReference;
use super::room::Additions;
use super::steps::{Contents, Step};
use super::{CheckedPage, PageBuffers, PageContext};
use crate::state::{Entry, RecordFact, ReferenceCounts};
use crate::store::{Draft, Row, RowKey, Slot, Stored, Table, TypeIndex};
use crate::values::{Error, FaultCode, Field, Fields, Fingerprint, IdHash, Kind, PageLimits, PageOutcome};

/// What is to be written, and what will have changed then.
#[derive(Debug)]
pub(crate) struct Plan<'c, 'p> {
    pub(super) of: TypeIndex,
    pub(super) kind: Kind,
    /// What the page is to be remembered by, and what it was held to.
    pub(super) fingerprint: Option<(Fingerprint, PageLimits)>,
    /// Whether an account keeps references that it does not name: then the page says less than is on record.
    pub(super) some_stay: bool,
    /// In the order in which they are to be taken: a row that is made has the number that was planned.
    pub(super) steps: Vec<Step<'c, 'p>>,
    /// The references of all records that are written, by type, each record's one behind the other.
    pub(super) references: Vec<RowKey>,
    pub(super) entries: Vec<Entry>,
    pub(super) outcome: PageOutcome,
    pub(super) reference_counts: ReferenceCounts,
}

impl Plan<'_, '_> {
    /// References that the page takes from accounts which are active.
    pub(crate) const fn removals(&self) -> u64 {
        self.reference_counts.taken
    }
}

/// Plans a page, and completes the list of its records' rows. `entries` is an empty list for what it will
/// change, kept from one command to the next for its space.
///
/// # Errors
/// [`Error::PageFaults`] for accounts that take too much together with what stays; [`Error::ResourceTypeFull`].
pub(crate) fn plan<'c, 'p>(
    context: PageContext<'_>,
    page: &'c CheckedPage<'p>,
    buffers: &mut PageBuffers,
    entries: Vec<Entry>,
) -> Result<Plan<'c, 'p>, Error> {
    let PageBuffers { rows, hashes, differing, targets, .. } = buffers;
    targets.find(context.store, context.key, &page.references);
    let mut planner = Planner::new(context, page, targets.rows(), rows.len(), entries);
    planner.leave_equal(rows, differing);
    for (record, &at) in page.records.iter().zip(&*differing) {
        let row = &mut rows[at as usize];
        if planner.passes_over(record) {
            *row = Row::NONE;
        } else if row.is_none() {
            *row = planner.create(record, hashes[at as usize]);
        } else if !planner.leaves(*row) {
            planner.update(at, record, *row);
        }
    }
    if planner.has_passed_over() {
        rows.retain(|row| !row.is_none());
    }
    let Planner { additions, faults, plan, .. } = planner;
    faults.into_result()?;
    additions.expect_room(context.store, context.registry, context.limits)?;
    Ok(plan)
}

struct Planner<'e, 'p, 'c> {
    context: PageContext<'e>,
    references: &'c [CheckedReference<'p>],
    attributes: &'c [u8],
    /// The types that the records name.
    named: &'c [TypeIndex],
    /// By reference of the page, the row that it points at; [`Row::NONE`] if it is not on record.
    targets: &'e [Row],
    plan: Plan<'c, 'p>,
    additions: Additions,
    faults: Faults,
    new_placeholders: NewPlaceholders<'p>,
    /// Placeholders on record that earlier references of the page wake or name.
    touched: BTreeMap<RowKey, Touched>,
    /// Rows of the page's type before it.
    rows: u32,
    /// References that an account has on record, sorted, and those that it is to have.
    on_record: Vec<RowKey>,
    wanted: Vec<RowKey>,
    /// Of those on record the ones that stay although it does not name them, by type.
    staying: Vec<RowKey>,
}

/// What a record on record was before the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Was {
    /// Active or not.
    Placeholder,
    /// And full.
    Inactive,
    /// And full.
    Active,
}

impl Was {
    fn of(table: &Table, row: Row) -> Self {
        if table.placeholder().contains(row) {
            Self::Placeholder
        } else if table.active().contains(row) {
            Self::Active
        } else {
            Self::Inactive
        }
    }
}

#[derive(Debug)]
struct Touched {
    is_woken: bool,
    is_named: bool,
}

impl Touched {
    const NOT_YET: Self = Self { is_woken: false, is_named: false };
}

impl<'e, 'p, 'c> Planner<'e, 'p, 'c> {
    fn new(
        context: PageContext<'e>,
        page: &'c CheckedPage<'p>,
        targets: &'e [Row],
        total: usize,
        entries: Vec<Entry>,
    ) -> Self {
        let of = page.of;
        // Those that do not differ.
        let unchanged = (total - page.records.len()) as u32;
        let outcome =
            PageOutcome { total: total as u32, updated: unchanged, unchanged, ..PageOutcome::default() };
        Self {
            context,
            references: &page.references,
            attributes: &page.attributes,
            named: &page.named,
            targets,
            plan: Plan {
                of,
                kind: page.kind,
                fingerprint: page.fingerprint,
                some_stay: page.some_stay,
                steps: Vec::with_capacity(page.records.len()),
                references: Vec::with_capacity(page.references.len()),
                entries,
                outcome,
                reference_counts: ReferenceCounts::default(),
            },
            additions: Additions::new(of),
            faults: Faults::new(context.limits.faults_listed_max as usize),
            new_placeholders: NewPlaceholders::default(),
            touched: BTreeMap::new(),
            rows: context.store.table(of).map_or(0, Table::rows),
            on_record: Vec::new(),
            wanted: Vec::new(),
            staying: Vec::new(),
        }
    }

    fn note(&mut self, fact: RecordFact, key: RowKey) {
        self.plan.entries.push(Entry::Record(fact, key));
    }

    fn table(&self) -> Option<&'e Table> {
        self.context.store.table(self.plan.of)
    }

    /// Counts those settled records that do not differ from what is on record. `differing` are the places of the others.
    fn leave_equal(&mut self, rows: &[Row], differing: &[u32]) {
        let Some(settled) = self.context.settled(self.plan.of) else { return };
        let is_equal = |at: &u32| differing.binary_search(at).is_err();
        let left = (0..).zip(rows).filter(|(at, row)| settled.contains(**row) && is_equal(at)).count() as u32;
        self.plan.outcome.settled += left;
        self.plan.outcome.unchanged -= left;
    }

    /// Whether a record is settled: then it is left as it is.
    fn leaves(&mut self, row: Row) -> bool {
        let is_settled = self.context.settled(self.plan.of).is_some_and(|settled| settled.contains(row));
        self.plan.outcome.updated += u32::from(is_settled);
        self.plan.outcome.settled += u32::from(is_settled);
        is_settled
    }

    /// Whether the id of a record is settled: then it is passed over, and so is a placeholder of it.
    fn passes_over(&mut self, record: &CheckedRecord<'p>) -> bool {
        let Some(ids) = self.context.settled_ids() else { return false };
        let is_settled = ids.contains(self.plan.of, record.texts[Slot::Id as usize]);
        self.plan.outcome.settled += u32::from(is_settled);
        is_settled
    }

    const fn has_passed_over(&self) -> bool {
        let PageOutcome { total, created, updated, .. } = self.plan.outcome;
        created + updated < total
    }

    fn create(&mut self, record: &'c CheckedRecord<'p>, hash: IdHash) -> Row {
        let row = Row(self.rows + self.plan.outcome.created);
        let key = RowKey::new(self.plan.of, row);
        self.note(RecordFact::Created, key);
        self.plan.outcome.created += 1;
        self.on_record.clear();
        self.staying.clear();
        let references = self.refer(key, record);
        let contents = Contents { record, attributes: Cow::Borrowed(self.attributes_of(record)), references };
        self.additions.add_row(self.plan.of, contents.draft(&self.plan.references).bytes());
        self.plan.steps.push(Step::Insert { row, hash, contents });
        row
    }

    fn update(&mut self, at: u32, record: &'c CheckedRecord<'p>, row: Row) {
        let table = self.table().expect("a row was found in it");
        let stored = table.stored(row);
        let key = RowKey::new(self.plan.of, row);
        let was = Was::of(table, row);
        let mut fields = changed_fields(&stored, record, self.plan.kind);
        let keeps_attributes = record.attributes.is_none();
        if !keeps_attributes && stored.attributes_run() != self.attributes_of(record) {
            fields.insert(Field::Attributes);
        }
        self.on_record.clear();
        self.on_record.extend(stored.references());
        self.on_record.sort_unstable();
        self.find_staying(record, &stored);
        let has_same_references = self.has_same_references(record);
        let is_equal = fields.is_empty() && has_same_references;
        self.note_update(key, was, fields, is_equal);
        let removed_before = self.plan.reference_counts.removed;
        let references = self.refer(key, record);
        if was == Was::Active {
            self.plan.reference_counts.taken += self.plan.reference_counts.removed - removed_before;
        }
        if is_equal {
            self.plan.references.truncate(references.start);
            if was != Was::Active {
                self.plan.steps.push(Step::Upsert { row, contents: None });
            }
        } else {
            let attributes = if keeps_attributes {
                Cow::Owned(stored.attributes_run().to_vec())
            } else {
                Cow::Borrowed(self.attributes_of(record))
            };
            let contents = Contents { record, attributes, references };
            let bytes = contents.draft(&self.plan.references).bytes();
            if bytes > Draft::BYTES_MAX {
                self.find_too_large(at, record, bytes);
            }
            self.additions.replace(self.plan.of, stored.bytes(), bytes);
            self.plan.steps.push(Step::Upsert { row, contents: Some(contents) });
        }
    }

    /// Those that a record brings.
    fn attributes_of(&self, record: &CheckedRecord<'p>) -> &'c [u8] {
        record.attributes.clone().map_or(&[], |range| &self.attributes[range])
    }

    /// Notes what comes of a record that is there.
    fn note_update(&mut self, key: RowKey, was: Was, fields: Fields, is_equal: bool) {
        self.plan.outcome.updated += 1;
        match was {
            Was::Placeholder => {
                self.note(RecordFact::PlaceholderFilled, key);
                self.plan.outcome.filled += 1;
            }
            Was::Inactive => {
                self.note(RecordFact::Reactivated, key);
                self.plan.outcome.reactivated += 1;
            }
            Was::Active => self.plan.outcome.unchanged += u32::from(is_equal),
        }
        if !fields.is_empty() {
            self.note(RecordFact::Updated(fields), key);
        }
    }

    /// Finds the references on record that stay although the account does not name them.
    fn find_staying(&mut self, record: &CheckedRecord<'p>, stored: &Stored<'_>) {
        self.staying.clear();
        if !self.context.keeps_some() {
            return;
        }
        let named = &self.named[record.named.clone()];
        let stays = |of: &TypeIndex| self.context.keeps(*of) && named.binary_search(of).is_err();
        for (of, rows) in stored.runs().filter(|(of, _)| stays(of)) {
            self.staying.extend(rows.iter().map(|row| RowKey::new(of, Row(u32::from_le_bytes(*row)))));
        }
        self.plan.some_stay |= !self.staying.is_empty();
    }

    /// Notes that an account cannot be held: what it names can be, but not together with what stays.
    #[cold]
    fn find_too_large(&mut self, at: u32, record: &CheckedRecord<'p>, bytes: u64) {
        let (id, id_chars_max) = (record.texts[Slot::Id as usize], self.context.limits.id_chars_max);
        let finding = Finding {
            code: FaultCode::TooManyReferences,
            field: &|| "memberships".into(),
            found: &|| format!("{bytes} bytes with the references that stay"),
            expected: &|| format!("at most {} bytes", Draft::BYTES_MAX),
        };
        self.faults.add(at, Some(id), id_chars_max, &finding);
    }

    /// Whether the account refers to just what it has on record, in whatever order.
    fn has_same_references(&self, record: &CheckedRecord<'p>) -> bool {
        record.references.len() + self.staying.len() == self.on_record.len()
            && record.references.clone().all(|at| {
                let key = RowKey::new(self.references[at].of, self.targets[at]);
                self.on_record.binary_search(&key).is_ok()
            })
    }

    /// Plans what an account's references do to their targets, those that stay too, by type; and which are new and
    /// which go. Answers where its references are in the plan's list.
    fn refer(&mut self, account: RowKey, record: &CheckedRecord<'p>) -> Range<usize> {
        let start = self.plan.references.len();
        let staying = core::mem::take(&mut self.staying);
        let mut next = staying.iter().copied().peekable();
        for at in record.references.clone() {
            while let Some(target) = next.next_if(|target| target.of < self.references[at].of) {
                self.stay(target);
            }
            let target = self.meet(at);
            self.plan.references.push(target);
            if self.on_record.binary_search(&target).is_err() {
                self.plan.entries.push(Entry::ReferenceAdded(account, target));
                self.plan.reference_counts.added += 1;
            }
        }
        next.for_each(|target| self.stay(target));
        self.staying = staying;
        if !self.on_record.is_empty() {
            self.wanted.clear();
            self.wanted.extend_from_slice(&self.plan.references[start..]);
            self.wanted.sort_unstable();
            for target in &self.on_record {
                if self.wanted.binary_search(target).is_err() {
                    self.plan.entries.push(Entry::ReferenceRemoved(account, *target));
                    self.plan.reference_counts.removed += 1;
                }
            }
        }
        start..self.plan.references.len()
    }

    /// What a reference that stays does to its target: that of one without a name.
    fn stay(&mut self, target: RowKey) {
        let table = self.context.store.table_of(target);
        if table.placeholder().contains(target.row) && !table.active().contains(target.row) {
            self.wake(target);
        }
        self.plan.references.push(target);
    }

    /// Wakes an inactive placeholder, unless an earlier reference of the page did.
    fn wake(&mut self, key: RowKey) {
        let touched = self.touched.entry(key).or_insert(Touched::NOT_YET);
        if !core::mem::replace(&mut touched.is_woken, true) {
            self.note(RecordFact::PlaceholderWoken, key);
            self.plan.outcome.placeholders += 1;
            self.plan.steps.push(Step::Wake { key });
        }
    }

    /// What a reference does to its target: makes it, wakes it, names it, or nothing.
    fn meet(&mut self, at: usize) -> RowKey {
        let reference = &self.references[at];
        if self.targets[at].is_none() {
            return self.meet_new(reference);
        }
        let key = RowKey::new(reference.of, self.targets[at]);
        let table = self.context.store.table_of(key);
        if !table.placeholder().contains(key.row) {
            return key;
        }
        if !table.active().contains(key.row) {
            self.wake(key);
        }
        let wants_name = !reference.name.is_empty() && table.is_nameless(key.row);
        if wants_name
            && !core::mem::replace(&mut self.touched.entry(key).or_insert(Touched::NOT_YET).is_named, true)
        {
            let bytes = Draft::placeholder(reference.id, reference.name).bytes();
            self.additions.replace(key.of, table.stored(key.row).bytes(), bytes);
            self.name(key, reference);
        }
        key
    }

    fn name(&mut self, key: RowKey, reference: &CheckedReference<'p>) {
        self.note(RecordFact::PlaceholderNamed, key);
        let (id, name) = (reference.id, reference.name);
        self.plan.steps.push(Step::NamePlaceholder { key, id, name });
    }

    /// A reference to what is not on record: an earlier one of the page may have planned to make it.
    fn meet_new(&mut self, reference: &CheckedReference<'p>) -> RowKey {
        let CheckedReference { of, id, name, .. } = *reference;
        let hash = self.context.key.id(id);
        let draft = Draft::placeholder(id, name);
        if let Some(planned) = self.new_placeholders.find(of, hash, id) {
            let key = planned.key;
            if planned.name.is_empty() && !name.is_empty() {
                planned.name = name;
                self.additions.replace(of, Draft::placeholder(id, "").bytes(), draft.bytes());
                self.name(key, reference);
            }
            return key;
        }
        let rows = self.context.store.table(of).map_or(0, Table::rows);
        let rows_made = self.additions.add_row(of, draft.bytes());
        let key = RowKey::new(of, Row(rows + rows_made));
        self.new_placeholders.add(NewPlaceholder { key, hash, id, name });
        self.note(RecordFact::PlaceholderMade, key);
        self.plan.outcome.placeholders += 1;
        self.plan.steps.push(Step::MakePlaceholder { key, hash, id, name });
        key
    }
}

/// The fields of a record on record, but for its attributes, that differ from a pushed one.
fn changed_fields(stored: &Stored<'_>, record: &CheckedRecord<'_>, kind: Kind) -> Fields {
    const ACCOUNT: &[(Slot, Field)] = &[
        (Slot::EmailOrName, Field::Email),
        (Slot::UsernameOrDescription, Field::Username),
        (Slot::FirstName, Field::FirstName),
        (Slot::LastName, Field::LastName),
        (Slot::DisplayName, Field::DisplayName),
    ];
    const GROUP: &[(Slot, Field)] =
        &[(Slot::EmailOrName, Field::Name), (Slot::UsernameOrDescription, Field::Description)];
    let fields = if kind == Kind::Account { ACCOUNT } else { GROUP };
    let differs = |&&(slot, _): &&(Slot, Field)| stored.slot(slot) != record.texts[slot as usize].as_bytes();
    let mut changed: Fields = fields.iter().filter(differs).map(|(_, field)| *field).collect();
    if stored.status() != record.status {
        changed.insert(Field::Status);
    }
    changed
}
