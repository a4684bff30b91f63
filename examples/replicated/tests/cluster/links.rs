//! Networks between nodes that can be cut: a proxy in front of each node. It knows who calls by the address that the
//! call comes from, 127.0.0.ID, and what is cut hangs, as it does where packets are lost.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// The nodes between which nothing goes through, from the first to the second.
type Cut = BTreeSet<(u64, u64)>;

/// The proxies, until they are dropped.
pub struct Links {
    cut: watch::Sender<Cut>,
    pub advertised: BTreeMap<u64, String>,
    _runtime: Runtime,
}

/// The loopback address from which a node calls.
pub fn address_of(id: u64) -> String {
    format!("127.0.0.{id}")
}

impl Links {
    /// In front of nodes that listen at these addresses.
    pub fn start(nodes: &BTreeMap<u64, String>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (cut, watched) = watch::channel(Cut::new());
        let mut advertised = BTreeMap::new();
        for (&id, address) in nodes {
            let own = format!("127.0.0.1:{}", crate::cluster::free_port());
            let listener = runtime.block_on(TcpListener::bind(&own)).expect("a port");
            runtime.spawn(pass_on(listener, id, address.clone(), watched.clone()));
            advertised.insert(id, own);
        }
        Self { cut, advertised, _runtime: runtime }
    }

    /// Cuts a node off from all others, in both directions.
    pub fn cut_off(&self, id: u64) {
        let others = self.advertised.keys().filter(|other| **other != id);
        let cut = others.flat_map(|other| [(id, *other), (*other, id)]).collect();
        self.cut.send(cut).expect("proxies");
    }

    pub fn heal(&self) {
        self.cut.send(Cut::new()).expect("proxies");
    }
}

async fn pass_on(listener: TcpListener, to: u64, address: String, cut: watch::Receiver<Cut>) {
    loop {
        let Ok((from, peer)) = listener.accept().await else { continue };
        let id = match peer.ip() {
            IpAddr::V4(ip) => u64::from(ip.octets()[3]),
            IpAddr::V6(_) => 0,
        };
        tokio::spawn(connection(from, (id, to), address.clone(), cut.clone()));
    }
}

/// Passes bytes on until the way is cut; then nothing more comes, not even an end, until it is healed.
async fn connection(mut from: TcpStream, way: (u64, u64), address: String, mut cut: watch::Receiver<Cut>) {
    let mut cut_too = cut.clone();
    let passing = async {
        _ = cut_too.wait_for(|cut| !cut.contains(&way)).await;
        if let Ok(mut to) = TcpStream::connect(&address).await {
            _ = copy_bidirectional(&mut from, &mut to).await;
        }
    };
    tokio::select! {
        () = passing => return,
        _ = cut.wait_for(|cut| cut.contains(&way)) => {}
    }
    _ = cut.wait_for(|cut| !cut.contains(&way)).await;
}
