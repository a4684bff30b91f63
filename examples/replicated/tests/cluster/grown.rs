//! Nodes come and go while the cluster runs; one that lost its data does not come back as itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::calls::{SECRET, admin, api, call};
use crate::cluster::{Cluster, Options, until};
use crate::connectors::Connectors;

fn nodes(status: &Value) -> Vec<(u64, bool)> {
    let nodes = status["nodes"].as_array().expect("nodes").iter();
    nodes.filter_map(|node| Some((node["id"].as_u64()?, node["votes"].as_bool()?))).collect()
}

#[test]
fn a_new_node_comes_by_snapshot_and_an_old_one_goes() {
    let _alone = crate::cluster::alone();
    let options = Options::with(&["--heartbeat-ms", "200", "--entries-per-snapshot", "40"]);
    let mut cluster = Cluster::start(3, &options);
    let connectors = Connectors::start(3, cluster.addresses());
    until("logs that begin behind a snapshot", || {
        let mut statuses = cluster.nodes.values().map(|node| node.status());
        statuses.all(|status| status.is_some_and(|status| status["purged"].as_u64() > Some(40))).then_some(())
    });
    let follower = cluster.leader() % 3 + 1;
    let address = cluster.start_new(4, &options);
    let waiting = cluster.nodes[&4].status().expect("a status");
    assert_eq!((&waiting["leader"], nodes(&waiting)), (&Value::Null, Vec::new()));
    // Any node passes it on to the leader.
    let body = json!({"id": 4, "address": address});
    let added = admin(&cluster.nodes[&follower].address, "POST", "nodes/", Some(&body)).expect("a reply");
    assert_eq!((added.status, nodes(&added.body)), (200, vec![(1, true), (2, true), (3, true), (4, true)]));
    let came = std::fs::read_to_string(cluster.nodes[&4].log()).expect("a log");
    assert!(came.contains("came by snapshot"), "{came}");
    connectors.wait_for(20);
    connectors.while_waiting(|| cluster.agree("a fourth node"));

    let old = cluster.leader();
    let keeps = old % 3 + 1;
    let removed = admin(&cluster.nodes[&keeps].address, "DELETE", &format!("nodes/{old}/"), None);
    assert_eq!(removed.expect("a reply").status, 200);
    cluster.node(old).kill();
    let rest: Vec<String> =
        cluster.nodes.values().filter(|node| node.id != old).map(|node| node.address.clone()).collect();
    connectors.call_at(rest.clone());
    assert_ne!(cluster.leader(), old);
    connectors.wait_for(40);
    // Three are left, so that one may be away.
    let away = cluster.leader();
    cluster.node(away).kill();
    connectors.wait_for(40);
    cluster.node(away).start();
    connectors.while_waiting(|| {
        cluster.agree("the first leader gone, and another killed");
        connectors.check(&rest[2]);
    });
    connectors.stop("nodes come and go");
    let status = until("a status", || cluster.nodes[&4].status());
    assert_eq!(nodes(&status).iter().filter(|(_, votes)| *votes).count(), 3);
    assert!(nodes(&status).iter().all(|(id, _)| *id != old), "{status}");
    let gone = admin(&rest[0], "DELETE", &format!("nodes/{old}/"), None).expect("a reply");
    assert_eq!(gone.status, 404, "{:?}", gone.body);
}

#[test]
fn a_node_that_lost_its_data_takes_another_number() {
    let _alone = crate::cluster::alone();
    let options = Options::with(&["--heartbeat-ms", "200"]);
    let mut cluster = Cluster::start(3, &options);
    let connectors = Connectors::start(2, cluster.addresses());
    connectors.wait_for(30);
    let node = cluster.node(1);
    node.kill();
    node.lose_data();
    node.start();
    assert!(!node.wait(), "it ends by itself");
    let log = std::fs::read_to_string(node.log()).expect("a log");
    assert!(log.contains("the cluster has begun, and knows node 1 with another data folder"), "{log}");
    // Not even where it does not look for the others.
    let address = cluster.start_new(1, &options);
    connectors.wait_for(30);
    let body = json!({"id": 1, "address": address});
    let refused = admin(&cluster.nodes[&2].address, "POST", "nodes/", Some(&body)).expect("a reply");
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("conflict")), "{:?}", refused.body);
    cluster.node(1).kill();
    let removed = admin(&cluster.nodes[&2].address, "DELETE", "nodes/1/", None).expect("a reply");
    assert_eq!(removed.status, 200, "{:?}", removed.body);
    let address = cluster.start_new(5, &options);
    let body = json!({"id": 5, "address": address});
    let added = admin(&cluster.nodes[&3].address, "POST", "nodes/", Some(&body)).expect("a reply");
    assert_eq!(nodes(&added.body), [(2, true), (3, true), (5, true)]);
    connectors.call_at(vec![address]);
    connectors.wait_for(30);
    connectors.while_waiting(|| {
        cluster.agree("a node in the place of one that lost its data");
        connectors.check(&cluster.nodes[&5].address);
    });
    connectors.stop("lost data");
}

