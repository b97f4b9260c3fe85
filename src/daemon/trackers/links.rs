//! `linkbeat_interfaces`: drivers are asked for the state of their links once a second.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::watching::Source;
use crate::config::model::Config;
use crate::config::model::interface::LinkbeatWay;
use crate::ids::Name;
use crate::kernel::clock;
use crate::kernel::link_beat::{LinkBeat, Way};
use crate::report::{Ident, Line, emit};
use crate::time::Mono;
use crate::track::news::News;

/// From one question to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// The source.
#[derive(Default)]
pub struct PolledLinks {
    drivers: Option<LinkBeat>,
    links: BTreeMap<Name, Link>,
    next: Option<Mono>,
}

struct Link {
    wanted: Option<LinkbeatWay>,
    /// What its driver answers to; `None` until that is known.
    way: Option<Way>,
    /// What was told last.
    up: Option<bool>,
}

impl PolledLinks {
    fn ask(&mut self, out: &mut Vec<News>) {
        let Some(drivers) = &self.drivers else { return };
        for (name, link) in &mut self.links {
            let answer = link.ask(name, drivers);
            // One that is not there is up or down for nobody: the kernel tells of that.
            if let Some(up) = answer
                && link.up != answer
            {
                out.push(News::Link { name: name.clone(), up });
            }
            link.up = answer;
        }
    }
}

impl Link {
    fn ask(&mut self, name: &Name, drivers: &LinkBeat) -> Option<bool> {
        if let Some(way) = self.way
            && let Ok(up) = drivers.ask(name, way)
        {
            return Some(up);
        }
        // It may be another device by that name.
        self.way = None;
        let wanted = self.wanted.map(way_of);
        for way in wanted.into_iter().chain([Way::Mii, Way::Ethtool, Way::Flags]) {
            match drivers.ask(name, way) {
                Ok(up) => {
                    if let Some(wanted) = wanted.filter(|wanted| *wanted != way) {
                        let (wanted, way) = (word(wanted), word(way));
                        let text = format!(
                            "({name}): Configured linkbeat type {wanted} not supported, using {way}"
                        );
                        emit(Ident::Vrrp, Line::info(text));
                    }
                    self.way = Some(way);
                    return Some(up);
                }
                Err(error) if is_absent(&error) => return None,
                Err(_) => {}
            }
        }
        None
    }
}

impl Source for PolledLinks {
    fn is_wanted(config: &Config) -> bool {
        !config.polled_links().is_empty()
    }

    fn configure(&mut self, config: &Config, out: &mut Vec<News>) {
        let mut before = std::mem::take(&mut self.links);
        for (name, wanted) in config.polled_links() {
            let link = before.remove(&name).filter(|link| link.wanted == wanted);
            self.links.insert(name, link.unwrap_or(Link { wanted, way: None, up: None }));
        }
        if self.links.is_empty() {
            (self.drivers, self.next) = (None, None);
            return;
        }
        if self.drivers.is_none() {
            match LinkBeat::open() {
                Ok(drivers) => self.drivers = Some(drivers),
                Err(error) => {
                    let text = format!("open linkbeat init socket failed - {error}");
                    emit(Ident::Vrrp, Line::error(text));
                }
            }
            emit(Ident::Vrrp, Line::info("Using MII-BMSR/ETHTOOL NIC polling thread(s)..."));
        }
        self.ask(out);
        self.next = Some(clock::now() + PAUSE);
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn deadline(&self) -> Option<Mono> {
        self.next
    }

    fn turn(&mut self, now: Mono, out: &mut Vec<News>) {
        if self.next.is_some_and(|at| at <= now) {
            self.ask(out);
            self.next = Some(clock::now() + PAUSE);
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENODEV)
}

fn way_of(wanted: LinkbeatWay) -> Way {
    match wanted {
        LinkbeatWay::Mii => Way::Mii,
        LinkbeatWay::Ethtool => Way::Ethtool,
        LinkbeatWay::Ioctl => Way::Flags,
    }
}

fn word(way: Way) -> &'static str {
    match way {
        Way::Mii => "MII",
        Way::Ethtool => "ETHTOOL",
        Way::Flags => "IOCTL",
    }
}
