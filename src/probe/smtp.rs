//! `SMTP_CHECK`: whoever greets, answers `HELO` and `QUIT` is alive (RFC 5321).

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::connect::connect;
use crate::config::model::check::{Check, SmtpCheck};
use crate::health::outcome::{Failure, Outcome, Success};
use crate::smtp::{self, Dialogue, Stage, Trouble};

/// Talks once; each step may take `connect_timeout`.
pub async fn probe(check: &Check, mail: &SmtpCheck) -> Outcome {
    match connect(check).await {
        Ok(stream) => converse(check, mail, stream).await,
        Err(outcome) => outcome,
    }
}

/// The same on a connection that is there already.
pub async fn converse<S>(check: &Check, mail: &SmtpCheck, mut stream: S) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match talk(&mut stream, &mail.helo_name, check.pace.connect_timeout).await {
        Ok(()) => Outcome::Success(Success::Answered),
        Err(failure) => Outcome::Failure(failure),
    }
}

async fn talk<S>(stream: &mut S, helo_name: &str, patience: Duration) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut dialogue = Dialogue::check(helo_name);
    match smtp::talk(stream, &mut dialogue, patience).await {
        Ok(()) => {}
        Err(Trouble::Timeout) => return Err(Failure::ReadTimeout),
        Err(Trouble::Malformed) => return Err(Failure::Malformed),
        Err(Trouble::Broken(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            return Err(Failure::Broken(0));
        }
        Err(Trouble::Broken(error)) => {
            return Err(Failure::Broken(error.raw_os_error().unwrap_or(libc::EIO)));
        }
    }
    match dialogue.refused().first().map(|refused| &refused.stage) {
        None => Ok(()),
        Some(Stage::Greeting) => Err(Failure::Greeting),
        Some(_) => Err(Failure::Helo),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::smtp::LONGEST_LINE;

    const PATIENCE: Duration = Duration::from_secs(2);

    /// Talks to a server that says these things, one after each line that it hears; then it closes, or is silent.
    async fn with(replies: &[&str], closes: bool) -> (Result<(), Failure>, String) {
        let (mut ours, mut theirs) = duplex(64);
        let serve = async {
            let mut heard = Vec::new();
            for reply in replies {
                // A prober that has heard enough is gone.
                let _ = theirs.write_all(reply.as_bytes()).await;
                hear(&mut theirs, &mut heard).await;
            }
            if !closes {
                tokio::time::sleep(PATIENCE * 2).await;
            }
            drop(theirs);
            String::from_utf8(heard).unwrap()
        };
        let talk = async {
            let result = talk(&mut ours, "lb", PATIENCE).await;
            drop(ours);
            result
        };
        tokio::join!(talk, serve)
    }

    async fn hear(theirs: &mut DuplexStream, heard: &mut Vec<u8>) {
        while let Ok(byte) = theirs.read_u8().await {
            heard.push(byte);
            if byte == b'\n' {
                return;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_whole_talk() {
        for quit in ["221 bye\r\n", "500 what\r\n", "221-bye\r\n221 bye\r\n"] {
            let (result, heard) = with(&["220 hello\r\n", "250 ok\r\n", quit], true).await;
            assert_eq!((result, heard.as_str()), (Ok(()), "HELO lb\r\nQUIT\r\n"), "{quit}");
        }
        assert_eq!(with(&["220\r\n", "250\n", "221\r\n"], true).await.0, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_says_where() {
        for (replies, failure) in [
            (&["554 no\r\n"][..], Failure::Greeting),
            (&["220-two\r\n220 lines\r\n"], Failure::Greeting),
            (&["2201 hello\r\n"], Failure::Greeting),
            (&["22\r\n"], Failure::Greeting),
            (&["220 hello\r\n", "500 what\r\n"], Failure::Helo),
            (&["220 hello\r\n", "250-two\r\n250 lines\r\n"], Failure::Helo),
            (&[], Failure::Broken(0)),
            (&["220 hello\r\n"], Failure::Broken(0)),
            (&["220 hello\r\n", "250 ok\r\n"], Failure::Broken(0)),
        ] {
            assert_eq!(with(replies, true).await.0, Err(failure), "{replies:?}");
        }
        let endless = "220".repeat(LONGEST_LINE);
        assert_eq!(with(&[&endless], true).await.0, Err(Failure::Malformed));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_each_step() {
        for replies in [&[][..], &["220 hello\r\n"], &["220 hello\r\n", "250 ok\r\n"]] {
            assert_eq!(with(replies, false).await.0, Err(Failure::ReadTimeout), "{replies:?}");
        }
    }

    /// Half a line now and then does not make the time longer.
    #[tokio::test(start_paused = true)]
    async fn a_dripping_server_is_a_failure() {
        let (mut ours, mut theirs) = duplex(64);
        let drip = async {
            while theirs.write_all(b"2").await.is_ok() {
                tokio::time::sleep(PATIENCE / 3).await;
            }
        };
        tokio::select! {
            result = talk(&mut ours, "lb", PATIENCE) => assert_eq!(result, Err(Failure::ReadTimeout)),
            () = drip => unreachable!("it goes on as long as somebody listens"),
        }
    }
}