#[test]
fn who_does_not_know_the_secret_is_told_nothing() {
    let _alone = crate::cluster::alone();
    let cluster = Cluster::start(1, &Options::with(&["--heartbeat-ms", "100"]));
    let address = &cluster.nodes[&1].address;
    let paths =
        ["/cluster/", "/cluster/digests/", "/cluster/nodes/", "/raft/append", "/raft/hello", "/raft/vote"];
    for path in paths {
        for headers in [&[][..], &[("Authorization", "Cluster the-secret-of-a-clustes")]] {
            for method in ["GET", "POST"] {
                let reply = call(address, method, path, headers, None).expect("a reply");
                assert!(matches!(reply.status, 401 | 405), "{method} {path}: {reply:?}");
                assert!(!reply.body.to_string().contains("address"), "{method} {path}: {reply:?}");
            }
        }
    }
    let log = std::fs::read_to_string(cluster.nodes[&1].log()).expect("a log");
    assert!(!log.contains(SECRET) && !log.contains(crate::calls::KEY), "{log}");
}

#[test]
fn terms_are_those_of_the_cluster() {
    let _alone = crate::cluster::alone();
    let options =
        Options::with(&["--heartbeat-ms", "200", "--limit", "text_chars_max=20", "--changes-kept", "5"]);
    let mut cluster = Cluster::start(3, &options);
    let new = |name: &str| json!({"name": name});
    let post = |cluster: &Cluster, id: u64, name: &str| {
        api(&cluster.nodes[&id].address, "POST", "apps/", Some(&new(name))).expect("a reply").status
    };
    assert_eq!((post(&cluster, 1, "Acme"), post(&cluster, 2, "A name of 21 letters.")), (201, 400));
    let terms =
        json!({"limits": {"text_chars_max": 30}, "default_guard": "max_percent=10", "changes_kept": 100});
    let set = admin(&cluster.nodes[&3].address, "PUT", "terms/", Some(&terms)).expect("a reply");
    assert_eq!((set.status, &set.body["terms"]["changes_kept"]), (200, &json!(100)), "{:?}", set.body);
    assert_eq!(post(&cluster, 2, "A name of 21 letters."), 201);
    let wrong = json!({"limits": {"text_chars": 30}, "changes_kept": 100});
    assert_eq!(
        admin(&cluster.nodes[&1].address, "PUT", "terms/", Some(&wrong)).expect("a reply").status,
        400
    );
    // A restarted node has those of the log, and not those that it is started with.
    cluster.node(2).kill();
    cluster.node(2).start();
    std::thread::sleep(Duration::from_millis(200));
    cluster.leader();
    assert_eq!(post(&cluster, 2, "Another of 21 letters"), 201);
    cluster.agree("terms");
    let apps = api(&cluster.nodes[&2].address, "GET", "apps/", None).expect("apps").body;
    assert_eq!(apps["results"][1]["guard"]["max_percent"], 10);
    assert_eq!(apps["results"][0]["guard"], Value::Null);
}

#[test]
fn a_cluster_begins_anew_from_one_folder() {
    let _alone = crate::cluster::alone();
    let options = Options::with(&["--heartbeat-ms", "200", "--entries-per-snapshot", "30"]);
    let mut cluster = Cluster::start(3, &options);
    let connectors = Connectors::start(2, cluster.addresses());
    connectors.wait_for(80);
    let first = cluster.leader();
    let left = first % 3 + 1;
    let before = connectors.while_waiting(|| {
        let before = cluster.agree("three nodes");
        // Two machines burn, after all three had everything.
        cluster.nodes.values_mut().for_each(crate::cluster::Node::kill);
        before
    });
    cluster.nodes.retain(|id, _| *id == left);
    let said = cluster.node(left).begin_anew();
    assert!(said.contains("is a cluster of its own"), "{said}");
    cluster.node(left).forget_peers();
    cluster.node(left).start();
    let address = cluster.nodes[&left].address.clone();
    cluster.leader();
    connectors.call_at(vec![address.clone()]);
    // The number of a node that is lost is free again.
    let new = cluster.start_again(first, &options);
    let body = json!({"id": first, "address": new});
    let added = admin(&address, "POST", "nodes/", Some(&body)).expect("a reply");
    assert_eq!(added.status, 200, "{:?}", added.body);
    connectors.wait_for(40);
    connectors.while_waiting(|| {
        let after = cluster.agree("begun anew");
        assert!(after["applied"].as_u64() > before["applied"].as_u64());
        connectors.check(&new);
    });
    connectors.stop("begun anew");
}
