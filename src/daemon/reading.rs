//! A configuration read, compared with this host, and its scripts looked at. Reads files, the user
//! database and the kernel's interfaces: off the thread of the runtime.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::key_files;
use super::names::HostNames;
use super::scripts::ScriptBook;
use super::scripts::account::Account;
use crate::cli::Options;
use crate::config::host::DEFAULT_USER;
use crate::config::model::{CheckKind, Config, UserSpec};
use crate::config::{self, HostFacts, LoadOptions, Loaded, Rejected};
use crate::diag::Diagnostic;
use crate::kernel::host_name;
use crate::kernel::link;
use crate::kernel::netlink::Channel;
use crate::report::Line;

/// A configuration as it can run here.
pub struct Reading {
    pub loaded: Loaded,
    pub book: Arc<ScriptBook>,
    /// What the host lacks; the text's own mistakes are in `loaded`.
    pub host: Vec<Diagnostic>,
    /// What was found of the scripts.
    pub lines: Vec<Line>,
}

impl Reading {
    /// What the daemon runs by: the configuration, its scripts, and what of the text is not in it. The text itself
    /// and all else that was found of it goes.
    pub fn into_parts(self) -> (Arc<Config>, Arc<ScriptBook>, Vec<Rejected>) {
        (Arc::new(self.loaded.config), self.book, self.loaded.rejected)
    }

    /// Reads the options' file; `seed` is the `random_seed` of what runs.
    pub fn take(options: &Options, seed: Option<u32>) -> Self {
        let mut how = load_options(options);
        how.random_seed = seed.map_or(how.random_seed, u64::from);
        let mut loaded = config::load(&options.config_file.to_string_lossy(), &how);
        let (book, lines) = ScriptBook::open(&loaded.config, &loaded.needs);
        let facts = facts(&loaded, &book);
        let host = config::host::check(&loaded, &facts);
        config::host::take_keys(&mut loaded.config, &facts);
        without_disabled_checks(&mut loaded.config, &book);
        Reading { loaded, book: Arc::new(book), host, lines }
    }

    /// Everything there is to say, the text's own first.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.loaded.diagnostics.iter().chain(&self.host)
    }
}

/// A check whose script may not run, which was said, is none, as for keepalived: its server counts as well.
fn without_disabled_checks(config: &mut Config, book: &ScriptBook) {
    let services = config.virtual_servers.iter_mut().map(Arc::make_mut);
    for server in services.flat_map(|service| &mut service.real_servers) {
        server.checks.retain(|check| match &check.kind {
            CheckKind::Misc(misc) => book.get(&misc.command).is_some(),
            _ => true,
        });
    }
}

/// What this host lacks of a configuration.
pub(super) fn host(loaded: &Loaded) -> Vec<Diagnostic> {
    let (book, _) = ScriptBook::open(&loaded.config, &loaded.needs);
    config::host::check(loaded, &facts(loaded, &book))
}

fn load_options(options: &Options) -> LoadOptions {
    LoadOptions { strict_includes: options.strict_includes, ..options_for(options.config_id.as_deref()) }
}

/// How a text is read on this host; `config_id` instead of the host's name.
pub(super) fn options_for(config_id: Option<&str>) -> LoadOptions {
    let node = host_name::own();
    let config_id = config_id.unwrap_or_else(|| node.split('.').next().unwrap_or("")).to_owned();
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    LoadOptions { config_id, environment, random_seed: super::seed(), ..LoadOptions::default() }
}

fn facts(loaded: &Loaded, book: &ScriptBook) -> HostFacts {
    let interfaces = Channel::route()
        .and_then(|mut channel| link::dump(&mut channel))
        .map(|found| found.values().map(|interface| interface.name.to_string()).collect())
        .unwrap_or_default();
    let mut facts = HostFacts { interfaces, ..HostFacts::default() };
    let default = UserSpec { user: DEFAULT_USER.into(), group: None };
    // The user database is large and may be slow: nobody but scripts asks for this one.
    if !loaded.needs.scripts.is_empty() && Account::find(&default).is_ok() {
        facts.users.insert(default.user);
    }
    if let Some(name) = &loaded.config.global.net_namespace
        && Path::new("/run/netns").join(name).exists()
    {
        facts.namespaces.insert(name.clone());
    }
    for need in &loaded.needs.users {
        let user = UserSpec { user: need.user.user.clone(), group: None };
        if Account::find(&user).is_ok() {
            facts.users.insert(user.user);
        }
        if let Some(group) = &need.user.group
            && Account::find(&UserSpec { user: "0".into(), group: Some(group.clone()) }).is_ok()
        {
            facts.groups.insert(group.clone());
        }
    }
    if !loaded.needs.names.is_empty() {
        facts.names = HostNames::read(&loaded.config.global.files).all().collect();
    }
    facts.key_files = key_files::read(&loaded.needs);
    facts.programs = book.programs.iter().cloned().collect::<BTreeMap<_, _>>();
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_whose_script_may_not_run_is_none() {
        let text = "virtual_server 10.0.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.0.0.2 80 {\n\
                    MISC_CHECK {\nmisc_path /nonexistent\n}\nMISC_CHECK {\nmisc_path /bin/true\n}\nTCP_CHECK {\n}\n}\n}\n";
        let mut loaded = config::load_str("a.conf", text, &LoadOptions::default());
        let (book, lines) = ScriptBook::open(&loaded.config, &loaded.needs);
        without_disabled_checks(&mut loaded.config, &book);
        let checks = &loaded.config.virtual_servers[0].real_servers[0].checks;
        let kinds: Vec<_> = checks.iter().map(|check| check.kind.keyword()).collect();
        assert_eq!(kinds, ["MISC_CHECK", "TCP_CHECK"]);
        let CheckKind::Misc(misc) = &checks[0].kind else { panic!() };
        assert_eq!(misc.command.argv, ["/bin/true"]);
        assert!(
            lines.iter().any(|line| line.text.contains("/nonexistent") || line.text.contains("misc_path")),
            "it is said"
        );
    }
}
