//! Lists the golden journals and their limits, so that they are part of the program: wasm32 has no files.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const GOLDEN: &str = "../../tests/golden/journals";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join(GOLDEN);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut source = String::from("pub(crate) const GOLDEN: &[(&str, &[u8], Option<&str>)] = &[\n");
    for file in journals(&folder)? {
        let name = file.file_stem().and_then(|name| name.to_str()).ok_or("a journal's name is UTF-8")?;
        let limits = file.with_extension("limits.json");
        let limits = match limits.exists() {
            true => format!("Some(include_str!({:?}))", limits.canonicalize()?),
            false => "None".to_owned(),
        };
        source += &format!("    ({name:?}, include_bytes!({:?}), {limits}),\n", file.canonicalize()?);
    }
    source += "];\n";
    fs::write(Path::new(&env::var("OUT_DIR")?).join("golden.rs"), source)?;
    Ok(())
}

/// By name, whatever order the folder gives them in. No folder has none.
fn journals(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "postcard") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
