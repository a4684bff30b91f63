//! Counts the heap that a page takes while it is parsed. Each thread is counted by itself, so the tests need not wait for
//! each other.

use std::cell::Cell;
use std::io;

use headcount::{Account, Attribute, AttributeValue, IgnoredFields, Kind, Limits, PageSeed, ReferenceList};
use headcount_test_allocator::{Counts, TestAllocator};
use serde::de::DeserializeSeed;

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

/// What [`PageSeed`] promises for JSON.
const BYTES_PER_BYTE_MAX: usize = 16;
/// And for denser formats.
const BYTES_PER_DENSE_BYTE_MAX: usize = 36;
const BYTES_PER_RECORD_MAX: usize = 600;
const BYTES_PER_FAULT_MAX: usize = 256;

/// Large beside what does not grow with a body.
const BODY_BYTES: usize = 1 << 18;

/// Bytes that are allocated now.
fn live() -> usize {
    Counts::now().held()
}

/// Hands out a body byte by byte, as the parser asks for them, and looks at the heap now and then. A
/// vector that grows is counted as growing where it is.
struct Watched<'b> {
    body: &'b [u8],
    peak: &'b Cell<usize>,
}

impl io::Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.body.len().is_multiple_of(64) {
            self.peak.set(self.peak.get().max(live()));
        }
        self.body.read(into)
    }
}

/// The most that was allocated at a time, of a parser that copies each text and of one that borrows
/// them. The latter is looked at only when the page is there.
fn peaks(kind: Kind, limits: &Limits, body: &str) -> (usize, usize) {
    let before = live();
    let peak = Cell::new(before);
    let mut parser = serde_json::Deserializer::from_reader(Watched { body: body.as_bytes(), peak: &peak });
    let page = PageSeed::new(kind, limits).deserialize(&mut parser).expect("a page");
    parser.end().expect("the end");
    let copied = peak.get() - before;
    drop((page, parser));

    let before = live();
    let page = PageSeed::new(kind, limits)
        .deserialize(&mut serde_json::Deserializer::from_str(body))
        .expect("a page");
    let borrowed = live() - before;
    drop(page);
    (copied, borrowed)
}

/// An account with this in one of its maps, again and again until a body is full.
fn account(before: &str, again: impl Fn(usize) -> String, after: &str) -> String {
    records(1, |_| {
        format!("{{\"id\": \"u\", \"memberships\": {{{before}{}{after}}}}}", repeated(BODY_BYTES, &again))
    })
}

/// An account with these attributes until a body is full.
fn attributes(again: impl Fn(usize) -> String) -> String {
    records(1, |_| format!("{{\"id\": \"u\", \"attributes\": {{{}}}}}", repeated(BODY_BYTES, &again)))
}

fn repeated(bytes: usize, again: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0.. {
        let next = again(number);
        if text.len() + next.len() > bytes {
            break;
        }
        text += &next;
        text.push(',');
    }
    text.pop();
    text
}

fn records(count: usize, record: impl Fn(usize) -> String) -> String {
    let records: Vec<String> = (0..count).map(record).collect();
    format!("{{\"records\": [{}]}}", records.join(","))
}

fn always(text: &str) -> impl Fn(usize) -> String + use<'_> {
    move |_| text.to_owned()
}

