//! A command that the operator gave: a notify script, a track script.

/// Program and arguments, already split by keepalived's quoting rules.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Command {
    /// Program first; never empty. A bare program name is looked up in `PATH` when the daemon starts.
    pub argv: Vec<String>,
    /// Who runs it; `None` is `script_user`, else the user `keepalived_script` if there is one, else
    /// the daemon's own user.
    pub user: Option<UserSpec>,
}

/// `USER [GROUP]` as written: names or numbers, resolved when the daemon starts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UserSpec {
    pub user: String,
    pub group: Option<String>,
}
