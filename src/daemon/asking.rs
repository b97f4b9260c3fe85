//! Questions to the running parts.

use std::time::Duration;

use tokio::sync::oneshot;

/// Sends a part a question, and waits for its answer; `None` where it has ended, or does not answer in time: one that
/// hangs must not keep us from hearing that we are to end.
pub(super) async fn ask<A, S, E>(
    patience: Duration,
    send: impl FnOnce(oneshot::Sender<A>) -> S,
) -> Option<A>
where
    S: Future<Output = Result<(), E>>,
{
    let (answer, told) = oneshot::channel();
    let asked = async {
        send(answer).await.ok()?;
        told.await.ok()
    };
    tokio::time::timeout(patience, asked).await.ok().flatten()
}
