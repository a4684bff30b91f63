//! What is plugged in here, each behind a feature.

#[cfg(feature = "replicated")]
pub mod replicated;
#[cfg(feature = "server")]
pub mod server;

/// A folder of our own, in memory where the system has one for that: what a crash leaves is decided by the simulation,
/// so nothing has to reach a disk.
#[cfg(any(feature = "replicated", feature = "server"))]
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("room for a folder")
}
