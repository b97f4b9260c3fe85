//! What sync groups and tracked objects mean together with the instances: names that must exist.

use std::collections::BTreeSet;

use super::Lower;
use super::definitions::{Defined, Definitions};
use super::group::GroupDraft;
use super::tracked::{Track, TrackKind};
use crate::config::host::ScriptKind;
use crate::config::model::{LvsSyncDaemon, SyncGroup, Tracked, TrackedObjects};
use crate::config::policy::RejectedKind;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::Name;

impl Lower<'_> {
    /// Interfaces, without the instance's own.
    pub fn track_interfaces(&mut self, tracks: &[Track], owner: &Name, own: Option<&Name>) -> Vec<Tracked> {
        let mut found = Vec::new();
        for track in tracks {
            if Some(&track.name) == own {
                let message =
                    format!("({owner}) Ignoring track_interface {} since own interface", track.name);
                self.report(
                    Diagnostic::warning("tracks-own-interface", track.span, message)
                        .help("an instance follows its own interface without being told; remove the line"),
                );
                continue;
            }
            self.need_interface(&track.name, format!("track_interface of {owner}"), track.span);
            let weight = track.weight.unwrap_or_default();
            found.push(Tracked {
                name: track.name.clone(),
                weight: weight.of_vrrp(),
                reverse: weight.reverse.unwrap_or(false),
            });
        }
        found
    }

    /// Scripts that are defined, with their own weight where the line gives none.
    pub fn track_scripts(&mut self, tracks: &[Track], owner: &Name) -> Vec<Tracked> {
        let mut found = Vec::new();
        for track in tracks {
            let Some(script) =
                self.loaded.config.track_scripts.iter().find(|script| script.name == track.name)
            else {
                self.no_such_script(track, owner);
                continue;
            };
            if !track.known {
                self.no_such_script(track, owner);
                continue;
            }
            let (weight, reverse) = match track.weight {
                None => (script.weight, script.reverse),
                Some(weight) => (weight.of_vrrp(), weight.reverse.unwrap_or(script.reverse)),
            };
            found.push(Tracked { name: track.name.clone(), weight, reverse });
        }
        found
    }

    /// keepalived takes a script only where it is defined above the line that names it.
    fn no_such_script(&mut self, track: &Track, owner: &Name) {
        let message = format!("({owner}) track script {} not found, ignoring...", track.name);
        let mut diagnostic = Diagnostic::error("no-such-script", track.span, message)
            .expected("the name of a vrrp_script above");
        let names =
            self.script_places.keys().map(|name| (strsim::damerau_levenshtein(name, &track.name), name));
        if let Some((distance, near)) = names.min()
            && distance <= 3
            && let Some(place) = self.script_places.get(near).and_then(|places| places.name)
        {
            let words =
                if distance == 0 { "move this above".into() } else { format!("did you mean '{near}'?") };
            diagnostic = diagnostic.related(place, words);
        }
        self.report(diagnostic);
    }

    /// Files, processes and sessions that are defined, with their own weight where the line gives none.
    pub fn tracked_objects(&mut self, tracks: &[Track], owner: &Name, kind: TrackKind) -> Vec<Tracked> {
        let mut found = Vec::new();
        for track in tracks {
            let own = self.own_weight(kind, &track.name).filter(|_| track.known);
            let Some((weight, reverse)) = own else {
                self.no_such_object(track, owner, kind);
                continue;
            };
            let (weight, reverse) = match track.weight {
                None => (weight, reverse),
                Some(given) => (given.of_vrrp(), given.reverse.unwrap_or(reverse)),
            };
            found.push(Tracked { name: track.name.clone(), weight, reverse });
        }
        found
    }

    fn own_weight(&self, kind: TrackKind, name: &Name) -> Option<(i16, bool)> {
        let config = &self.loaded.config;
        match kind {
            TrackKind::Interface | TrackKind::Script => None,
            TrackKind::File => {
                let found = config.track_files.iter().find(|file| file.name == *name);
                found.map(|file| (file.weight, file.reverse))
            }
            TrackKind::Process => {
                let found = config.track_processes.iter().find(|process| process.name == *name);
                found.map(|process| (process.weight, process.reverse))
            }
            TrackKind::Bfd => {
                let found = config.bfd_instances.iter().find(|session| session.name == *name);
                found.map(|session| (session.weight, session.reverse))
            }
        }
    }

    fn no_such_object(&mut self, track: &Track, owner: &Name, kind: TrackKind) {
        let (code, keyword, of): (_, _, fn(&Definitions) -> &Defined) = match kind {
            TrackKind::Process => ("no-such-process", "vrrp_track_process", |known| &known.processes),
            TrackKind::Bfd => ("no-such-bfd", "bfd_instance", |known| &known.bfds),
            _ => ("no-such-file", "track_file", |known| &known.files),
        };
        let message = format!("({owner}) track {} {} not found, ignoring...", kind.word(), track.name);
        self.undefined(code, (&track.name, track.span), message, (keyword, of));
    }

    /// Members go together, whatever their priorities.
    fn members_have_no_weights(&mut self, group: &SyncGroup, span: Option<Span>) {
        let mut ignored = Vec::new();
        for instance in self.loaded.config.instances.iter().filter(|one| group.members.contains(&one.name))
        {
            let tracked = &instance.options.tracked;
            let lists = [
                ("interface", &instance.track_interfaces),
                ("script", &instance.track_scripts),
                ("file", &tracked.files),
                ("bfd", &tracked.bfds),
            ];
            for (kind, list) in lists {
                for one in list.iter().filter(|one| one.weight != 0) {
                    ignored.push(format!(
                        "({}) ignoring weight {} of tracked {kind} {} due to SYNC group {}",
                        instance.name, one.weight, one.name, group.name
                    ));
                }
            }
        }
        for message in ignored {
            self.report(
                Diagnostic::warning("weight-without-effect", span, message)
                    .help("write sync_group_tracking_weight in the group, or the tracker with weight 0"),
            );
        }
    }

    /// A group's member that is no instance.
    pub fn no_such_member(&mut self, member: &Name, span: Option<Span>, group: &str) {
        let message = format!("Virtual router {member} specified in {group} doesn't exist - ignoring");
        let mut diagnostic =
            Diagnostic::error("no-such-instance", span, message).expected("the name of a vrrp_instance");
        let names = self.loaded.config.instances.iter().map(|one| &one.name);
        let near = names.map(|name| (strsim::damerau_levenshtein(name, member), name)).min();
        if let Some((distance, near)) = near
            && distance <= 3
        {
            diagnostic = diagnostic.help(format!("did you mean '{near}'?"));
        }
        self.report(diagnostic);
    }

    /// Completes one; the instances are in the model.
    pub fn complete_group(&mut self, draft: &GroupDraft) {
        let mut group: SyncGroup = draft.bare();
        let mut taken: BTreeSet<Name> =
            self.loaded.config.sync_groups.iter().flat_map(|group| group.members.iter().cloned()).collect();
        for (member, span) in &draft.members {
            let known = self.loaded.config.instances.iter().any(|instance| instance.name == *member);
            if !known {
                self.no_such_member(member, *span, &format!("sync group {}", draft.name));
            } else if !taken.insert(member.clone()) {
                let message = format!(
                    "Virtual router {member} is in more than one sync group - ignoring it in {}",
                    draft.name
                );
                self.report(Diagnostic::error("given-twice", *span, message));
            } else {
                group.members.push(member.clone());
            }
        }
        if group.members.is_empty() {
            let message = format!("Sync group {} has no virtual router(s) - removing", draft.name);
            self.report(Diagnostic::error("empty-block", draft.span, message));
            let reason = format!("the sync group '{}' has no members", draft.name);
            self.reject(RejectedKind::SyncGroup(Some(draft.name.clone())), draft.span, reason);
            return;
        }
        if group.members.len() == 1 {
            let message = format!(
                "Sync group {} has only 1 virtual router(s) - this probably isn't what you want",
                draft.name
            );
            self.report(Diagnostic::warning("lonely-group", draft.span, message));
        }
        self.need_notify(&draft.notify, &draft.notify_places, &draft.name);
        group.track_interfaces = self.track_interfaces(&draft.track_interfaces, &draft.name, None);
        group.track_scripts = self.track_scripts(&draft.track_scripts, &draft.name);
        group.options.tracked = TrackedObjects {
            files: self.tracked_objects(&draft.track_files, &draft.name, TrackKind::File),
            processes: self.tracked_objects(&draft.track_processes, &draft.name, TrackKind::Process),
            bfds: self.tracked_objects(&draft.track_bfds, &draft.name, TrackKind::Bfd),
        };
        if !group.tracking_weight {
            self.members_have_no_weights(&group, draft.span);
        }
        let global = &self.loaded.config.global;
        group.smtp_alert = group.smtp_alert.or(global.smtp_alert_vrrp).or(global.smtp_alert);
        self.loaded.config.sync_groups.push(group);
    }

    /// Scripts that nobody tracks do not run.
    pub fn tracked_scripts(&mut self) {
        let config = &self.loaded.config;
        let of_instances = config.instances.iter().flat_map(|instance| &instance.track_scripts);
        let of_groups = config.sync_groups.iter().flat_map(|group| &group.track_scripts);
        let used: BTreeSet<Name> = of_instances.chain(of_groups).map(|track| track.name.clone()).collect();
        let scripts = std::mem::take(&mut self.loaded.config.track_scripts);
        for script in scripts {
            let places = self.script_places.get(&script.name);
            let (name, span) = places.map_or((None, None), |places| (places.name, places.command));
            let by = format!("track script {}", script.name);
            if used.contains(&script.name) {
                self.need_script(&script.command, by, ScriptKind::Track, span);
                self.loaded.config.track_scripts.push(script);
            } else {
                self.need_script(&script.command, by, ScriptKind::Unused, span);
                let message = format!("Track script {} is not being used - removing", script.name);
                self.report(
                    Diagnostic::warning("unused-script", name, message)
                        .class(Class::Silent)
                        .help("name it in a track_script block, or remove it"),
                );
            }
        }
    }

    /// The instance that `lvs_sync_daemon` names must exist.
    pub fn complete_sync_daemon(&mut self) {
        let Some(LvsSyncDaemon { instance: Some(name), .. }) = &self.loaded.config.global.lvs_sync_daemon
        else {
            return;
        };
        if !self.loaded.config.instances.iter().any(|instance| instance.name == *name) {
            let message = format!("Unable to find vrrp instance {name} for lvs_sync_daemon - ignoring");
            self.report(Diagnostic::error("no-such-instance", None, message).class(Class::Silent));
            self.loaded.config.global.lvs_sync_daemon = None;
        }
    }
}
