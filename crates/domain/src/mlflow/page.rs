//! Page tokens: base64 of `{"offset": N}`, MLflow's own form, so that a client may even carry one over.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{MlflowError, Result};

/// Where a list goes on: how many entries came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageToken(pub u64);

impl PageToken {
    /// An empty token is the beginning.
    pub fn parse(token: &str) -> Result<Self> {
        if token.is_empty() {
            return Ok(Self(0));
        }
        let bytes =
            STANDARD.decode(token).map_err(|_| MlflowError::invalid("Invalid page token, could not base64-decode"))?;
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|_| MlflowError::invalid(format!("Invalid page token, decoded value={shown}")))?;
        let offset = match value.get("offset") {
            Some(Value::String(text)) => text.parse().ok(),
            Some(number) => number.as_u64(),
            None => None,
        };
        // An offset that no database counts to is none.
        let offset = offset.filter(|it| (1..=i64::MAX as u64).contains(it));
        offset.map(Self).ok_or_else(|| MlflowError::invalid(format!("Invalid page token, parsed value={shown}")))
    }

    pub fn encode(self) -> String {
        STANDARD.encode(format!("{{\"offset\": {}}}", self.0))
    }

    /// The token of the page after one that began here and was asked for `size` entries, when there are more.
    pub fn next(self, size: u64, has_more: bool) -> Option<Self> {
        has_more.then_some(Self(self.0.saturating_add(size)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_mlflows() {
        assert_eq!(PageToken(25_000).encode(), "eyJvZmZzZXQiOiAyNTAwMH0=");
        assert_eq!(PageToken::parse("eyJvZmZzZXQiOiAyNTAwMH0="), Ok(PageToken(25_000)));
        assert_eq!(PageToken::parse(""), Ok(PageToken(0)));
        for wrong in ["abc", "x", "e30=", "W10=", "eyJvZmZzZXQiOiAtMX0=", "\u{fffd}"] {
            let refused = PageToken::parse(wrong).map_err(|it| it.message);
            assert!(refused.as_ref().is_err_and(|it| it.starts_with("Invalid page token")), "{wrong}: {refused:?}");
        }
    }
}
