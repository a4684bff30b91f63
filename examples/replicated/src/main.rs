//! Three nodes on the loopback, one of which is killed in the middle of a sync; a fourth comes by snapshot.
//!
//! `cargo run --release -p headcount-replicated`

use headcount_replicated::node::Error;

#[path = "../tests/story/mod.rs"]
mod story;

#[tokio::main]
async fn main() -> Result<(), Error> {
    story::tell().await
}
