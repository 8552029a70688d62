//! Where an engine listens: `DOCKER_HOST`, parsed once.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// A host and port, without TLS.
    Tcp(String),
}

/// Why a text is no [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a Docker host this understands: use unix:///path/to/docker.sock or tcp://host:port"
)]
pub struct InvalidEndpoint(pub String);

impl Endpoint {
    /// The port that Docker speaks plain HTTP on by convention.
    const PORT: u16 = 2375;

    /// Whether the engine is on this machine, so that what is read here about
    /// the kernel is about the engine's too.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp(address) => address.starts_with("127.") || address.starts_with("localhost:"),
        }
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::Unix(PathBuf::from("/var/run/docker.sock"))
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(text.to_owned());
        if let Some(path) = text.strip_prefix("unix://") {
            if path.is_empty() {
                return Err(invalid());
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let address = text
            .strip_prefix("tcp://")
            .or_else(|| text.strip_prefix("http://"))
            .ok_or_else(invalid)?
            .trim_end_matches('/');
        if address.is_empty() || address.contains('/') {
            return Err(invalid());
        }
        let has_port =
            address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Ok(Self::Tcp(if has_port {
            address.to_owned()
        } else {
            format!("{address}:{}", Self::PORT)
        }))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_host_is_read_as_docker_reads_it() {
        let parsed = |text: &str| text.parse::<Endpoint>().map(|is| is.to_string());
        assert_eq!(parsed("unix:///run/d.sock").unwrap(), "unix:///run/d.sock");
        assert_eq!(parsed("tcp://manager:2376").unwrap(), "tcp://manager:2376");
        assert_eq!(parsed("tcp://manager").unwrap(), "tcp://manager:2375");
        for bad in ["", "ssh://me@there", "unix://", "tcp://", "tcp://a/b", "/run/d.sock"] {
            assert!(parsed(bad).is_err(), "{bad:?}");
        }
    }
}