/// Of formats that say more in a byte, the shapes that say most.
#[test]
fn denser_formats_take_memory_in_proportion_too() {
    let limits = &Limits::default();
    let lists = BODY_BYTES / 2;
    let list_of_one = |key: &[u8]| [&b"\x81\xa7records\x91\x81\xabmemberships\xdf"[..], key].concat();
    let mut empty_lists = list_of_one(&(lists as u32).to_be_bytes());
    empty_lists.extend(b"\xa0\x90".repeat(lists));
    let mut numbers = list_of_one(&(lists as u32).to_be_bytes());
    numbers.extend(b"\xa0\x01".repeat(lists));
    let attributes_of_one = |key: &[u8]| [&b"\x81\xa7records\x91\x81\xaaattributes\xdf"[..], key].concat();
    let mut absent_attributes = attributes_of_one(&(lists as u32).to_be_bytes());
    absent_attributes.extend(b"\xa0\xc0".repeat(lists));
    for body in [empty_lists, numbers, absent_attributes] {
        let before = live();
        let mut parser = rmp_serde::Deserializer::from_read_ref(&body);
        let page =
            PageSeed::new(Kind::Account, limits).self_describing().deserialize(&mut parser).expect("a page");
        assert_within(live() - before, body.len());
        drop(page);
    }

    let many = ReferenceList::new("", vec![""; BODY_BYTES / 2]);
    let good = ReferenceList::new("", vec!["g"; 9_999]);
    let absent = vec![ReferenceList::default(); BODY_BYTES / 2];
    let texts = AttributeValue::texts(vec![""; BODY_BYTES]);
    let of_lists = |lists| Account { memberships: lists, ..Account::default() };
    let of_attributes = |attributes| Account { attributes: Some(attributes), ..Account::default() };
    for (accounts, account) in [
        (1, of_lists(vec![many])),
        (20, of_lists(vec![good])),
        (1, of_lists(absent)),
        (1, of_attributes(vec![Attribute::default(); BODY_BYTES / 2])),
        (1, of_attributes(vec![Attribute::new("", texts)])),
    ] {
        let body = postcard::to_allocvec(&vec![account; accounts]).expect("bytes");
        let before = live();
        let mut parser = postcard::Deserializer::from_bytes(&body);
        let page = PageSeed::new(Kind::Account, limits).deserialize(&mut parser).expect("a page");
        assert_within(live() - before, body.len());
        drop(page);
    }
}

/// Names are bounded whatever they are, and cost nothing where every field is known.
#[test]
fn names_of_ignored_fields_are_bounded_and_cost_nothing_where_there_are_none() {
    let limits = &Limits::default();
    let seed = PageSeed::new(Kind::Account, limits);
    // Each of as many bytes as a name can have, from its first character on.
    let long = |number: usize| {
        format!("\"{}\":1", char::from_u32(0x1_0000 + number as u32).expect("one").to_string().repeat(100))
    };
    let body = records(1, |_| format!("{{{}}}", repeated(BODY_BYTES, long)));
    let (before, mut ignored) = (live(), IgnoredFields::new());
    let page = seed.deserialize_noting(&mut serde_json::Deserializer::from_str(&body), &mut ignored);
    drop(page.expect("a page"));
    assert_eq!(ignored.iter().len(), IgnoredFields::NAMES_MAX);
    let bytes = live() - before;
    println!("{bytes} bytes for the names of ignored fields");
    assert!(
        bytes <= IgnoredFields::NAMES_MAX * (IgnoredFields::NAME_CHARS_MAX * 4 + 3 + 24) * 2,
        "{bytes} bytes"
    );
    drop(ignored);

    let known = "{\"id\":\"u1\",\"email\":\"a@b\",\"memberships\":{\"team\":[{\"id\":\"g\"}]},\"attributes\":{\"x\":1}}";
    let body = records(100, always(known));
    let allocations = |ignored: Option<&mut IgnoredFields>| {
        let before = Counts::now().allocations;
        let mut parser = serde_json::Deserializer::from_str(&body);
        let page = match ignored {
            Some(ignored) => seed.deserialize_noting(&mut parser, ignored),
            None => seed.deserialize(&mut parser),
        };
        assert_eq!(page.expect("a page").len(), 100);
        Counts::now().allocations - before
    };
    let mut ignored = IgnoredFields::new();
    assert_eq!(allocations(Some(&mut ignored)), allocations(None));
    assert!(ignored.is_empty());
}

