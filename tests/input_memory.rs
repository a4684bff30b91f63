//! Bytes that are asked of the heap for each byte of input: commands and snapshots in each format, as they are and with
//! lengths that lie. (What a page takes is in `parse_memory.rs`.) Each thread is
//! counted by itself.

use headcount::{Account, Attribute, AttributeValue, Command, Config, Engine, Page, Snapshot};
use headcount_test_allocator::{Region, TestAllocator};
use headcount_testing::golden::forms;
use headcount_testing::small::{self, member};
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

/// What is asked for in there, given back or not: more than what is held at any time.
fn asked<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new();
    let done = run();
    (done, region.change().bytes_allocated)
}

/// A way to write and read.
#[derive(Clone, Copy, Debug)]
enum Format {
    Json,
    Postcard,
    Cbor,
    MessagePack,
}

/// A command of which nothing is borrowed.
struct Whole(Command<'static>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Command::deserialize(deserializer).map(|command| Self(command.into_owned()))
    }
}

use Format::{Cbor, Json, MessagePack, Postcard};

impl Format {
    const ALL: [Self; 4] = [Json, Postcard, Cbor, MessagePack];

    fn write(self, value: &impl Serialize) -> Vec<u8> {
        match self {
            Json => serde_json::to_vec(value).expect("text"),
            Postcard => postcard::to_allocvec(value).expect("bytes"),
            MessagePack => rmp_serde::to_vec_named(value).expect("bytes"),
            Cbor => {
                let mut bytes = Vec::new();
                ciborium::into_writer(value, &mut bytes).expect("bytes");
                bytes
            }
        }
    }

    fn read<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, String> {
        match self {
            Json => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
            Postcard => postcard::from_bytes(bytes).map_err(|error| error.to_string()),
            MessagePack => rmp_serde::from_slice(bytes).map_err(|error| error.to_string()),
            Cbor => ciborium::from_reader(bytes).map_err(|error| error.to_string()),
        }
    }

    /// In the place of what stands here, the largest lengths that the format can tell.
    fn lies(self, byte: u8) -> Vec<Vec<u8>> {
        match self {
            Json => Vec::new(),
            // A number of 32 bits, one of 64.
            Postcard => {
                vec![b"\xff\xff\xff\xff\x0f".to_vec(), b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec()]
            }
            Cbor => match byte >> 5 {
                // Bytes, a text, a list, a map: of the same kind.
                kind @ 2..=5 => {
                    let of = |length: u64| [&[kind << 5 | 27][..], &length.to_be_bytes()].concat();
                    vec![of(u64::from(u32::MAX)), of(u64::MAX >> 1), of(u64::MAX)]
                }
                _ => Vec::new(),
            },
            MessagePack => match byte {
                0x80..=0x8f => vec![b"\xdf\xff\xff\xff\xff".to_vec()],
                0x90..=0x9f | 0xdc => {
                    vec![b"\xdd\xff\xff\xff\xff".to_vec(), b"\xc9\xff\xff\xff\xff\x01".to_vec()]
                }
                0xa0..=0xbf | 0xd9 | 0xc4 => {
                    vec![b"\xdb\xff\xff\xff\xff".to_vec(), b"\xc6\xff\xff\xff\xff".to_vec()]
                }
                _ => Vec::new(),
            },
        }
    }
}

/// Of what is read of so many bytes of a command or a snapshot, all that is asked for.
const BYTES_PER_BYTE_MAX: usize = 64;

/// What serde reserves for a list before it has seen of it what was told, at most; and lists are nested so deep.
const BYTES_RESERVED_MAX: usize = 4 << 20;

