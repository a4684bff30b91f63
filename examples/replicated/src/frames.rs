//! How a snapshot is written to a file: parts, each behind its length, and behind all of them a checksum. So a part is
//! in memory at a time and not the whole, and a file that broke off, or of which a bit flipped on a disk or on its way
//! from another node, is known.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};

use twox_hash::xxhash3_128::Hasher;

/// What a file begins with; another layout gets another number.
const MAGIC: &[u8; 16] = b"headcount node 1";
const CHECKSUM_BYTES: u64 = 16;

/// Writes a file of parts.
pub struct Writer {
    file: BufWriter<File>,
    hasher: Hasher,
}

impl Writer {
    /// To an empty file.
    ///
    /// # Errors
    /// Of the file.
    pub fn new(file: File) -> io::Result<Self> {
        let mut writer = Self { file: BufWriter::new(file), hasher: Hasher::new() };
        writer.write(MAGIC)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.write(bytes);
        self.file.write_all(bytes)
    }

    /// Adds a part.
    ///
    /// # Errors
    /// Of the file.
    pub fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(&(bytes.len() as u64).to_le_bytes())?;
        self.write(bytes)
    }

    /// Adds the checksum, and waits until all is on disk.
    ///
    /// # Errors
    /// Of the file.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.write_all(&self.hasher.finish_128().to_le_bytes())?;
        self.file.into_inner()?.sync_all()
    }
}

/// Reads a file of parts.
pub struct Reader {
    file: BufReader<File>,
    hasher: Hasher,
    /// Bytes before the checksum that are not read yet.
    left: u64,
}

impl Reader {
    /// From the beginning of a file.
    ///
    /// # Errors
    /// Of the file; where it is none of parts.
    pub fn new(file: File) -> io::Result<Self> {
        let left =
            file.metadata()?.len().checked_sub(CHECKSUM_BYTES).ok_or_else(|| wrong("it is too short"))?;
        let mut reader = Self { file: BufReader::new(file), hasher: Hasher::new(), left };
        if reader.take(MAGIC.len() as u64)? != MAGIC {
            return Err(wrong("it does not begin as a snapshot of this version does"));
        }
        Ok(reader)
    }

    fn take(&mut self, bytes: u64) -> io::Result<Vec<u8>> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| wrong("a part is longer than the file"))?;
        let mut taken = Vec::new();
        if self.file.by_ref().take(bytes).read_to_end(&mut taken)? as u64 != bytes {
            return Err(wrong("it broke off"));
        }
        self.hasher.write(&taken);
        Ok(taken)
    }

    /// The next part.
    ///
    /// # Errors
    /// Of the file; where there is none.
    pub fn part(&mut self) -> io::Result<Vec<u8>> {
        let length = self.take(8)?.try_into().map_err(|_| wrong("it broke off"))?;
        self.take(u64::from_le_bytes(length))
    }

    /// Looks whether all was read, and was as it was written.
    ///
    /// # Errors
    /// Where it was not.
    pub fn finish(mut self) -> io::Result<()> {
        let mut checksum = [0; CHECKSUM_BYTES as usize];
        self.file.read_exact(&mut checksum)?;
        if self.left > 0 || checksum != self.hasher.finish_128().to_le_bytes() {
            return Err(wrong("its checksum is another one"));
        }
        Ok(())
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the snapshot is damaged: {what}"))
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &std::path::Path) -> io::Result<Vec<Vec<u8>>> {
        let mut reader = Reader::new(File::open(path)?)?;
        let parts = (0..3).map(|_| reader.part()).collect::<io::Result<_>>()?;
        reader.finish()?;
        Ok(parts)
    }

    #[test]
    fn a_file_is_read_as_it_was_written_and_every_flipped_bit_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("parts");
        let parts = [b"one".to_vec(), Vec::new(), vec![7; 300]];
        let mut writer = Writer::new(File::create(&path).expect("a file")).expect("a writer");
        parts.iter().for_each(|part| writer.part(part).expect("a part"));
        writer.finish().expect("an end");
        assert_eq!(read(&path).expect("parts"), parts);

        let bytes = std::fs::read(&path).expect("bytes");
        let other = folder.path().join("other");
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            std::fs::write(&other, &flipped).expect("a file");
            assert!(read(&other).is_err(), "a flipped bit in byte {at}");
            std::fs::write(&other, &bytes[..at]).expect("a file");
            assert!(read(&other).is_err(), "the first {at} bytes");
        }
    }
}
