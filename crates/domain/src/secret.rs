//! Whether a text looks like a secret: a password, a token, a key. A guess, and meant to be one on the safe side: what
//! is taken for a secret is left out and named, so that a person can type it again.
//!
//! Two things make one:
//! - the name has a word that means one, as a whole: `HF_TOKEN`, `dbPassword`, `AWS_SECRET_ACCESS_KEY`, but neither
//!   `TOKENIZERS_PARALLELISM` nor `MAX_TOKENS`;
//! - the value has a form that only credentials have: `AKIA…`, `hf_…`, `ghp_…`, a private key, a JSON web token, a URL
//!   with a password, or 32 and more characters of a random mixture.

/// Words that name a secret by themselves.
const WORDS: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "auth",
    "authorization",
    "bearer",
];

/// Words that make a secret of the `key` behind them.
const OF_KEYS: [&str; 9] = ["api", "access", "secret", "private", "account", "auth", "encryption", "signing", "ssh"];

/// Beginnings that the issuers of credentials chose so that they can be recognised.
const BEGINNINGS: [&str; 20] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "hf_",
    "sk-",
    "sk_live_",
    "rk_live_",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "AIza",
    "ya29.",
    "pypi-",
    "npm_",
    "dckr_pat_",
    "SG.",
];

/// A value shorter than this is not taken for a random mixture.
const MIN_RANDOM_CHARS: usize = 32;

pub fn looks_secret(name: &str, value: &str) -> bool {
    !value.trim().is_empty() && (is_secret_name(name) || is_secret_value(value))
}

fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let is_key_of = |pair: &[String]| pair[1] == "key" && OF_KEYS.contains(&pair[0].as_str());
    words.iter().any(|it| WORDS.contains(&it.as_str())) || words.windows(2).any(is_key_of)
}

/// `dbPassword` and `DB_PASSWORD` are `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (was_lower && c.is_uppercase()) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.extend(c.to_lowercase()));
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|it| !it.is_empty());
    words
}

/// Whether the value has the form of a credential, whatever its name is.
pub fn is_secret_value(value: &str) -> bool {
    let value = value.trim();
    let is_long = value.len() >= 16;
    let has_beginning = is_long && BEGINNINGS.iter().any(|it| value.starts_with(it));
    has_beginning
        || is_aws_key_id(value)
        || value.contains("-----BEGIN") && value.contains("PRIVATE KEY")
        || is_web_token(value)
        || has_url_password(value)
        || is_random(value)
}

fn is_aws_key_id(value: &str) -> bool {
    let is_form = |it: &str| it.len() == 16 && it.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    ["AKIA", "ASIA"].iter().any(|it| value.strip_prefix(it).is_some_and(is_form))
}

/// `eyJ….eyJ….…`
fn is_web_token(value: &str) -> bool {
    value.starts_with("eyJ") && value.split('.').count() == 3 && value.len() > 40
}

/// `postgres://user:password@host`
fn has_url_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.and_then(|it| it.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

/// A mixture as generators make it: long, of letters and digits, and of no few different ones. Paths, ARNs, UUIDs and
/// sentences have more marks than it has.
fn is_random(value: &str) -> bool {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    if value.len() < MIN_RANDOM_CHARS || !value.chars().all(is_inside) {
        return false;
    }
    let count = |is: fn(&char) -> bool| value.chars().filter(is).count();
    let (digits, letters) = (count(char::is_ascii_digit), count(char::is_ascii_alphabetic));
    let marks = count(|it| matches!(it, '/' | '_' | '-'));
    let different = value.chars().collect::<std::collections::BTreeSet<_>>().len();
    // An AWS secret access key has 40 characters of Base64, and may have hardly a digit among them.
    let is_key = value.len() == 40 && count(char::is_ascii_uppercase) >= 3 && count(char::is_ascii_lowercase) >= 3;
    digits >= if is_key { 1 } else { 3 } && letters >= 3 && marks <= 2 && different >= 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_a_secret() {
        for name in [
            "PASSWORD",
            "db_password",
            "dbPassword",
            "HF_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "WANDB_API_KEY",
            "client-secret",
            "GOOGLE_CREDENTIALS",
            "apiKey",
        ] {
            assert!(looks_secret(name, "x"), "{name}");
        }
        for name in ["TOKENIZERS_PARALLELISM", "MAX_TOKENS", "SORT_KEY", "AUTHOR", "KEYBOARD", "OMP_NUM_THREADS", ""] {
            assert!(!looks_secret(name, "4"), "{name}");
        }
        assert!(!looks_secret("PASSWORD", " "), "nothing was set");
    }

    #[test]
    fn values_that_only_secrets_have() {
        let key_id = format!("AKIA{}", "IOSFODNN7EXAMPLE");
        for value in [
            key_id.as_str(),
            "hf_abcdefghijklmnopqr",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
            "postgres://me:pa55@db/x",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        ] {
            assert!(looks_secret("X", value), "{value}");
        }
        for value in [
            "4",
            "s3://bucket/a/very/long/path/of/forty/characters/1234",
            "https://example.com/a?b=c",
            "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
            "/opt/ml/input/data/training/part-00001-of-00010",
            "--xla_gpu_enable_triton_softmax_fusion=true",
            "expandable_segments:True",
        ] {
            assert!(!looks_secret("X", value), "{value}");
        }
    }
}
