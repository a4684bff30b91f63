//! Writes the seeds of the fuzz targets: `cargo run --release -p headcount-testing --example seeds`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    println!("{} seeds written", headcount_testing::seeds::write(&folder)?);
    Ok(())
}
