//! What the demonstration and the test both tell: phase by phase, with all digests compared after each.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::time::Duration;

use headcount::{
    Account, AppId, Group, Kind, Page, RecordFilter, Reference, ReferenceList, Reply, SessionId,
    SessionStatus,
};
use headcount_replicated::NodeId;
use headcount_replicated::ask::Ask;
use headcount_replicated::node::{Client, Error, Node};
use openraft::BasicNode;

const ACCOUNTS: u32 = 1_000;

/// # Errors
/// Where anything comes to another end than it should.
pub(crate) async fn tell() -> Result<(), Error> {
    let mut nodes = Vec::new();
    for id in 1..=3 {
        nodes.push(Node::start(id).await?);
    }
    let members: BTreeMap<NodeId, BasicNode> =
        nodes.iter().map(|node| (node.id, BasicNode::new(node.address.clone()))).collect();
    nodes[0].raft.initialize(members).await?;
    let mut client = Client::new(nodes.iter().map(|node| node.address.clone()).collect());
    let app = AppId(client.ask(Ask::CreateApp { name: "Acme HR".into() }).await?.id);
    for (slug, kind) in [("team", Kind::Group), ("account", Kind::Account)] {
        client.ask(Ask::Register { app, slug: slug.into(), kind }).await?;
    }
    agree("three nodes, an app and its types", &nodes).await?;

    let session = SessionId(client.ask(Ask::Start { app }).await?.id);
    push(&mut client, app, session, 0..ACCOUNTS / 2).await?;
    agree("half of a first roll", &nodes).await?;

    let leader = nodes[0].raft.current_leader().await.ok_or("no leader")?;
    let at = nodes.iter().position(|node| node.id == leader).ok_or("an unknown leader")?;
    nodes.remove(at).kill().await?;
    println!("killed the leader, node {leader}");
    push(&mut client, app, session, ACCOUNTS / 2..ACCOUNTS).await?;
    client.ask(Ask::Push { app, session, slug: "team".into(), page: teams()? }).await?;
    if client.retries == 0 {
        return Err("nothing was sent again".into());
    }
    println!("the client sent {} requests again", client.retries);
    agree("the other half, under a new leader", &nodes).await?;

    finish(&mut client, app, session).await?;
    let second = SessionId(client.ask(Ask::Start { app }).await?.id);
    push(&mut client, app, second, 0..ACCOUNTS - 10).await?;
    finish(&mut client, app, second).await?;
    agree("completed, and a second roll without ten", &nodes).await?;

    add_by_snapshot(&mut nodes).await?;
    agree("a node that came by snapshot", &nodes).await?;
    client.ask(Ask::CreateApp { name: "One more".into() }).await?;
    agree("one more command for all", &nodes).await?;

    for node in &nodes {
        let active = node.machine.read(|engine| {
            let app = engine.app(app).and_then(|app| app.records("account", RecordFilter::Active));
            app.map_or(0, |records| records.len())
        });
        if active != ACCOUNTS as usize - 10 {
            return Err(format!("node {} has {active} active accounts", node.id).into());
        }
    }
    println!("every node has {} active accounts", ACCOUNTS - 10);
    Ok(())
}

async fn push(
    client: &mut Client,
    app: AppId,
    session: SessionId,
    numbers: std::ops::Range<u32>,
) -> Result<(), Error> {
    let numbers: Vec<u32> = numbers.collect();
    for page in numbers.chunks(100) {
        let accounts = page.iter().map(|number| Account {
            id: format!("u{number}").into(),
            username: Some(format!("user{number}").into()),
            memberships: vec![ReferenceList::new("team", [Reference::new(format!("g{}", number % 20))])],
            ..Account::default()
        });
        let page = serde_json::to_string(&Page::accounts(accounts))?;
        client.ask(Ask::Push { app, session, slug: "account".into(), page }).await?;
    }
    Ok(())
}

fn teams() -> Result<String, Error> {
    let team = |number| Group {
        id: format!("g{number}").into(),
        name: format!("Team {number}").into(),
        ..Group::default()
    };
    Ok(serde_json::to_string(&Page::groups((0..20).map(team)))?)
}

async fn finish(client: &mut Client, app: AppId, session: SessionId) -> Result<(), Error> {
    client.ask(Ask::Complete { app, session }).await?;
    let budget = NonZeroU64::MIN.saturating_add(3);
    loop {
        let answer = client.ask(Ask::Clean { app, session, budget }).await?;
        if matches!(answer.reply, Some(Ok(Reply::Cleanup(step))) if step.status == SessionStatus::Completed) {
            return Ok(());
        }
    }
}

/// The leader saves its state and drops its log, so that the new node can only come by snapshot.
async fn add_by_snapshot(nodes: &mut Vec<Node>) -> Result<(), Error> {
    let leader = nodes[0].raft.current_leader().await.ok_or("no leader")?;
    let at = nodes.iter().position(|node| node.id == leader).ok_or("an unknown leader")?;
    let before = nodes[at].log.len();
    nodes[at].raft.trigger().snapshot().await?;
    let applied = nodes[at].machine.digest().0;
    let saved = Duration::from_secs(20);
    nodes[at]
        .raft
        .wait(Some(saved))
        .metrics(|metrics| metrics.snapshot.is_some_and(|id| id.index >= applied), "saved")
        .await?;
    nodes[at].raft.trigger().purge_log(applied).await?;
    nodes[at]
        .raft
        .wait(Some(saved))
        .metrics(|metrics| metrics.purged.is_some_and(|id| id.index >= applied), "purged")
        .await?;
    println!("the leader's log had {before} entries, and has {}", nodes[at].log.len());

    let new = Node::start(4).await?;
    nodes[at].raft.add_learner(new.id, BasicNode::new(new.address.clone()), true).await?;
    new.raft.wait(Some(saved)).applied_index_at_least(Some(applied), "caught up").await?;
    if new.machine.installed() == 0 {
        return Err("the new node did not come by snapshot".into());
    }
    let members: BTreeSet<NodeId> = nodes.iter().map(|node| node.id).chain([new.id]).collect();
    nodes[at].raft.change_membership(members, false).await?;
    nodes.push(new);
    Ok(())
}

/// Waits until all nodes have applied as much as the furthest, and compares their digests there.
async fn agree(phase: &str, nodes: &[Node]) -> Result<(), Error> {
    for _ in 0..300 {
        let digests: Vec<(u64, u128)> = nodes.iter().map(|node| node.machine.digest()).collect();
        let (first, rest) = digests.split_first().ok_or("no nodes")?;
        if rest.iter().all(|other| other.0 == first.0) {
            if let Some(other) = rest.iter().find(|other| other.1 != first.1) {
                return Err(format!(
                    "{phase}: at {} digests differ: {:032x}, {:032x}",
                    first.0, first.1, other.1
                )
                .into());
            }
            println!("{phase}: {} nodes at {} agree on {:032x}", nodes.len(), first.0, first.1);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(format!("{phase}: the nodes do not come to one place").into())
}
