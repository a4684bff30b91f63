//! The secret that the nodes share. It goes over the network as it is: between the nodes there must be a private
//! network, or a proxy that encrypts.

use std::fmt;
use std::fs;
use std::path::Path;

use axum::http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq;

/// Fewer characters could be guessed.
const CHARS_MIN: usize = 16;
const SCHEME: &str = "Cluster ";

/// The secret of a cluster. It is never shown.
#[derive(Clone)]
pub struct Secret(HeaderValue);

impl Secret {
    /// Of this text; white space around it, such as the end of a file's line, is not part of it.
    ///
    /// # Errors
    /// In words, where it is too short, or has a character that no header may have.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().count() < CHARS_MIN {
            return Err(format!(
                "the cluster's secret is too short, expected at least {CHARS_MIN} characters"
            ));
        }
        let header = HeaderValue::from_str(&format!("{SCHEME}{text}"));
        let mut header = header.map_err(|_| "the cluster's secret has a control character".to_owned())?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// What a file holds.
    ///
    /// # Errors
    /// In words, where it cannot be read, or is no secret.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::new(&text)
    }

    /// The value of the header `Authorization` of a node's calls.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Whether a request has it. Takes as long whatever is wrong with it.
    pub fn opens(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        bool::from(given.ct_eq(self.0.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_itself_and_is_never_shown() {
        let secret = Secret::new("0123456789abcdef\n").expect("a secret");
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).expect("a header"));
            headers
        };
        assert!(secret.opens(&with("Cluster 0123456789abcdef")));
        for other in
            ["", "Cluster ", "0123456789abcdef", "Cluster 0123456789abcdeg", "Api-Key 0123456789abcdef"]
        {
            assert!(!secret.opens(&with(other)), "{other}");
        }
        assert!(!secret.opens(&HeaderMap::new()));
        assert!(!format!("{secret:?} {:?}", secret.header()).contains("0123"));
        assert!(Secret::new("0123456789abcde").is_err() && Secret::new("0123456789\nabcdef").is_err());
    }
}
