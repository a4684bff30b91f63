//! A disk that takes long: a library that is loaded before all others makes each sync of one process wait.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::cluster::{Cluster, Options};
use crate::connectors::Connectors;

const SYNC_MS: &str = "80";

/// Compiles the library with the C compiler that SQLite is compiled with.
fn library(folder: &Path) -> PathBuf {
    let library = folder.join("slow.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/slow.c");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    assert!(compiled.expect("a C compiler").success());
    library
}

#[test]
fn a_slow_disk_costs_time_and_nothing_else() {
    let _alone = crate::cluster::alone();
    let folder = tempfile::tempdir().expect("a folder");
    let library = library(folder.path()).to_string_lossy().into_owned();
    let slowness = [("LD_PRELOAD".to_owned(), library), ("HEADCOUNT_SYNC_MS".to_owned(), SYNC_MS.to_owned())];
    let options = Options::with(&["--heartbeat-ms", "400", "--entries-per-snapshot", "40"]);
    let mut cluster = Cluster::start(3, &options);
    let connectors = Connectors::start(3, cluster.addresses());
    connectors.wait_for(60);
    let follower = cluster.leader() % 3 + 1;
    // First that of a follower, for which nobody waits, then all, so that everybody waits for the leader's too.
    for (what, slow) in [("a slow follower", vec![follower]), ("slow disks everywhere", vec![1, 2, 3])] {
        for id in slow {
            let node = cluster.node(id);
            node.kill();
            node.options.environment = slowness.to_vec();
            node.start();
            connectors.wait_for(3);
        }
        let leader = cluster.leader();
        let begun = Instant::now();
        connectors.wait_for(60);
        let took = begun.elapsed();
        connectors.while_waiting(|| {
            let (accounts, sessions) = connectors.check(&cluster.addresses()[0]);
            cluster.agree(what);
            println!(
                "{what}: 60 commands acknowledged in {took:?}; {accounts} accounts, {sessions} sessions"
            );
        });
        assert_eq!(cluster.leader(), leader, "{what}: no leader is voted out because disks are slow");
    }
    for id in 1..=3 {
        let node = cluster.node(id);
        node.kill();
        node.options.environment.clear();
        node.start();
        connectors.wait_for(3);
    }
    connectors.while_waiting(|| {
        connectors.check(&cluster.addresses()[2]);
        cluster.agree("good disks again");
    });
    connectors.stop("slow disks");
}