fn assert_within(bytes: usize, body: usize) {
    println!("{body:60} bytes: {:7.2} borrowed", bytes as f64 / body as f64);
    assert!(bytes <= body * BYTES_PER_DENSE_BYTE_MAX + 100_000, "{bytes} bytes for {body}");
}

/// So many accounts with this in one of their maps, again and again, in a body of so many bytes.
fn in_each(bytes: usize, count: usize, again: &'static str, list: fn(String) -> String) -> String {
    records(count, |_| {
        format!("{{\"memberships\": {{{}}}}}", list(repeated(bytes / count - 40, always(again))))
    })
}

fn in_list(list: String) -> String {
    format!("\"t\": [{list}]")
}

fn assert_in_proportion(limits: &Limits, shape: &str, body: &str) {
    let (copied, borrowed) = peaks(Kind::Account, limits, body);
    let peak = copied.max(borrowed);
    let allowed = body.len() * BYTES_PER_BYTE_MAX
        + limits.records_per_page_max as usize * BYTES_PER_RECORD_MAX
        + limits.faults_listed_max as usize * BYTES_PER_FAULT_MAX;
    let per_byte = |bytes: usize| bytes as f64 / body.len() as f64;
    println!(
        "{shape:50} {:9} bytes: {:7.2} copied, {:7.2} borrowed",
        body.len(),
        per_byte(copied),
        per_byte(borrowed)
    );
    assert!(peak <= allowed, "{shape}: {peak} bytes for {} of JSON", body.len());
}

#[test]
fn a_page_takes_memory_in_proportion_to_its_bytes_whatever_is_in_it() {
    let references = |again: &str| account("\"\": [", always(again), "]");
    let in_each = |count, again: &'static str, list| in_each(BODY_BYTES, count, again, list);
    let shapes = [
        ("empty references", references("{}")),
        (
            "1.4 million empty references",
            records(1, |_| format!("{{\"memberships\": {{\"\": [{}]}}}}", repeated(4 << 20, always("{}")))),
        ),
        ("null references", references("null")),
        ("numbers as references", references("1")),
        ("lists as references", references("[]")),
        ("references with an empty id", references("{\"id\":\"\"}")),
        ("references with a wrong id", references("{\"id\":1,\"name\":2}")),
        ("good references", references("{\"id\":\"g\"}")),
        ("good references after one that is faulty", account("\"\": [1,", always("{\"id\":\"g\"}"), "]")),
        ("empty lists under one key", account("", always("\"\":[]"), "")),
        ("empty lists under many keys", account("", |number| format!("\"{number:x}\":[]"), "")),
        ("null lists", account("", always("\"\":null"), "")),
        ("numbers as lists", account("", always("\"\":1"), "")),
        ("maps as lists", account("", always("\"\":{}"), "")),
        ("lists of one empty reference", account("", always("\"\":[{}]"), "")),
        ("lists of one good reference", account("", always("\"\":[{\"id\":\"g\"}]"), "")),
        ("lists of two good references", account("", always("\"\":[{\"id\":\"g\"},{\"id\":\"h\"}]"), "")),
        ("lists of five good references", {
            let list = ["{\"id\":\"g\"}"; 5].join(",");
            account("", always(&format!("\"\":[{list}]")), "")
        }),
        ("numbers as attributes", attributes(always("\"\":1"))),
        ("numbers as attributes of many names", attributes(|number| format!("\"{number:x}\":1"))),
        ("absent attributes", attributes(always("\"\":\"\""))),
        ("maps as attributes", attributes(always("\"\":{}"))),
        ("empty lists as attributes", attributes(always("\"\":[]"))),
        ("lists of one empty text as attributes", attributes(always("\"\":[\"\"]"))),
        ("lists of wrong types as attributes", attributes(always("\"\":[\"\",1]"))),
        (
            "a list of empty texts as an attribute",
            attributes(|number| match number {
                0 => format!("\"a\":[{}]", repeated(BODY_BYTES - 100, always("\"\""))),
                _ => "\"b\":1".to_owned(),
            }),
        ),
        (
            "attributes again and again",
            records(1, |_| {
                format!("{{{}}}", repeated(BODY_BYTES, always("\"attributes\":{\"\":1,\"a\":[\"\"]}")))
            }),
        ),
        ("unknown fields", records(1, |_| format!("{{{}}}", repeated(BODY_BYTES, always("\"\":{}"))))),
        ("unknown maps in maps", {
            let depth = BODY_BYTES / 6;
            records(1, |_| {
                format!("{{\"a\":{}{}}}", "{\"\":".repeat(depth), "}".repeat(depth)).replace(":}", ":1}")
            })
        }),
        ("lists in a list as an id", {
            records(1, |_| format!("{{\"id\":{}{}}}", "[".repeat(BODY_BYTES / 2), "]".repeat(BODY_BYTES / 2)))
        }),
        (
            "a field again and again",
            records(1, |_| format!("{{{}}}", repeated(BODY_BYTES, always("\"id\":1")))),
        ),
        ("a map again and again", {
            records(1, |_| {
                format!("{{{}}}", repeated(BODY_BYTES, always("\"memberships\":{\"\":[{},1],\"a\":1}")))
            })
        }),
        (
            "a long text with escapes",
            records(1, |_| format!("{{\"id\":\"{}\"}}", "\\n".repeat(BODY_BYTES / 2))),
        ),
        ("a long text", records(1, |_| format!("{{\"id\":\"{}\"}}", "x".repeat(BODY_BYTES)))),
        (
            "a long text where none belongs",
            records(1, |_| format!("{{\"memberships\":\"{}\"}}", "\\n".repeat(BODY_BYTES / 2))),
        ),
        ("long keys", account("", always(&format!("\"{}\":[]", "\\n".repeat(1_000))), "")),
        ("many accounts with good references", in_each(100, "{\"id\":\"g\"}", in_list)),
        ("many accounts with empty references", in_each(100, "{}", in_list)),
        ("many accounts with numbers as references", in_each(100, "1", in_list)),
        ("many accounts with numbers as lists", in_each(100, "\"\":1", |lists| lists)),
        ("many accounts with empty lists", in_each(100, "\"\":[]", |lists| lists)),
    ];
    shapes.iter().for_each(|(shape, body)| assert_in_proportion(&Limits::default(), shape, body));
}