#[test]
fn a_command_takes_memory_in_proportion_to_its_bytes() {
    for format in Format::ALL {
        for (name, command) in forms::every_command() {
            let bytes = format.write(&command);
            let (read, asked) = asked(|| format.read::<Whole>(&bytes).map(|read| read.0));
            assert_eq!(read.as_ref(), Ok(&command), "{name} in {format:?}");
            let max = bytes.len() * BYTES_PER_BYTE_MAX;
            assert!(asked <= max, "{name} in {format:?}: {asked} bytes for {}", bytes.len());
        }
    }
}

/// Of commands and of a snapshot, each length in turn says that there is more than a machine has.
#[test]
fn a_length_that_lies_takes_no_memory_that_the_bytes_do_not_have() {
    let mut lied = 0;
    let mut assert_bounded = |bytes: &[u8], what: &str, read: &dyn Fn(&[u8]) -> bool| {
        let (_, asked) = asked(|| read(bytes));
        let max = bytes.len() * BYTES_PER_BYTE_MAX + BYTES_RESERVED_MAX;
        assert!(asked <= max, "{what}: {asked} bytes for {}", bytes.len());
        lied += 1;
    };
    for format in [Postcard, Cbor, MessagePack] {
        for (name, command) in forms::every_command() {
            let bytes = format.write(&command);
            let read = |bytes: &[u8]| format.read::<Whole>(bytes).is_ok();
            for lie in liars(format, &bytes) {
                assert_bounded(&lie, &format!("{name} in {format:?}"), &read);
            }
        }
        let engine = small::engine_with_an_account();
        let bytes = format.write(&engine.snapshot());
        let read = |bytes: &[u8]| {
            let snapshot = format.read::<Snapshot>(bytes).ok();
            snapshot.is_some_and(|snapshot| Engine::restore(Config::new(), snapshot).is_ok())
        };
        for lie in liars(format, &bytes) {
            assert_bounded(&lie, &format!("a snapshot in {format:?}"), &read);
        }
    }
    assert!(lied > 5_000, "{lied} lies");
}

/// The bytes with a lie in each place where it can stand; what is behind it is left, or gone.
fn liars(format: Format, bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(move |at| {
        let lies = format.lies(bytes[at]).into_iter();
        lies.flat_map(move |lie| {
            let before = [&bytes[..at], &lie].concat();
            [[&before, &bytes[at + 1..]].concat(), before]
        })
    })
}

/// An engine with so many accounts of five references and some attributes.
fn engine(accounts: usize) -> Engine {
    let mut engine = small::engine(Config::new());
    let ids: Vec<String> = (0..accounts).map(|number| format!("user-{number:06}")).collect();
    let teams: Vec<String> = (0..accounts / 20 + 5).map(|number| format!("team-{number:06}")).collect();
    for (page, ids) in ids.chunks(100).enumerate() {
        let attributes =
            Some(vec![Attribute::new("a", 1), Attribute::new("b", AttributeValue::texts(["x", "y"]))]);
        let account = |id| Account {
            attributes: attributes.clone(),
            ..member(id, teams[page..page + 5].iter().map(|id| &**id))
        };
        let _ = small::push(&mut engine, &Page::accounts(ids.iter().map(|id| account(id)))).expect("a page");
    }
    engine
}

#[test]
fn a_snapshot_takes_memory_in_proportion_to_its_bytes_to_be_read_and_restored() {
    for accounts in [0, 100, 5_000] {
        let engine = engine(accounts);
        for format in Format::ALL {
            let bytes = format.write(&engine.snapshot());
            let (restored, asked) = asked(|| {
                let snapshot: Snapshot = format.read(&bytes).expect("a snapshot");
                Engine::restore(Config::new(), snapshot).expect("an engine")
            });
            assert_eq!(restored.digest(), engine.digest());
            let per_byte = asked as f64 / bytes.len() as f64;
            println!("{accounts} accounts in {format:?}: {per_byte:.2} bytes for each of {}", bytes.len());
            assert!(asked <= bytes.len() * 8 + 100_000, "{format:?}: {asked} bytes for {}", bytes.len());
        }
    }
}
