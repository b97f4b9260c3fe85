//! The dump files that signals ask for.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::scripts::account::{Account, DefaultAccount};
use super::service::Parts;
use super::signals::Request;
use crate::config::model::{Command, Config};
use crate::ids::Name;
use crate::kernel::{clock, host_name};
use crate::lvs::view::ServiceView;
use crate::objects::interface::Interface;
use crate::report::{Ident, Line, data, dump, emit};
use crate::track::news::Standing;
use crate::vrrp::view::View;

/// Writes what the signal asks for, where keepalived writes it.
pub(super) async fn write(parts: &Parts, request: Request) {
    let (config, _) = parts.current.get();
    let views = parts.views(request == Request::StatsClear).await.unwrap_or_default();
    let pid = std::process::id();
    let mut files: Vec<(&str, String)> = Vec::new();
    let say = |ident, what: &str| {
        emit(ident, Line::info(format!("Printing {what} for process({pid}) on signal")))
    };
    match request {
        Request::Data => {
            if parts.vrrp.is_some() {
                say(Ident::Vrrp, "VRRP data");
                let standing = parts.standing();
                let now =
                    Now { interfaces: parts.interfaces().await, running: parts.running_scripts().await };
                files.push(("keepalived.data", vrrp(&config, &views, &standing, &now)));
            }
            if parts.balancer.is_some() {
                say(Ident::Checkers, "checker data");
                let (config, services) = parts.services().await.unwrap_or((config, Vec::new()));
                files.push(("keepalived_check.data", lvs(&config, &services)));
            }
        }
        Request::Stats | Request::StatsClear if parts.vrrp.is_some() => {
            let clearing = request == Request::StatsClear;
            say(Ident::Vrrp, if clearing { "and clearing VRRP stats" } else { "VRRP stats" });
            files.push(("keepalived.stats", dump::stats(&views)));
        }
        Request::Json => emit(Ident::Vrrp, Line::warn("This version has no JSON dump")),
        _ => {}
    }
    let written = tokio::task::spawn_blocking(move || {
        let results = files.into_iter().map(|(name, text)| {
            let path = dump::directory().join(name);
            dump::write(&path, &text).map_err(|error| (path, error))
        });
        results.filter_map(Result::err).collect::<Vec<(PathBuf, io::Error)>>()
    });
    for (path, error) in written.await.unwrap_or_default() {
        emit(Ident::Parent, Line::warn(format!("cannot write {}: {error}", path.display())));
    }
}

/// What the host is like while the dump is made; nothing is known of it before the daemon runs.
#[derive(Default)]
pub(super) struct Now {
    pub interfaces: Vec<Arc<Interface>>,
    pub running: Vec<Name>,
}

/// The VRRP part, with what this host makes of it. Reads the user database.
pub(super) fn vrrp(config: &Config, views: &[View], standing: &Standing, now: &Now) -> String {
    on_host(config, now, |host| data::vrrp(config, views, standing, host))
}

/// The same for the load balancing part.
pub(super) fn lvs(config: &Config, views: &[Option<ServiceView>]) -> String {
    on_host(config, &Now::default(), |host| data::lvs(config, views, host))
}

fn on_host(config: &Config, now: &Now, write: impl FnOnce(&data::Host<'_>) -> String) -> String {
    let name = host_name::own();
    let default = match DefaultAccount::choose(config.global.script_user.as_ref()) {
        DefaultAccount::Given(account) | DefaultAccount::Own(account) => account,
        DefaultAccount::Unknown(_) => Account::own(),
    };
    let account = |command: Option<&Command>| {
        let user = command.and_then(|command| command.user.as_ref());
        let Account { uid, gid } = user.and_then(|user| Account::find(user).ok()).unwrap_or(default);
        (uid, gid)
    };
    let (interfaces, running) = (&*now.interfaces, &*now.running);
    write(&data::Host { name: &name, account: &account, moment: &clock::moment, interfaces, running })
}
