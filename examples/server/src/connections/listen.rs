//! Where the server listens.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, lookup_host};

/// Connections that the system holds until they are taken: all of a thousand connectors that come at once. (The system
/// may hold fewer: `net.core.somaxconn`.)
const BACKLOG: u32 = 4_096;

/// Listens at `HOST:PORT`, at the first of the host's addresses where that can be done.
///
/// # Errors
/// In words that name the address: what is none, a host that is not known, and what the system says of each address.
pub async fn bind(listen: &str) -> Result<TcpListener, String> {
    let addresses = lookup_host(listen).await;
    let addresses: Vec<SocketAddr> = addresses
        .map_err(|error| format!("listen: {listen:?} is no HOST:PORT that is known: {error}"))?
        .collect();
    let mut refused = Vec::new();
    for address in addresses {
        match bind_address(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused.push(format!("{address}: {error}")),
        }
    }
    Err(format!("cannot listen at {listen}: {}", refused.join("; ")))
}

fn bind_address(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that is started again need not wait for the connections of the last one.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_listened_at_and_an_error_names_the_address() {
        let first = bind("localhost:0").await.expect("a listener");
        let address = first.local_addr().expect("an address");
        let refused = bind(&address.to_string()).await.expect_err("it is taken");
        assert!(refused.starts_with(&format!("cannot listen at {address}: {address}: ")), "{refused}");
        for listen in ["8080", "127.0.0.1", "no.such.host.invalid:1", "127.0.0.1:65536"] {
            let refused = bind(listen).await.expect_err("no address");
            assert!(refused.starts_with(&format!("listen: {listen:?} is no HOST:PORT")), "{refused}");
        }
    }
}
