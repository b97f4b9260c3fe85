//! Users and groups of scripts.

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, getegid, geteuid, getgrouplist};
use thiserror::Error;

use crate::config::model::UserSpec;

/// Whom keepalived lets run scripts if nobody else is named and this user exists.
const SCRIPT_USER: &str = "keepalived_script";

/// Who runs a script.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// A user or group that is not there.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum AccountError {
    /// No such user, or the user's group cannot be known.
    #[error("no user {0:?}")]
    NoUser(String),
    /// No such group.
    #[error("no group {0:?}")]
    NoGroup(String),
}

impl Account {
    /// The daemon's own.
    pub fn own() -> Account {
        Account { uid: geteuid().as_raw(), gid: getegid().as_raw() }
    }

    /// The groups that the user is in beside its own. Reads the user database.
    pub fn groups(self) -> Vec<u32> {
        let user = User::from_uid(Uid::from_raw(self.uid)).ok().flatten();
        let name = user.and_then(|user| CString::new(user.name).ok());
        let all = name.and_then(|name| getgrouplist(&name, Gid::from_raw(self.gid)).ok());
        all.unwrap_or_default().into_iter().map(Gid::as_raw).collect()
    }

    /// `USER [GROUP]`: names or numbers; without a group the user's own. Reads the user database.
    ///
    /// # Errors
    /// There is no such user or group.
    pub fn find(spec: &UserSpec) -> Result<Account, AccountError> {
        let no_user = || AccountError::NoUser(spec.user.clone());
        let user = match spec.user.parse::<u32>() {
            Ok(uid) => User::from_uid(Uid::from_raw(uid)),
            Err(_) => User::from_name(&spec.user),
        };
        let user = user.ok().flatten();
        let gid = match &spec.group {
            Some(group) => find_group(group)?,
            None => user.as_ref().ok_or_else(no_user)?.gid.as_raw(),
        };
        let uid =
            user.map(|user| user.uid.as_raw()).or_else(|| spec.user.parse().ok()).ok_or_else(no_user)?;
        Ok(Account { uid, gid })
    }
}

fn find_group(group: &str) -> Result<u32, AccountError> {
    let found = match group.parse::<u32>() {
        Ok(gid) => return Ok(gid),
        Err(_) => Group::from_name(group),
    };
    found
        .ok()
        .flatten()
        .map(|group| Gid::as_raw(group.gid))
        .ok_or_else(|| AccountError::NoGroup(group.into()))
}

/// Who runs the scripts that name nobody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DefaultAccount {
    /// `script_user`, or the user `keepalived_script`.
    Given(Account),
    /// `script_user` names somebody who is not there.
    Unknown(AccountError),
    /// Neither: the daemon itself, if script security permits.
    Own(Account),
}

impl DefaultAccount {
    /// keepalived's choice. Reads the user database.
    pub fn choose(script_user: Option<&UserSpec>) -> DefaultAccount {
        match script_user.map(Account::find) {
            Some(Ok(account)) => DefaultAccount::Given(account),
            Some(Err(error)) => DefaultAccount::Unknown(error),
            None => match Account::find(&UserSpec { user: SCRIPT_USER.into(), group: None }) {
                Ok(account) => DefaultAccount::Given(account),
                Err(_) => DefaultAccount::Own(Account::own()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(user: &str, group: Option<&str>) -> Result<Account, AccountError> {
        Account::find(&UserSpec { user: user.into(), group: group.map(Into::into) })
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(find("root", None), Ok(Account { uid: 0, gid: 0 }));
        assert_eq!(find("0", None), Ok(Account { uid: 0, gid: 0 }));
        assert_eq!(find("root", Some("5")), Ok(Account { uid: 0, gid: 5 }));
        assert_eq!(find("4294000000", Some("root")), Ok(Account { uid: 4_294_000_000, gid: 0 }));
        assert_eq!(find("4294000000", None), Err(AccountError::NoUser("4294000000".into())));
        assert_eq!(find("no-such-user", None), Err(AccountError::NoUser("no-such-user".into())));
        assert_eq!(find("root", Some("no-such-group")), Err(AccountError::NoGroup("no-such-group".into())));
    }
}