#[test]
fn a_page_takes_memory_in_proportion_at_raised_limits_too() {
    let mut raised = Limits::default();
    raised.records_per_page_max = 65_535;
    raised.references_per_account_max = 50_000;
    raised.faults_listed_max = 65_535;
    let references = |again: &str| account("\"\": [", always(again), "]");
    // Large enough for so many records.
    let in_each = |count, again: &'static str, list| in_each(1 << 20, count, again, list);
    let at_raised_limits = [
        ("16,000 accounts with references", in_each(16_000, "{\"id\":\"g\"}", in_list)),
        ("5,000 accounts with empty references", in_each(5_000, "{}", in_list)),
        ("5,000 accounts with numbers as references", in_each(5_000, "1", in_list)),
        ("5,000 accounts with numbers as lists", in_each(5_000, "\"\":1", |lists| lists)),
        ("150 accounts with numbers as lists", in_each(150, "\"\":1", |lists| lists)),
        ("one account of empty references", references("{}")),
        ("one account of numbers as lists", account("", always("\"\":1"), "")),
        ("65,535 empty accounts", records(65_535, always("{}"))),
        ("65,535 numbers as accounts", records(65_535, always("1"))),
        ("65,535 accounts of wrong types", {
            records(65_535, always("{\"id\":1,\"email\":1,\"username\":1,\"memberships\":1}"))
        }),
    ];
    at_raised_limits.iter().for_each(|(shape, body)| assert_in_proportion(&raised, shape, body));
}
