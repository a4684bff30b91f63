//! What a connection is told that is one too many.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How many are told at once.
pub(super) const AT_ONCE_MAX: usize = 256;

/// For how long it is listened to, so that a client that is still writing sees the answer.
const LISTENED: Duration = Duration::from_secs(1);

const BODY: &str =
    r#"{"detail": "too many connections, expected to be tried again later", "code": "too_many_connections"}"#;

/// Answers 503 to whatever it asks for, and ends it.
pub(super) async fn refuse(mut stream: TcpStream) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         retry-after: 1\r\nconnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 4_096];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    // It is gone, or is cut: either is an end.
    let _ = timeout(LISTENED, told).await;
}
