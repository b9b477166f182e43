//! Temporary credentials that need no list: the token carries who and until when, sealed with a key of the endpoint's.
//!
//! Invariants: a token that was not made with the key in the data folder names nobody; the secret follows from the
//! access key and the endpoint's key alone, so credentials live through a restart and nothing grows with their number.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::Mac as _;
use rand::Rng as _;
use serde_json::{Value, json};

use crate::signature::hmac;
use crate::{clock, durable};

/// How AWS's tokens begin; some tools look at it.
const PREFIX: &str = "FQoGZXIvYXdzE";

/// Every token carries this many bytes, so that all have the length of AWS's (356 characters).
const SEALED_BYTES: usize = 257;
const TAG_BYTES: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) role: String,
    pub(crate) name: String,
    pub(crate) expires_at_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// Not a token of this endpoint.
    Unknown,
    Expired,
}

pub(crate) struct Sessions {
    key: Vec<u8>,
}

impl Sessions {
    /// Reads the key of the data folder, or makes one.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("key.json");
        let mut key: Vec<u8> = durable::read(&path)?;
        if key.len() != 32 {
            key = rand::rng().random::<[u8; 32]>().to_vec();
            fs::create_dir_all(folder)?;
            durable::write(&path, &key)?;
        }
        Ok(Self { key })
    }

    /// Credentials as the API shows them.
    pub(super) fn begin(&self, session: &Session) -> Value {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let random: [u8; 16] = rand::rng().random();
        let letters: String = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let access_key = format!("ASIA{letters}");
        json!({
            "AccessKeyId": access_key,
            "SecretAccessKey": self.secret(&access_key),
            "SessionToken": self.token(&access_key, session),
            "Expiration": clock::seconds(session.expires_at_ms),
        })
    }

    /// The secret that belongs to a temporary access key of this endpoint.
    pub(crate) fn secret(&self, access_key: &str) -> String {
        let mut secret = STANDARD.encode(self.seal(&[b"secret", access_key.as_bytes()]));
        secret.truncate(40);
        secret
    }

    fn token(&self, access_key: &str, session: &Session) -> String {
        let mut body = session.expires_at_ms.to_be_bytes().to_vec();
        for text in [access_key, &session.role, &session.name] {
            // Names were checked to have at most 64 bytes.
            body.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            body.extend(text.bytes());
        }
        let mut rng = rand::rng();
        body.resize_with(SEALED_BYTES - TAG_BYTES, || rng.random());
        let tag = self.seal(&[b"token", &body]);
        body.splice(0..0, tag);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(body))
    }

    pub(crate) fn of_token(&self, token: &str, now_ms: i64) -> Result<Session, TokenError> {
        self.open_token(token, now_ms).map(|(_, session)| session)
    }

    /// The access key and the session that a token was made for.
    pub(crate) fn open_token(&self, token: &str, now_ms: i64) -> Result<(String, Session), TokenError> {
        let (access_key, session) = self.unseal(token).ok_or(TokenError::Unknown)?;
        if now_ms < session.expires_at_ms { Ok((access_key, session)) } else { Err(TokenError::Expired) }
    }

    fn unseal(&self, token: &str) -> Option<(String, Session)> {
        let sealed = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
        let (tag, body) = sealed.split_at_checked(TAG_BYTES)?;
        hmac(&self.key, &[b"token", body]).verify_slice(tag).ok()?;
        let (expires, mut rest) = body.split_first_chunk::<8>()?;
        let mut next = || {
            let (length, after) = rest.split_first()?;
            let (text, after) = after.split_at_checked(usize::from(*length))?;
            rest = after;
            String::from_utf8(text.to_vec()).ok()
        };
        let access_key = next()?;
        let session = Session { role: next()?, name: next()?, expires_at_ms: i64::from_be_bytes(*expires) };
        Some((access_key, session))
    }

    fn seal(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        hmac(&self.key, parts).finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_their_session_until_it_ends_and_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let session = Session { role: "Role".into(), name: "me".into(), expires_at_ms: 1000 };
        let made = Sessions::open(folder.path()).unwrap();
        let credentials = made.begin(&session);
        let token = credentials["SessionToken"].as_str().unwrap();
        assert_eq!(token.len(), 356);
        let again = Sessions::open(folder.path()).unwrap();
        assert_eq!(again.of_token(token, 999), Ok(session));
        assert_eq!(again.of_token(token, 1000), Err(TokenError::Expired));
        assert_eq!(again.of_token(&token.replace('A', "B"), 0), Err(TokenError::Unknown));
        assert_eq!(
            again.secret(credentials["AccessKeyId"].as_str().unwrap()),
            credentials["SecretAccessKey"].as_str().unwrap()
        );
        let stranger = Sessions::open(&folder.path().join("other")).unwrap();
        assert_eq!(stranger.of_token(token, 0), Err(TokenError::Unknown));
    }
}
