//! Tenants and their keys.

use subtle::ConstantTimeEq;

/// The key of each tenant.
#[derive(Clone)]
pub struct Keys {
    keys: Vec<(String, String)>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(name, _)| name)).finish()
    }
}

impl Keys {
    /// Of these tenants, each with its key.
    pub const fn new(keys: Vec<(String, String)>) -> Self {
        Self { keys }
    }

    /// Whether a header opens any tenant at all.
    pub fn is_known(&self, header: Option<&str>) -> bool {
        // All are compared, and each in constant time, so that time tells nothing of any key.
        self.keys.iter().fold(false, |known, (_, key)| known | opens(key, header))
    }

    /// The place of the tenant with this name, if the header opens it.
    pub fn tenant(&self, name: &str, header: Option<&str>) -> Option<usize> {
        self.keys.iter().position(|(other, key)| other == name && opens(key, header))
    }
}

fn opens(key: &str, header: Option<&str>) -> bool {
    let given = header.and_then(|header| header.strip_prefix("Api-Key ")).unwrap_or_default();
    bool::from(given.as_bytes().ct_eq(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_its_tenant_and_no_other() {
        let keys = Keys::new(vec![("a".into(), "one".into()), ("b".into(), "two".into())]);
        assert_eq!(keys.tenant("a", Some("Api-Key one")), Some(0));
        assert_eq!(keys.tenant("b", Some("Api-Key one")), None);
        assert_eq!(keys.tenant("b", Some("Bearer two")), None);
        assert!(
            keys.is_known(Some("Api-Key two")) && !keys.is_known(Some("Api-Key ")) && !keys.is_known(None)
        );
        assert!(!format!("{keys:?}").contains("one"));
    }
}
