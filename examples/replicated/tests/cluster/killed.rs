//! SIGKILL to one node after the other, in the middle of syncs.
//!
//! The long form: `HEADCOUNT_KILLS=100 cargo test --release -p headcount-replicated --test cluster killed -- --nocapture`

use std::time::Duration;

use crate::cluster::{Cluster, Options};
use crate::connectors::Connectors;

const NODES: u64 = 3;
const CONNECTORS: usize = 4;
/// Kills in the short form: each node twice.
const KILLS: u64 = 6;

#[test]
fn nothing_acknowledged_is_lost_whichever_node_is_killed() {
    let _alone = crate::cluster::alone();
    let kills = std::env::var("HEADCOUNT_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    // So that there are snapshots, and logs that begin behind one, at many of the starts.
    let options = Options::with(&["--heartbeat-ms", "200", "--entries-per-snapshot", "30"]);
    let mut cluster = Cluster::start(NODES, &options);
    let connectors = Connectors::start(CONNECTORS, cluster.addresses());
    connectors.wait_for(50);
    let (mut leaders_killed, mut checks, mut accounts, mut sessions) = (0, 0, 0, 0);
    for kill in 0..kills {
        let id = kill % NODES + 1;
        leaders_killed += u64::from(cluster.leader() == id);
        // At another place of a sync each time.
        std::thread::sleep(Duration::from_millis(100 + kill * 37 % 300));
        cluster.node(id).kill();
        connectors.wait_for(10);
        cluster.node(id).start();
        connectors.wait_for(10);
        if id == NODES || kill + 1 == kills {
            (accounts, sessions) = connectors.while_waiting(|| {
                cluster.agree(&format!("after {} kills", kill + 1));
                connectors.check(&cluster.addresses()[(kill % NODES) as usize])
            });
            checks += 1;
        }
    }
    let counted = connectors.stop("kills");
    cluster.agree("at the end");
    let of = |name: &str| {
        cluster
            .nodes
            .values()
            .filter(|node| node.status().is_some_and(|status| status[name].as_u64() > Some(0)))
            .count()
    };
    let (snapshots, purged) = (of("snapshot"), of("purged"));
    println!(
        "{kills} kills, {leaders_killed} of them of the leader; {checks} checks, the last of {accounts} accounts and \
         {sessions} completed sessions; {} commands acknowledged, {} requests repeated, {} reads; {snapshots} nodes \
         have a snapshot, {purged} a log that begins behind one",
        counted.acknowledged, counted.repeated, counted.reads
    );
    assert!(accounts > 0 && sessions > 0 && leaders_killed > 0);
    assert_eq!((snapshots, purged), (NODES as usize, NODES as usize));
}

#[test]
fn all_nodes_can_be_ended_and_come_back() {
    let _alone = crate::cluster::alone();
    let mut cluster = Cluster::start(NODES, &Options::with(&["--heartbeat-ms", "200"]));
    let connectors = Connectors::start(2, cluster.addresses());
    connectors.wait_for(60);
    // The power goes, for all at once.
    cluster.nodes.values_mut().for_each(crate::cluster::Node::kill);
    cluster.nodes.values_mut().for_each(crate::cluster::Node::start);
    connectors.wait_for(60);
    let before = connectors.while_waiting(|| {
        connectors.check(&cluster.addresses()[0]);
        cluster.agree("after all nodes were killed at once")
    });
    connectors.stop("all killed");
    for node in cluster.nodes.values_mut() {
        assert!(node.terminate(), "node {} ended well", node.id);
    }
    cluster.nodes.values_mut().for_each(crate::cluster::Node::start);
    cluster.leader();
    let after = cluster.agree("after all nodes were ended and started");
    assert_eq!(before["tenants"]["acme"]["digest"].as_str().map(str::len), Some(32));
    assert!(after["applied"].as_u64() >= before["applied"].as_u64());
}
