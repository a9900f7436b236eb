//! Where Discord's API is: the one host that ever sees the bot's token.

use reqwest::Url;

use crate::error::Error;

/// Discord's own address. Version 10 is the newest; version 6, which SmallD for Python was written
/// for, is gone.
pub(crate) const DISCORD: &str = "https://discord.com/api/v10";
/// Before version 8 rate limits were told in other units, and intents did not exist.
const OLDEST: u32 = 8;

/// A base URL that was found fit to be used.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    /// Without a slash at its end.
    text: String,
    path: String,
    version: u32,
    encrypted: bool,
    loopback: bool,
}

impl Base {
    pub(crate) fn new(given: &str, allow_http: bool) -> Result<Self, Error> {
        let text = given.trim().trim_end_matches('/').to_owned();
        // What stands before an `@` may be a password.
        let shown = match text.rsplit_once('@') {
            Some((_, host)) => format!("…@{host}"),
            None => text.clone(),
        };
        let wrong = |what: &str| Error::config(format!("`base_url` {shown:?} {what}"));
        let url = Url::parse(&text)
            .map_err(|_| wrong("is no URL; Discord's own is `https://discord.com/api/v10`"))?;
        let loopback = match url.host_str() {
            None | Some("") => return Err(wrong("names no host")),
            Some("localhost" | "[::1]") => true,
            Some(host) => host
                .parse::<std::net::Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback()),
        };
        let encrypted = match url.scheme() {
            "https" => true,
            "http" if loopback || allow_http => false,
            "http" => {
                return Err(wrong(
                    "is not encrypted and would give the token away; use https, or say `allow_http = true` for a proxy inside your own network",
                ));
            }
            _ => return Err(wrong("is neither https nor http")),
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if url.query().is_some() || url.fragment().is_some() || has_user {
            return Err(wrong("holds more than a host and a path"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        let version = version(&path).unwrap_or(10);
        if version < OLDEST {
            return Err(wrong(
                "asks for a version of the API that Discord has retired; use `/api/v10`",
            ));
        }
        Ok(Self {
            text,
            path,
            version,
            encrypted,
            loopback,
        })
    }

    /// The version of the API, which is also that of the gateway.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether it is this machine. No proxy can lead there.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The URL of a path, if its path is the one that was written: parsers of URLs take out what
    /// they take for steps upwards, however it is written.
    pub(crate) fn join(&self, path: &str) -> Option<Url> {
        let url = Url::parse(&format!("{}{path}", self.text)).ok()?;
        let plain = path.split('?').next().unwrap_or_default();
        let unchanged = url.path().strip_prefix(&self.path) == Some(plain);
        unchanged.then_some(url)
    }
}

fn version(path: &str) -> Option<u32> {
    path.rsplit('/').next()?.strip_prefix('v')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_url() {
        assert_eq!(
            Base::new("https://discord.com/api/v10/", false)
                .unwrap()
                .version(),
            10
        );
        assert_eq!(
            Base::new("https://discord.com/api/v9", false)
                .unwrap()
                .version(),
            9
        );
        assert_eq!(
            Base::new("http://127.0.0.1:3000", false).unwrap().version(),
            10
        );
        let retired = Base::new("https://discord.com/api/v6", false).unwrap_err();
        assert!(retired.to_string().contains("retired"), "{retired}");
    }

    #[test]
    fn plain_http_is_for_this_machine_or_by_consent() {
        for local in [
            "http://127.0.0.1:1/api/v10",
            "http://localhost:1",
            "http://[::1]:1/api/v10",
        ] {
            assert!(Base::new(local, false).is_ok(), "{local}");
        }
        assert!(Base::new("http://proxy:3000/api/v10", false).is_err());
        assert!(Base::new("http://127.0.0.1.example.org/", false).is_err());
        assert!(Base::new("http://proxy:3000/api/v10", true).is_ok());
        for user in ["user:secret", ":secret", "secret"] {
            let url = format!("https://{user}@discord.com/api/v10");
            let refused = Base::new(&url, false).unwrap_err();
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
        assert!(Base::new("ftp://discord.com", true).is_err());
    }

    #[test]
    fn a_path_arrives_as_it_was_written_or_not_at_all() {
        for base in ["https://discord.com/api/v10", "http://127.0.0.1:3000"] {
            let base = Base::new(base, false).unwrap();
            let url = base.join("/users/@me?x=1").unwrap();
            assert!(
                url.as_str().ends_with("/users/@me?x=1") && !url.path().contains("//"),
                "{url}"
            );
            for hostile in ["/a/%2e%2e/b", "/a/%2E./b", "/a/.%2e", "/a b"] {
                assert!(base.join(hostile).is_none(), "{hostile}");
            }
        }
    }
}
