//! Bytes as the file of a journal, in the form that the quickstart shows and the embedding example uses.

#[path = "../../../examples/quickstart/examples/journal/file.rs"]
pub mod form;

use form::{Contents, HEADER_BYTES, JournalError, Keep};

/// Any bytes as a file.
///
/// # Panics
/// As [`check`].
pub(super) fn read(bytes: &[u8]) {
    let _ = check(bytes);
}

/// Entries of these bytes in a file that is damaged in some places, as the last bytes say.
///
/// # Panics
/// If an entry comes out that was not written, or one that was acknowledged is not missed.
pub(super) fn damage(bytes: &[u8]) {
    const DAMAGE_BYTES: usize = 5;
    const DAMAGES: usize = 3;
    let (entries, damages) = bytes.split_at(bytes.len().saturating_sub(DAMAGE_BYTES * DAMAGES));
    let length = entries.first().map_or(1, |byte| usize::from(*byte) + 1);
    let entries: Vec<Vec<u8>> = entries.chunks(length).map(<[u8]>::to_vec).collect();
    let whole = written(&entries);
    let mut damaged = whole.clone();
    for damage in damages.chunks_exact(DAMAGE_BYTES) {
        let place = usize::from(u16::from_le_bytes([damage[0], damage[1]]));
        alter(&mut damaged, place, [damage[2], damage[3], damage[4]]);
    }
    let Some(Contents { entries: found, end, sum }) = check(&damaged) else {
        assert_ne!(damaged, whole, "what was not damaged is read");
        return;
    };
    assert!(entries.starts_with(&found), "{found:?} of {entries:?}");
    if damaged.starts_with(&whole[..HEADER_BYTES]) {
        assert_eq!(found, entries, "what was acknowledged is there");
    }
    // What comes next is written over what was dropped.
    damaged.truncate(end);
    damaged.extend(form::frame(&sum, b"next"));
    let header = form::header(damaged.len() as u64);
    damaged[..HEADER_BYTES].copy_from_slice(&header);
    let longer = [found, vec![b"next".to_vec()]].concat();
    assert_eq!(check(&damaged).map(|contents| contents.entries), Some(longer));
}

/// Turns a bit, or takes bytes away, or puts some there that stand elsewhere.
fn alter(file: &mut Vec<u8>, place: usize, [how, length, from]: [u8; 3]) {
    let place = place % (file.len() + 1);
    let end = (place + usize::from(length)).min(file.len());
    match how % 6 {
        0 | 1 if place < file.len() => file[place] ^= 1 << (length % 8),
        2 => file.truncate(place),
        3 => _ = file.drain(place..end),
        4 => {
            let twice = file[place..end].to_vec();
            let to = usize::from(from) * file.len() / 256;
            file.splice(to..to, twice);
        }
        _ => file.extend(std::iter::repeat_n(from, usize::from(length))),
    }
}

/// The file of these entries, all of them acknowledged.
pub(crate) fn written(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut file = form::header(0).to_vec();
    let mut sum = form::Sum::default();
    for entry in entries {
        let frame = form::frame(&sum, entry);
        sum = *frame.last_chunk().expect("a frame ends with its checksum");
        file.extend(frame);
    }
    let header = form::header(file.len() as u64);
    file[..HEADER_BYTES].copy_from_slice(&header);
    file
}

/// What a file holds, if it is one that is good.
///
/// # Panics
/// If what is read, written anew, is not what was read; or what is told to be good cannot be kept.
fn check(bytes: &[u8]) -> Option<Contents> {
    let keep = |count| form::read(bytes, Keep::Entries(count));
    let contents = match form::read(bytes, Keep::All) {
        Ok(contents) => contents,
        Err(JournalError::Damaged { good, at } | JournalError::Lost { good, at, .. }) => {
            let kept = keep(good).expect("what is good is kept");
            assert_eq!((kept.entries.len(), kept.end), (good, at));
            return None;
        }
        Err(JournalError::NoJournal) => return None,
        Err(error) => panic!("{error}"),
    };
    let anew = written(&contents.entries);
    assert_eq!(anew[HEADER_BYTES..], bytes[HEADER_BYTES..contents.end], "written anew it is the same");
    for count in 0..=contents.entries.len() {
        let kept = keep(count).expect("fewer than there are");
        assert_eq!(kept.entries, contents.entries[..count]);
    }
    let good = contents.entries.len();
    assert!(matches!(keep(good + 1), Err(JournalError::Fewer { good: found }) if found == good));
    Some(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a bound on the search, half a million bytes would be hashed at every fourth of three million places.
    #[test]
    fn a_damaged_file_in_which_every_place_looks_like_a_length_is_told_soon() {
        let mut file = written(&[[0, 0, 8, 0].repeat(750_000)]);
        file[HEADER_BYTES + 100] ^= 1;
        assert!(matches!(
            form::read(&file, Keep::All),
            Err(JournalError::Damaged { good: 0, at: HEADER_BYTES })
        ));
    }
}
