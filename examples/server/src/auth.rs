//! Tenants and their keys.

use subtle::ConstantTimeEq;

/// What a key lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every call.
    Full,
    /// The calls that change nothing.
    ReadOnly,
}

struct Key {
    /// The place of the tenant that it opens.
    tenant: usize,
    secret: String,
    access: Access,
}

/// The tenants, each with its keys.
pub struct Keys {
    tenants: Vec<String>,
    keys: Vec<Key>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.tenants).finish()
    }
}

impl Keys {
    /// Of these tenants, each with its key, and of tenants among them that have read-only keys too.
    ///
    /// # Errors
    /// In words: a name that is no name, is there twice or not at all, an empty key, and one that is to be both.
    pub fn new(full: Vec<(String, String)>, read_only: Vec<(String, String)>) -> Result<Self, String> {
        let mut keys = Self { tenants: Vec::new(), keys: Vec::new() };
        for (name, secret) in full {
            let is_slug = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_');
            if name.is_empty() || !is_slug || keys.tenants.contains(&name) {
                return Err(format!("tenant {name:?} is not well named, or is there twice"));
            }
            keys.tenants.push(name);
            keys.add(keys.tenants.len() - 1, secret, Access::Full)?;
        }
        for (name, secret) in read_only {
            let tenant = keys.tenants.iter().position(|other| *other == name);
            let tenant = tenant.ok_or_else(|| format!("no tenant {name:?} for a read-only key"))?;
            keys.add(tenant, secret, Access::ReadOnly)?;
        }
        Ok(keys)
    }

    fn add(&mut self, tenant: usize, secret: String, access: Access) -> Result<(), String> {
        let name = &self.tenants[tenant];
        if secret.is_empty() {
            return Err(format!("tenant {name:?} has an empty key"));
        }
        // So that a key says by itself what it is good for, whatever it is used on.
        if self.keys.iter().any(|key| key.secret == secret && key.access != access) {
            return Err(format!("a key of tenant {name:?} is read-only and is not"));
        }
        self.keys.push(Key { tenant, secret, access });
        Ok(())
    }

    /// The tenants' names, by their places.
    pub fn tenants(&self) -> &[String] {
        &self.tenants
    }

    /// What a header's key is good for; nothing if it opens no tenant at all.
    pub fn access(&self, header: Option<&str>) -> Option<Access> {
        // All are compared, and each in constant time, so that time tells nothing of any key.
        self.keys.iter().fold(None, |access, key| if key.opens(header) { Some(key.access) } else { access })
    }

    /// The places of all tenants that the header opens.
    pub fn opened(&self, header: Option<&str>) -> Vec<usize> {
        let opens = |tenant: usize| self.keys.iter().any(|key| key.tenant == tenant && key.opens(header));
        (0..self.tenants.len()).filter(|tenant| opens(*tenant)).collect()
    }

    /// The place of the tenant with this name, if the header opens it.
    pub fn tenant(&self, name: &str, header: Option<&str>) -> Option<usize> {
        let tenant = self.tenants.iter().position(|other| other == name)?;
        self.keys.iter().any(|key| key.tenant == tenant && key.opens(header)).then_some(tenant)
    }
}

impl Key {
    fn opens(&self, header: Option<&str>) -> bool {
        let given = header.and_then(credentials).unwrap_or_default();
        bool::from(given.as_bytes().ct_eq(self.secret.as_bytes()))
    }
}

/// The scheme of keys, as the header `WWW-Authenticate` names it.
pub const SCHEME: &str = "Api-Key";

/// What stands behind the scheme, which is one word whatever its case.
fn credentials(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| key.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, key)| ((*name).to_owned(), (*key).to_owned())).collect()
    }

    #[test]
    fn a_key_opens_its_tenant_and_no_other() {
        let keys = Keys::new(pairs(&[("a", "one"), ("b", "two")]), pairs(&[("b", "see")])).expect("keys");
        assert_eq!(keys.tenant("a", Some("Api-Key one")), Some(0));
        assert_eq!(keys.tenant("b", Some("Api-Key one")), None);
        assert_eq!(keys.tenant("b", Some("Bearer two")), None);
        assert_eq!(keys.tenant("b", Some("Api-Key see")), Some(1));
        assert_eq!(keys.tenant("a", Some("Api-Key see")), None);
        assert_eq!(keys.access(Some("Api-Key two")), Some(Access::Full));
        assert_eq!(keys.access(Some("api-KEY  two")), Some(Access::Full));
        assert_eq!((keys.access(Some("Api-Keytwo")), keys.access(Some("two"))), (None, None));
        assert_eq!(keys.access(Some("Api-Key see")), Some(Access::ReadOnly));
        assert_eq!((keys.access(Some("Api-Key ")), keys.access(None)), (None, None));
        assert!(!format!("{keys:?}").contains("one"));
    }

    #[test]
    fn keys_that_are_not_clear_are_refused() {
        for (full, read_only, expected) in [
            (&[("a b", "one")][..], &[][..], "tenant \"a b\" is not well named, or is there twice"),
            (&[("a", "one"), ("a", "two")], &[], "tenant \"a\" is not well named, or is there twice"),
            (&[("a", "")], &[], "tenant \"a\" has an empty key"),
            (&[("a", "one")], &[("a", "")], "tenant \"a\" has an empty key"),
            (&[("a", "one")], &[("b", "two")], "no tenant \"b\" for a read-only key"),
            (&[("a", "one")], &[("a", "one")], "a key of tenant \"a\" is read-only and is not"),
        ] {
            let refused = Keys::new(pairs(full), pairs(read_only)).expect_err("a refusal");
            assert_eq!(refused, expected);
        }
    }
}
