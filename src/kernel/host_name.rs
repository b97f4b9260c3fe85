//! What this host and who runs us are called.

use nix::unistd::{User, geteuid, gethostname};

use super::unsafe_calls::canonical_name;

/// The name that the kernel has; empty where there is none.
pub fn own() -> String {
    gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The same with its domain, as far as `/etc/hosts` or a name server knows it. It may take a name server's time.
pub fn full() -> String {
    let name = own();
    canonical_name(&name).unwrap_or(name)
}

/// The user that we are: `root`, or a number where it has no name. Reads the user database.
pub fn user() -> String {
    let uid = geteuid();
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_lost() {
        assert!(!own().is_empty());
        assert!(full().starts_with(own().split('.').next().unwrap()) || full().contains("localhost"));
        assert_eq!(canonical_name("no such\0name"), None);
        assert_eq!(canonical_name("127.0.0.1").as_deref(), Some("127.0.0.1"));
        assert!(!user().is_empty());
    }
}
