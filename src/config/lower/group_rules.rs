//! What sync groups and tracked objects mean together with the instances: names that must exist.

use std::collections::{BTreeMap, BTreeSet};

use super::Lower;
use super::definitions::{Defined, Definitions, with_candidates};
use super::group::GroupDraft;
use super::instance::Draft;
use super::tracked::{Track, TrackKind};
use crate::config::host::ScriptKind;
use crate::config::model::vrrp::OWNER;
use crate::config::model::{LvsSyncDaemon, SyncGroup, Tracked, TrackedObjects};
use crate::config::policy::RejectedKind;
use crate::config::suggest;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::Name;

/// Where instances name the interfaces that they track, by instance and interface.
pub struct TrackedPlaces(BTreeMap<(Name, Name), Option<Span>>);

impl TrackedPlaces {
    /// Of all instances; each tracks its own interface, too, unless it says that it does not.
    pub fn of(instances: &[Box<Draft>]) -> TrackedPlaces {
        let mut places = BTreeMap::new();
        for draft in instances {
            let followed = |_: &&(Name, Option<Span>)| !draft.dont_track_primary;
            let own = draft.interface.iter().filter(followed).map(|(interface, span)| (interface, *span));
            let tracked = draft.track_interfaces.iter().map(|track| (&track.name, track.span));
            for (interface, span) in own.chain(tracked) {
                places.entry((draft.name.clone(), interface.clone())).or_insert(span);
            }
        }
        TrackedPlaces(places)
    }
}

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
        if self.is_lost("vrrp_script", &track.name) {
            return;
        }
        let message = format!("({owner}) track script {} not found, ignoring...", track.name);
        let diagnostic = Diagnostic::error("no-such-script", track.span, message);
        let known = self.script_places.iter().map(|(name, places)| (name, places.name)).collect();
        let diagnostic = with_candidates(diagnostic, &track.name, "vrrp_script", known);
        self.report(diagnostic);
        if let Some(places) = self.script_places.get_mut(&track.name) {
            places.named_too_early = true;
        }
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
        self.undefined(Diagnostic::error(code, track.span, message), &track.name, (keyword, of));
    }

    /// The priority of an address owner never changes, and members go together: what the group tracks with a weight
    /// fails as if it had none.
    fn owners_have_no_weights(&mut self, group: &mut SyncGroup, span: Option<Span>) {
        let instances = self.loaded.config.instances.iter();
        let mut members = instances.filter(|one| group.members.contains(&one.name));
        let Some(owner) = members.find(|one| one.priority == OWNER).map(|one| one.name.clone()) else {
            return;
        };
        let lists = [
            ("interface", &mut group.track_interfaces),
            ("script", &mut group.track_scripts),
            ("file", &mut group.options.tracked.files),
        ];
        for (kind, list) in lists {
            for one in list.iter_mut().filter(|one| one.weight != 0) {
                let message = format!(
                    "({}) ignoring weight {} of tracked {kind} {} due to address owner {owner}",
                    group.name, one.weight, one.name
                );
                let help = "its failure means FAULT for the group: write weight 0, or give the owner another priority";
                self.report(Diagnostic::warning("weight-without-effect", span, message).help(help));
                one.weight = 0;
            }
        }
    }

    /// Members go together, whatever their priorities.
    fn members_have_no_weights(&mut self, group: &SyncGroup, span: Option<Span>) {
        let mut ignored = Vec::new();
        for instance in self.loaded.config.instances.iter().filter(|one| group.members.contains(&one.name))
        {
            let tracked = &instance.options.tracked;
            let lists = [
                ("interface", &*instance.track_interfaces),
                ("script", &*instance.track_scripts),
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

    /// Instances that a name may have meant.
    fn other_instances(&self, name: &str, but: &[&Name]) -> String {
        let all = self.loaded.config.instances.iter().map(|one| &one.name);
        let known = all.filter(|one| !but.contains(one)).map(|one| &**one);
        let what =
            if but.is_empty() { "vrrp_instance that can run" } else { "other vrrp_instance that can run" };
        suggest::candidates(name, known, what)
    }

    /// A group's member that is no instance; one that is a member already is not what was meant.
    pub fn no_such_member(
        &mut self,
        (member, span): (&Name, Option<Span>),
        group: &str,
        members: &[&Name],
    ) {
        let message = format!("Virtual router {member} specified in {group} doesn't exist - ignoring");
        let diagnostic = Diagnostic::error("no-such-instance", span, message);
        self.report(
            diagnostic.expected("the name of a vrrp_instance").help(self.other_instances(member, members)),
        );
    }

    /// Completes one; the instances are in the model.
    pub fn complete_group(&mut self, draft: &GroupDraft, tracked: &TrackedPlaces) {
        let (mut group, mut lost): (SyncGroup, bool) = (draft.bare(), false);
        let mut taken: BTreeSet<Name> =
            self.loaded.config.sync_groups.iter().flat_map(|group| group.members.iter().cloned()).collect();
        for (member, span) in &draft.members {
            let known = self.loaded.config.instances.iter().any(|instance| instance.name == *member);
            if !known {
                lost = true;
                if self.is_lost("vrrp_instance", member) {
                    continue;
                }
                let members: Vec<&Name> = draft.members.iter().map(|(name, _)| name).collect();
                self.no_such_member((member, *span), &format!("sync group {}", draft.name), &members);
            } else if !taken.insert(member.clone()) {
                let message = format!(
                    "Virtual router {member} is in more than one sync group - ignoring it in {}",
                    draft.name
                );
                let first = draft.members.iter().find(|(name, place)| name == member && place != span);
                let first = first.and_then(|(_, place)| *place);
                self.report(
                    Diagnostic::error("given-twice", *span, message)
                        .first_at(first)
                        .help("an instance is in one group only"),
                );
            } else {
                group.members.push(member.clone());
            }
        }
        if group.members.is_empty() {
            let reason = format!("the sync group '{}' has no members", draft.name);
            self.reject(RejectedKind::SyncGroup(Some(draft.name.clone())), draft.span, reason);
            return;
        }
        // One of several that does not exist was told already.
        if group.members.len() == 1 && !lost {
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
        self.interfaces_of_both(draft, &group, tracked);
        self.owners_have_no_weights(&mut group, draft.span);
        if !group.tracking_weight {
            self.members_have_no_weights(&group, draft.span);
        }
        let global = &self.loaded.config.global;
        group.smtp_alert = group.smtp_alert.or(global.smtp_alert_vrrp).or(global.smtp_alert);
        self.loaded.config.sync_groups.push(group);
    }

    /// What a group tracks its members need not, and what a member tracks the group need not.
    fn interfaces_of_both(&mut self, draft: &GroupDraft, group: &SyncGroup, tracked: &TrackedPlaces) {
        for track in &draft.track_interfaces {
            let both = |member: &Name| {
                let place = tracked.0.get(&(member.clone(), track.name.clone()))?;
                Some((member.clone(), *place))
            };
            let mut members = group.members.iter().filter_map(both);
            let Some((member, place)) = members.next() else { continue };
            let message = format!(
                "({member}) track_interface {} is configured on VRRP instance and sync group. Remove vrrp instance \
                 or sync group config",
                track.name
            );
            let mut diagnostic = Diagnostic::error("tracked-by-group-too", track.span, message);
            for (member, place) in std::iter::once((member, place)).chain(members) {
                if let Some(place) = place {
                    diagnostic = diagnostic.related(place, format!("{member} follows it here"));
                }
            }
            self.report(diagnostic.help("remove it here: an instance takes its group with it"));
        }
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
            let has_been_told = places.is_some_and(|places| places.named_too_early);
            let by = format!("track script {}", script.name);
            if used.contains(&script.name) {
                self.need_script(&script.command, by, ScriptKind::Track, span);
                self.loaded.config.track_scripts.push(script);
            } else {
                self.need_script(&script.command, by, ScriptKind::Unused, span);
                if has_been_told {
                    continue;
                }
                let message = format!("Track script {} is not being used - removing", script.name);
                self.report(
                    Diagnostic::warning("unused-script", name, message)
                        .class(Class::Silent)
                        .help("name it in a track_script block, or remove it"),
                );
            }
        }
    }

    /// `lvs_sync_daemon_interface` of an instance: the old way to say `lvs_sync_daemon INTERFACE inst NAME`.
    pub fn sync_daemon_of(&mut self, name: &Name, interface: Option<(Name, Option<Span>)>) {
        let Some((interface, span)) = interface else { return };
        let daemon = &mut self.loaded.config.global.lvs_sync_daemon;
        let Some(known) = daemon else {
            let instance = Some(name.clone());
            *daemon = Some(LvsSyncDaemon { instance, ..LvsSyncDaemon::on(interface) });
            return;
        };
        let message = format!(
            "({name}) lvs_sync_daemon_interface has already been specified as {} - ignoring",
            known.interface
        );
        self.report(
            Diagnostic::error("given-twice", span, message).help("remove it: there is one sync daemon"),
        );
    }

    /// The instance that `lvs_sync_daemon` names must exist.
    pub fn complete_sync_daemon(&mut self) {
        let Some(LvsSyncDaemon { instance: Some(name), .. }) =
            self.loaded.config.global.lvs_sync_daemon.as_ref()
        else {
            return;
        };
        let name = &name.clone();
        if self.loaded.config.instances.iter().any(|instance| instance.name == *name) {
            return;
        }
        self.loaded.config.global.lvs_sync_daemon = None;
        if !self.is_lost("vrrp_instance", name) {
            let message = format!("Unable to find vrrp instance {name} for lvs_sync_daemon - ignoring");
            let diagnostic = Diagnostic::error("no-such-instance", self.sync_daemon_place, message);
            let help = self.other_instances(name, &[]);
            self.report(diagnostic.class(Class::Silent).expected("the name of a vrrp_instance").help(help));
        }
    }
}
