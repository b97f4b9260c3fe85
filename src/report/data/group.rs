//! `vrrp_sync_group`

use super::instance::{pending_scripts, tracked_lists, tracker_faults};
use super::page::Page;
use super::{Host, command, yes};
use crate::config::model::Config;
use crate::vrrp::action::State;
use crate::vrrp::view::View;

pub(super) fn write(page: &mut Page, config: &Config, views: &[View], host: &Host<'_>) {
    if config.sync_groups.is_empty() {
        return;
    }
    page.title("VRRP Sync groups");
    for group in &config.sync_groups {
        let member = views.iter().find(|view| group.members.contains(&view.config.name));
        let state = member.map_or(State::Init, |view| view.state);
        page.value("VRRP Sync Group", format_args!("{}, {}", group.name, state.as_str()));
        let members = || views.iter().filter(|view| group.members.contains(&view.config.name));
        if members().next().is_some() {
            let fault = members().filter(|view| tracker_faults(view) > 0).count();
            let init = members().filter(|view| pending_scripts(view) > 0).count();
            page.line(format_args!("Num member fault {fault}, num member init {init}"));
        }
        page.list("VRRP member instances :", &group.members);
        if group.tracking_weight {
            page.line("sync group tracking weight set");
        }
        page.field("Using smtp notification", yes(group.smtp_alert == Some(true)));
        if let Some(told) = group.options.notify_priority_changes {
            page.field("Notify priority changes", yes(told));
        }
        tracked_lists(
            page,
            (&group.track_interfaces, &group.track_scripts),
            &group.options.tracked,
            "Tracked process :",
        );
        let notify = &group.notify;
        for (label, script) in [
            ("Backup", &notify.backup),
            ("Master", &notify.master),
            ("Fault", &notify.fault),
            ("Stop", &notify.stop),
            ("Generic", &notify.any),
        ] {
            if let Some(script) = script {
                page.field(&format!("{label} state transition script"), command(script, host));
            }
        }
    }
}
