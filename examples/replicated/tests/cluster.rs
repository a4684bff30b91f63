//! The leader is killed in the middle of a sync, a client retries, a node comes by snapshot: all digests are
//! equal after every phase.

mod story;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_keeps_equal_engines_whoever_dies_and_whoever_comes() {
    story::tell().await.expect("the story's end");
}
