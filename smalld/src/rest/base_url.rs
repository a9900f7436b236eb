//! The address of Discord's API: the only host that the bot's token is sent to.

use reqwest::Url;

use crate::error::Error;

/// Discord's own address. Version 10 is the newest; version 6, which SmallD for Python was written
/// for, is gone.
pub(crate) const DISCORD: &str = "https://discord.com/api/v10";
/// Before version 8, rate limits were in other units and intents did not exist.
const MIN_VERSION: u32 = 8;

/// A base URL that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    /// Without a trailing slash.
    text: String,
    url: Url,
    path: String,
    version: u32,
    encrypted: bool,
    loopback: bool,
}

impl Base {
    pub(crate) fn new(given: &str, allow_http: bool) -> Result<Self, Error> {
        let text = given.trim().trim_end_matches('/').to_owned();
        // Before an `@` there may be a password.
        let shown = match text.rsplit_once('@') {
            Some((_, host)) => format!("…@{host}"),
            None => text.clone(),
        };
        let wrong = |what: &str| Error::config(format!("`base_url` {shown:?} {what}"));
        let url = Url::parse(&text)
            .map_err(|_| wrong("is not a URL; Discord's own is `https://discord.com/api/v10`"))?;
        let loopback = match url.host_str() {
            None | Some("") => return Err(wrong("has no host")),
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
                    "is not encrypted and would reveal the token; use https, or set `allow_http = true` for a proxy inside your own network",
                ));
            }
            _ => return Err(wrong("is neither https nor http")),
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if url.query().is_some() || url.fragment().is_some() || has_user {
            return Err(wrong("must consist of a host and a path only"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        let version = version(&path).unwrap_or(10);
        if version < MIN_VERSION {
            return Err(wrong(
                "is of a version of the API that Discord has retired; use `/api/v10`",
            ));
        }
        Ok(Self {
            text,
            url,
            path,
            version,
            encrypted,
            loopback,
        })
    }

    /// The version of the API and of the gateway.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether it is this machine, for which no proxy is used.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the URL of a path, if the URL's path is exactly the given one: URL parsers remove
    /// `..` however it is encoded.
    pub(crate) fn join(&self, path: &str) -> Option<Url> {
        let (plain, query) = match path.split_once('?') {
            Some((plain, query)) => (plain, Some(query)),
            None => (path, None),
        };
        // Parsing the whole URL would parse the host again.
        let mut url = self.url.clone();
        url.set_path(&format!("{}{plain}", self.path));
        url.set_query(query);
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
    fn plain_http_is_for_this_machine_or_if_allowed() {
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
    fn a_path_is_sent_as_it_was_written_or_not() {
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
