//! `berth healthy`: the health check of a container with nothing in it that
//! could ask otherwise.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

/// Less than a health check waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// Settings of `berth healthy`.
#[derive(Debug, Args)]
pub(crate) struct HealthyArgs {
    /// Where `berth serve` listens.
    #[arg(long, env = "BERTH_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
}

/// Fails unless `/healthz` answers 200.
pub(crate) fn run(args: &HealthyArgs) -> anyhow::Result<ExitCode> {
    let address = reached(args.listen);
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)
        .with_context(|| format!("nothing answers at {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // In one piece: whoever answers what it has read so far may hang up.
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut start = [0_u8; 12];
    stream.read_exact(&mut start).with_context(|| format!("no answer from {address}"))?;
    if &start != b"HTTP/1.1 200" {
        bail!("{address} says {}", String::from_utf8_lossy(&start));
    }
    Ok(ExitCode::SUCCESS)
}

/// Who listens on every address is asked on the machine's own.
fn reached(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with `status`, and tells how it goes.
    fn asked(status: &'static str) -> anyhow::Result<ExitCode> {
        let listener = TcpListener::bind(("0.0.0.0", 0)).unwrap();
        let listen = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0_u8; 512];
            let length = stream.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /healthz HTTP/1.1\r\n"));
            // In one piece, too: whoever asks hangs up once the status is read.
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let outcome = run(&HealthyArgs { listen });
        server.join().unwrap();
        outcome
    }

    #[test]
    fn a_berth_that_answers_is_healthy_and_one_that_says_no_is_not() {
        assert_eq!(asked("200 OK").unwrap(), ExitCode::SUCCESS);
        let err = asked("503 Service Unavailable").unwrap_err().to_string();
        assert!(err.contains("503"), "{err}");
    }

    #[test]
    fn where_nothing_listens_nothing_is_healthy() {
        let listen = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        assert!(run(&HealthyArgs { listen }).is_err());
    }
}
