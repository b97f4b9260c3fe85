//! A [`Dialogue`] carried out on a connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::dialogue::{Dialogue, Next};
use super::reply::LONGEST_LINE;

/// What kept a dialogue from its end.
#[derive(Debug)]
pub enum Trouble {
    /// The other end did not answer in time, or not to the end.
    Timeout,
    /// It said something without end.
    Malformed,
    /// The connection broke; `UnexpectedEof`: it was closed.
    Broken(io::Error),
}

/// Talks until one of both hangs up. Each answer, as each thing to say, may take `patience`, however slowly it drips.
pub async fn talk<S>(stream: &mut S, dialogue: &mut Dialogue, patience: Duration) -> Result<(), Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let next = timeout(patience, answer(stream, dialogue)).await.unwrap_or(Err(Trouble::Timeout))?;
        let Some(text) = next else { return Ok(()) };
        let said = timeout(patience, stream.write_all(&text)).await;
        said.map_err(|_| Trouble::Timeout)?.map_err(Trouble::Broken)?;
    }
}

/// Hears a whole answer; gives what is to be said next, `None` if nothing.
async fn answer<S>(stream: &mut S, dialogue: &mut Dialogue) -> Result<Option<Vec<u8>>, Trouble>
where
    S: AsyncRead + Unpin,
{
    let mut piece = [0; LONGEST_LINE];
    loop {
        let count = stream.read(&mut piece).await.map_err(Trouble::Broken)?;
        if count == 0 {
            return Err(Trouble::Broken(io::ErrorKind::UnexpectedEof.into()));
        }
        let heard = piece.get(..count).unwrap_or_default();
        match dialogue.hear(heard).map_err(|_| Trouble::Malformed)? {
            Next::Listen => {}
            Next::Say(text) => return Ok(Some(text)),
            Next::HangUp => return Ok(None),
        }
    }
}
