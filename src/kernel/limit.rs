//! Limits of the process.

use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Lets `count` files be open at once, if fewer may be now; never lowers the limit.
///
/// # Errors
/// `EPERM` where the hard limit is lower and only somebody else may raise it; the limit is as high as it
/// may be then.
pub fn allow_open_files(count: u64) -> io::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft >= count {
        return Ok(());
    }
    let raised = setrlimit(Resource::RLIMIT_NOFILE, count, hard.max(count));
    if raised.is_err() {
        setrlimit(Resource::RLIMIT_NOFILE, hard.min(count), hard)?;
    }
    Ok(raised?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_only_rises() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        allow_open_files(1).unwrap();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (soft, hard));
        if soft < hard {
            allow_open_files(soft + 1).unwrap();
            assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (soft + 1, hard));
        }
    }
}
