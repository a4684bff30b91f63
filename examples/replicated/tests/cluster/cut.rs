//! The leader is cut off from the other nodes, while clients reach all of them.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::json;

use crate::calls::{api, local};
use crate::cluster::{Cluster, Options, free_port, until};
use crate::connectors::Connectors;
use crate::links::{Links, address_of};

#[test]
fn a_leader_that_is_cut_off_acknowledges_nothing_and_shows_nothing_old() {
    let _alone = crate::cluster::alone();
    let listen: BTreeMap<u64, String> =
        (1..=3).map(|id| (id, format!("127.0.0.1:{}", free_port()))).collect();
    let links = Links::start(&listen);
    let options = |id: u64| {
        Options::with(&["--heartbeat-ms", "200", "--leader-timeout", "2s", "--from", &address_of(id)])
    };
    let cluster = Cluster::start_at(&listen, &links.advertised, options);
    let connectors = Connectors::start(3, cluster.addresses());
    connectors.wait_for(60);
    let (mut refused_writes, mut refused_reads) = (0, 0);
    for round in 1..=2 {
        let old = cluster.leader();
        let old_address = listen[&old].clone();
        let others: Vec<String> =
            listen.iter().filter(|(id, _)| **id != old).map(|(_, address)| address.clone()).collect();
        links.cut_off(old);
        connectors.call_at(others.clone());
        let begun = Instant::now();
        until("another leader", || {
            others.iter().find_map(|address| {
                let leader = crate::calls::admin(address, "GET", "", None).ok()?.body["leader"].as_u64()?;
                (leader != old).then_some(())
            })
        });
        println!("round {round}: another leader {:?} after node {old} was cut off", begun.elapsed());
        connectors.wait_for(40);
        let app =
            api(&others[0], "POST", "apps/", Some(&json!({"name": "Behind its back"}))).expect("an app");
        assert_eq!(app.status, 201, "{:?}", app.body);
        let path = format!("apps/{}/", app.body["id"].as_str().expect("an id"));
        // What it has itself is old, and it says so to nobody who did not ask for that.
        assert_eq!(local(&old_address, &path).expect("a reply").status, 404);
        let read = api(&old_address, "GET", &path, None).expect("a reply");
        assert_eq!((read.status, &read.body["code"]), (503, &json!("unavailable")));
        refused_reads += 1;
        let write = api(&old_address, "POST", "apps/", Some(&json!({"name": "Never"}))).expect("a reply");
        assert_eq!((write.status, &write.body["code"]), (503, &json!("unavailable")));
        refused_writes += 1;
        links.heal();
        connectors.call_at(cluster.addresses());
        cluster.leader();
        connectors.wait_for(40);
        connectors.while_waiting(|| {
            cluster.agree(&format!("healed for the {round}. time"));
            let (accounts, sessions) = connectors.check(&old_address);
            println!("round {round}: {accounts} accounts, {sessions} sessions");
        });
        assert_eq!(api(&old_address, "GET", &path, None).expect("a reply").status, 200);
    }
    let counted = connectors.stop("cut off");
    println!("{refused_writes} writes and {refused_reads} reads refused by who was cut off; {counted:?}");
}
