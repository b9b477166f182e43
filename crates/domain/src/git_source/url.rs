//! Where a repository is: the three ways of writing it that Trainyard fetches from.

use std::fmt;

use crate::job_spec::is_tag_text;

/// `https://host/path`, `ssh://user@host/path`, `user@host:path`, or `http://` on this machine; as it was typed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepositoryUrl(String);

const MAX_CHARS: usize = 160;
const CURE: &str = "give the repository's address as `https://host/path`, `ssh://user@host/path` or `user@host:path`";

impl RepositoryUrl {
    /// The message says the rule and the cure; it never repeats what was typed, which may have a password in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let chars = text.chars().count();
        if text.is_empty() {
            return Err(CURE.to_owned());
        }
        if chars > MAX_CHARS {
            return Err(format!("the address has {chars} characters and may have {MAX_CHARS}: use a shorter one"));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let authority = match (scheme, authority.rsplit_once('@')) {
                ("https" | "http", Some(_)) => {
                    return Err(
                        "leave name and password out of the address, because it is shown to everybody: git asks \
                                the credential helper of the account that Trainyard runs as"
                            .to_owned(),
                    );
                }
                ("ssh", Some((user, host))) if is_user(user) => host,
                ("ssh", Some(_)) => {
                    return Err(
                        "an ssh address has a plain user name and no password: `ssh://git@host/path`".to_owned()
                    );
                }
                (_, None) => authority,
                (_, Some(_)) => "",
            };
            let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
            let is_port = port.is_none_or(|it| it.parse::<u16>().is_ok_and(|it| it > 0));
            match scheme {
                "https" | "ssh" => {}
                "http" if is_loopback(host) => {}
                "http" => {
                    return Err(
                        "http is not encrypted, so it is taken for this machine only (`http://localhost`): use \
                                https"
                            .to_owned(),
                    );
                }
                _ => return Err(CURE.to_owned()),
            }
            if !is_host(host) || !is_port {
                return Err(CURE.to_owned());
            }
            return path_of(path).map(|()| Self(text.to_owned()));
        }
        let scp = text.split_once('@').and_then(|(user, rest)| Some((user, rest.split_once(':')?)));
        match scp {
            Some((user, (host, path))) if is_user(user) && is_host(host) => {
                path_of(path).map(|()| Self(text.to_owned()))
            }
            _ => Err(CURE.to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// On this machine, without encryption.
    pub fn is_http(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// Without user and port.
    pub fn host_and_path(&self) -> (&str, &str) {
        let parts = match self.0.split_once("://") {
            Some((_, rest)) => rest.split_once('/'),
            None => self.0.split_once(':'),
        };
        let (authority, path) = parts.unwrap_or((&self.0, ""));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        (host.split_once(':').map_or(host, |(host, _)| host), path)
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_user(text: &str) -> bool {
    is_word(text, "._-")
}

fn is_host(text: &str) -> bool {
    is_word(text, ".-")
}

/// Never an option of ssh: it begins with a letter or a digit.
fn is_word(text: &str, others: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok_and(|it| it.is_loopback())
}

fn path_of(path: &str) -> Result<(), String> {
    if path.trim_matches('/').is_empty() || path.starts_with('-') {
        return Err(CURE.to_owned());
    }
    if path.contains(char::is_whitespace) || !is_tag_text(path) {
        return Err(
            "the address is kept in a tag, so it may have letters, digits and `_ . : / = + - @` only, and neither \
                    a query nor a fragment"
                .to_owned(),
        );
    }
    Ok(())
}
