//! `vrrp_sync_group`

use std::sync::Arc;

use super::Lower;
use super::instance::Collected;
use super::read::Value;
use super::tracked::{Track, TrackKind};
use crate::config::model::{GroupOptions, Notify, SyncGroup};
use crate::config::policy::RejectedKind;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::Name;

/// A group before its members are known.
#[derive(Clone, Debug)]
pub struct GroupDraft {
    pub name: Name,
    pub span: Option<Span>,
    pub members: Vec<(Name, Option<Span>)>,
    pub track_interfaces: Vec<Track>,
    pub track_scripts: Vec<Track>,
    tracking_weight: bool,
    pub notify: Notify,
    /// Where each of its scripts stands.
    pub notify_places: Vec<(&'static str, Option<Span>)>,
    smtp_alert: Option<bool>,
    pub track_files: Vec<Track>,
    pub track_processes: Vec<Track>,
    pub track_bfds: Vec<Track>,
    notify_priority_changes: Option<bool>,
}

impl GroupDraft {
    /// The group of the model, without members and tracked objects.
    pub fn bare(&self) -> SyncGroup {
        SyncGroup {
            name: self.name.clone(),
            members: Vec::new(),
            track_interfaces: Vec::new(),
            track_scripts: Vec::new(),
            tracking_weight: self.tracking_weight,
            notify: Arc::new(self.notify.clone()),
            smtp_alert: self.smtp_alert,
            options: GroupOptions {
                notify_priority_changes: self.notify_priority_changes,
                ..GroupOptions::default()
            },
        }
    }
}

impl Lower<'_> {
    /// Reads one into the collection.
    pub fn group(&mut self, node: &Node, vrrp: &mut Collected) {
        let Some(name) = node.argument(1) else { return };
        let name: Name = name.into();
        if let Some(first) = vrrp.groups.iter().find(|group| group.name == name) {
            let message = format!("vrrp sync group {name} already defined");
            let mut diagnostic = Diagnostic::error("defined-twice", node.span_of(1), message);
            if let Some(first) = first.span {
                diagnostic = diagnostic.related(first, "the first one");
            }
            self.report(diagnostic);
            return;
        }
        let mut draft = GroupDraft {
            name: name.clone(),
            span: node.span_of(1),
            members: Vec::new(),
            track_interfaces: Vec::new(),
            track_scripts: Vec::new(),
            tracking_weight: false,
            notify: Notify::default(),
            notify_places: Vec::new(),
            smtp_alert: None,
            track_files: Vec::new(),
            track_processes: Vec::new(),
            track_bfds: Vec::new(),
            notify_priority_changes: None,
        };
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "group" => members(node, &mut draft),
            "track_interface" => {
                lower.tracks(node, &mut draft.track_interfaces, &name, TrackKind::Interface)
            }
            "track_script" => lower.tracks(node, &mut draft.track_scripts, &name, TrackKind::Script),
            "track_file" => lower.tracks(node, &mut draft.track_files, &name, TrackKind::File),
            "track_process" => lower.tracks(node, &mut draft.track_processes, &name, TrackKind::Process),
            "track_bfd" => lower.tracks(node, &mut draft.track_bfds, &name, TrackKind::Bfd),
            "notify_priority_changes" => draft.notify_priority_changes = Some(value.yes()),
            "global_tracking" | "sync_group_tracking_weight" => draft.tracking_weight = true,
            "smtp_alert" => draft.smtp_alert = Some(value.yes()),
            _ => store_notify(node, value, &mut draft.notify, &mut draft.notify_places),
        });
        if draft.members.is_empty() {
            if !self.is_consequence(node, &["group"], &format!("sync group {name} is left out")) {
                let message = format!("Sync group {name} has no members");
                self.report(
                    Diagnostic::error("empty-block", node.span_of(1), message)
                        .expected("group { INSTANCE ... }"),
                );
            }
            let reason = format!("the sync group '{name}' has no members");
            self.reject(RejectedKind::SyncGroup(Some(name)), node.span_of(1), reason);
            return;
        }
        vrrp.groups.push(draft);
    }
}

/// Keeps a notify script of an instance or a group.
pub fn store_notify(
    node: &Node,
    value: Value,
    notify: &mut Notify,
    places: &mut Vec<(&'static str, Option<Span>)>,
) {
    if node.name() == "notify_deleted" {
        notify.deleted_state = true;
    }
    let (Some(command), Some(row)) = (value.script(), node.row) else { return };
    let place = match node.name() {
        "notify_master" => &mut notify.master,
        "notify_backup" => &mut notify.backup,
        "notify_fault" => &mut notify.fault,
        "notify_stop" => &mut notify.stop,
        "notify_deleted" => &mut notify.deleted,
        "notify_master_rx_lower_pri" => &mut notify.master_rx_lower_pri,
        "notify" => &mut notify.any,
        _ => return,
    };
    *place = Some(Box::new(command));
    places.push((row.name, node.span_of(1)));
}

fn members(node: &Node, draft: &mut GroupDraft) {
    for entry in node.nodes() {
        let named = (0..entry.line.count())
            .filter_map(|at| Some((entry.line.word(at)?.into(), entry.line.span(at))));
        draft.members.extend(named);
    }
}
