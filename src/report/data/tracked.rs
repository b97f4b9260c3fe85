//! What instances track: scripts, files, processes, BFD sessions.

use super::instance::{reverse, weight};
use super::page::{Page, seconds};
use super::{Host, words};
use crate::config::model::track::ParameterMatch;
use crate::config::model::{Config, TrackFile, Tracked, TrackedObjects, VrrpInstance};
use crate::ids::Name;
use crate::track::news::Standing;

/// An object's list within those that an instance or a group tracks.
type Kind = fn(&TrackedObjects) -> &[Tracked];

pub(super) fn write(page: &mut Page, config: &Config, standing: &Standing, host: &Host<'_>) {
    write_scripts(page, config, standing, host);
    write_files(page, config, standing);
    write_processes(page, config, standing);
    write_bfds(page, config);
}

fn write_scripts(page: &mut Page, config: &Config, standing: &Standing, host: &Host<'_>) {
    if !config.track_scripts.is_empty() {
        page.title("VRRP Scripts");
    }
    for script in &config.track_scripts {
        page.value("VRRP Script", &script.name);
        page.field("Command", words(&script.command));
        page.field("Interval", format_args!("{} sec", seconds(script.interval)));
        page.field("Timeout", format_args!("{} sec", seconds(script.timeout)));
        page.field("Weight", format_args!("{}{}", script.weight, reverse(script.reverse)));
        page.field("Rise", script.rise);
        page.field("Fall", script.fall);
        let healthy = standing.script(&script.name);
        if healthy.is_none() {
            page.field("Init state", if script.init_fail { "INIT FAILED" } else { "INIT" });
        }
        page.field("Status", if healthy == Some(true) { "GOOD" } else { "BAD" });
        let (uid, gid) = (host.account)(Some(&script.command));
        page.field("Script uid:gid", format_args!("{uid}:{gid}"));
        let of_group = config.sync_groups.iter().map(|group| (&group.members, &*group.track_scripts));
        write_trackers(page, config, &script.name, of_group.collect(), |instance| &instance.track_scripts);
        page.field("State", if host.running.contains(&script.name) { "running" } else { "idle" });
    }
}

fn write_files(page: &mut Page, config: &Config, standing: &Standing) {
    // One that nobody tracks is not watched.
    let used = |file: &&TrackFile| {
        let used = |objects: &TrackedObjects| find(&objects.files, &file.name).is_some();
        config.instances.iter().any(|instance| used(&instance.options.tracked))
            || config.sync_groups.iter().any(|group| used(&group.options.tracked))
    };
    let mut files = config.track_files.iter().filter(used).peekable();
    if files.peek().is_some() {
        page.title("VRRP Track files");
    }
    for file in files {
        page.value("Track file", &file.name);
        page.field("File", &file.path);
        if let Some(value) = standing.file(&file.name) {
            page.field("Status", value);
        }
        page.field("Weight", format_args!("{}{}", file.weight, reverse(file.reverse)));
        write_users(page, config, &file.name, |objects| &objects.files);
    }
}

fn write_processes(page: &mut Page, config: &Config, standing: &Standing) {
    if !config.track_processes.is_empty() {
        page.title("VRRP Track processes");
    }
    for process in &config.track_processes {
        page.value("VRRP Track process", &process.name);
        page.field("Process", &process.process);
        if !process.parameters.is_empty() {
            page.field("Parameters", process.parameters.join(" "));
            match process.parameter_match {
                ParameterMatch::Any => {}
                ParameterMatch::Exact => page.field("Param match", "exact"),
                ParameterMatch::Initial => page.field("Param match", "initial"),
                ParameterMatch::Partial => page.field("Param match", "partial"),
            }
        }
        page.field("Min processes", process.quorum);
        if let Some(most) = process.quorum_max {
            page.field("Max processes", most);
        }
        if let Some(quorate) = standing.process(&process.name) {
            page.field("Have quorum", quorate);
        }
        page.field("Weight", format_args!("{}{}", process.weight, reverse(process.reverse)));
        page.field("Terminate delay", format_args!("{:.6}s", process.terminate_delay.as_secs_f64()));
        page.field("Fork delay", format_args!("{:.6}s", process.fork_delay.as_secs_f64()));
        page.field("Full command", process.full_command);
        write_users(page, config, &process.name, |objects| &objects.processes);
    }
}

fn write_bfds(page: &mut Page, config: &Config) {
    let mut bfds = config.bfd_instances.iter().filter(|bfd| bfd.for_vrrp).peekable();
    if bfds.peek().is_some() {
        page.title("VRRP Track BFDs");
    }
    for bfd in bfds {
        page.value("VRRP Track BFD", &bfd.name);
        page.field("Weight", format_args!("{}{}", bfd.weight, reverse(bfd.reverse)));
        write_users(page, config, &bfd.name, |objects| &objects.bfds);
    }
}

fn find<'a>(list: &'a [Tracked], name: &Name) -> Option<&'a Tracked> {
    list.iter().find(|tracked| tracked.name == *name)
}

fn write_users(page: &mut Page, config: &Config, name: &Name, kind: Kind) {
    let of_group =
        config.sync_groups.iter().map(|group| (&group.members, kind(&group.options.tracked))).collect();
    write_trackers(page, config, name, of_group, |instance| kind(&instance.options.tracked));
}

/// Who tracks it, with which weight: what a sync group tracks, all its members do.
fn write_trackers<'a>(
    page: &mut Page,
    config: &'a Config,
    name: &Name,
    groups: Vec<(&'a Vec<Name>, &'a [Tracked])>,
    own: impl Fn(&'a VrrpInstance) -> &'a [Tracked],
) {
    let by_group = |instance: &VrrpInstance| {
        let (_, list) = groups.iter().find(|(members, _)| members.contains(&instance.name))?;
        find(list, name)
    };
    let trackers = config.instances.iter().filter_map(|instance| {
        let tracked = by_group(instance).or_else(|| find(own(instance), name))?;
        Some(format!("{}, {}", instance.name, weight(tracked)))
    });
    page.list("Tracking instances :", trackers);
}
