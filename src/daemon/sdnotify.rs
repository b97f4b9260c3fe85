//! What systemd is told.
//!
//! keepalived speaks only when its parent is process 1 and is called systemd. We speak whenever
//! `NOTIFY_SOCKET` is set: whoever sets it wants to hear (containers, `systemd-notify` look-alikes,
//! tests), and a forked daemon under `Type=notify` with `NotifyAccess=all` works too.

use std::time::Duration;

use sd_notify::NotifyState;

/// The service manager, or nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceManager;

impl ServiceManager {
    /// The daemon runs: all parts have read their configuration.
    pub fn ready(self, status: &str) {
        send(&[NotifyState::Ready, NotifyState::MainPid(std::process::id()), NotifyState::Status(status)]);
    }

    /// A reload begins. With the time stamp that `Type=notify-reload` needs; [`ready`](Self::ready)
    /// ends it.
    pub fn reloading(self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => send(&[NotifyState::Reloading, now, NotifyState::Status("Reloading")]),
            Err(_) => send(&[NotifyState::Reloading, NotifyState::Status("Reloading")]),
        }
    }

    /// The daemon is ending in good order.
    pub fn stopping(self) {
        send(&[NotifyState::Stopping, NotifyState::Status("Stopping")]);
    }

    /// The line that `systemctl status` shows.
    pub fn status(self, text: &str) {
        send(&[NotifyState::Status(text)]);
    }

    /// The daemon ends because it cannot run: the reason as an errno, and in words.
    pub fn failed(self, errno: u32, text: &str) {
        send(&[NotifyState::Errno(errno), NotifyState::Status(text)]);
    }

    /// We are alive.
    pub fn watchdog(self) {
        send(&[NotifyState::Watchdog]);
    }

    /// How often [`watchdog`](Self::watchdog) is to be called: twice in the time that the unit allows
    /// (`WatchdogSec`). `None`: nobody watches us.
    pub fn watchdog_interval(self) -> Option<Duration> {
        sd_notify::watchdog_enabled().map(|allowed| allowed / 2)
    }
}

fn send(states: &[NotifyState<'_>]) {
    // A service manager that does not listen is no reason to do anything differently.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}
