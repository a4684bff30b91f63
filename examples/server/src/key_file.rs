//! Tenants and keys, from a command line, and from a file, so that no key stands on one.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::auth::Keys;
use crate::options::tenant_and_key;

/// A tenant and a key.
pub type Pair = (String, String);

/// What the command line says of tenants and keys.
#[derive(Clone, Debug, Args)]
pub struct KeyOptions {
    /// A tenant: its name with --api-key, or name=key; may be given again.
    #[arg(long = "tenant", required_unless_present = "keys")]
    tenants: Vec<String>,
    /// A file of further tenants and keys, a line TENANT=KEY or read-only TENANT=KEY each.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// The key of the tenants that are given without one.
    #[arg(long, env = "HEADCOUNT_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Another key of a tenant, for the calls that change nothing; may be given again.
    #[arg(long = "read-only-key", value_name = "TENANT=KEY", value_parser = tenant_and_key)]
    read_only_keys: Vec<Pair>,
}

impl KeyOptions {
    /// The tenants and who may call, with what the file says.
    ///
    /// # Errors
    /// In words, without a key: a tenant without one, and what [`KeyFile::read`] and [`Keys::new`] refuse.
    pub fn read(self) -> Result<Keys, String> {
        let Self { tenants, keys, api_key, mut read_only_keys } = self;
        let key = api_key.filter(|key| !key.is_empty());
        let tenants = tenants.into_iter().map(|tenant| match tenant.split_once('=') {
            Some((name, key)) => Ok((name.to_owned(), key.to_owned())),
            None => match &key {
                Some(key) => Ok((tenant, key.clone())),
                None => Err(format!("tenant {tenant} has no key")),
            },
        });
        let mut tenants = tenants.collect::<Result<Vec<_>, String>>()?;
        if let Some(path) = &keys {
            let mut file = KeyFile::read(path)?;
            tenants.append(&mut file.full);
            read_only_keys.append(&mut file.read_only);
        }
        Keys::new(tenants, read_only_keys)
    }
}

/// What a line of a read-only key begins with.
const READ_ONLY: &str = "read-only ";

/// What such a file says.
#[derive(Debug, Default, PartialEq)]
pub struct KeyFile {
    /// The tenants, each with its key.
    pub full: Vec<Pair>,
    /// Further keys, which only read.
    pub read_only: Vec<Pair>,
}

impl KeyFile {
    /// Reads a file. A line is `TENANT=KEY`, or `read-only TENANT=KEY`; empty lines and those that begin with `#` say
    /// nothing.
    ///
    /// # Errors
    /// In words, without a key: a file that cannot be read, and a line that is neither.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("keys {}: {error}", path.display()))?;
        warn_if_others_may_read(path);
        Self::parse(&text).map_err(|line| {
            format!("keys {}: line {line}: expected TENANT=KEY, or read-only TENANT=KEY", path.display())
        })
    }

    /// # Errors
    /// The number of the first line that says nothing that is known.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut file = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (keys, pair) = match line.strip_prefix(READ_ONLY) {
                Some(pair) => (&mut file.read_only, pair.trim_start()),
                None => (&mut file.full, line),
            };
            let (name, key) = pair.split_once('=').ok_or(at + 1)?;
            keys.push((name.to_owned(), key.to_owned()));
        }
        Ok(file)
    }
}

/// A key that others may read is not one for long.
fn warn_if_others_may_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_or(0, |of| of.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), mode = format!("{:o}", mode & 0o777), "others may read the keys");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_tenants_and_keys() {
        let pair = |name: &str, key: &str| (name.to_owned(), key.to_owned());
        let text = "# of the office\n\nacme=se=cret\r\n  read-only  acme=look\nother=x y\n";
        let expected = KeyFile {
            full: vec![pair("acme", "se=cret"), pair("other", "x y")],
            read_only: vec![pair("acme", "look")],
        };
        assert_eq!(KeyFile::parse(text), Ok(expected));
        assert_eq!(KeyFile::parse(""), Ok(KeyFile::default()));
        for text in ["a=b\n\nsecret", "a=b\n#\nread-only secret"] {
            assert_eq!(KeyFile::parse(text), Err(3), "{text}");
        }
        let told = KeyFile::read(Path::new("/no/such/file")).expect_err("no file");
        assert!(told.starts_with("keys /no/such/file: "), "{told}");
    }
}
