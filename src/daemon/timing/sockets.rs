//! Which instance speaks and listens where: pairs of raw sockets, shared by instances that need the same.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::net::IpAddr;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::receive_buffers::asked_for;
use super::slots::Slots;
use crate::config::model::process::Buffers;
use crate::config::model::{Auth, VrrpInstance};
use crate::ids::{ANY_INTERFACE, Name};
use crate::kernel::poller::Poller;
use crate::kernel::raw::{
    Device, Mode, Outgoing, Protocol, Received, Room, SocketSpec, TOGETHER, VrrpSocket,
};
use crate::objects::interface::Interfaces;
use crate::vrrp::action::InstanceId;

/// One open pair.
struct Open {
    socket: VrrpSocket,
    /// The interface by which its packets come in.
    listens_on: crate::ids::IfIndex,
    receive_buffer: Option<u32>,
}

/// All of them.
pub(super) struct Sockets {
    /// By the poller's token.
    open: FxHashMap<u64, Open>,
    tokens: BTreeMap<SocketSpec, u32>,
    by_instance: Slots<Route>,
    next_token: u32,
    /// Those whose last advert could not be sent, and the error, so that it is told once.
    failing: HashMap<InstanceId, i32>,
    /// Who has no sockets because of an error, so that it is told once.
    without: HashMap<InstanceId, Option<i32>>,
}

struct Route {
    /// The poller's, which are few: there is one of this for each of thousands.
    token: u32,
    /// `None` is that of its family.
    ttl: Option<u8>,
    /// At the last [`Sockets::open_needed`].
    needed: bool,
}

/// An advert of an instance. Whose TTL that of the configuration is put into.
pub(super) struct Advert<'a> {
    pub instance: InstanceId,
    pub packet: Outgoing<'a>,
}

/// What an instance needs to be reached: its configuration and its source address.
pub(super) struct Need<'a> {
    pub id: InstanceId,
    pub config: &'a VrrpInstance,
    pub source: Option<IpAddr>,
}

impl Sockets {
    /// Tokens of the poller from `first_token` on are ours.
    pub fn new(first_token: u32) -> Self {
        Sockets {
            open: FxHashMap::default(),
            tokens: BTreeMap::new(),
            by_instance: Slots::default(),
            next_token: first_token,
            failing: HashMap::new(),
            without: HashMap::new(),
        }
    }

    /// Opens what is needed and not there. What could not be opened is tried again at the next call, and
    /// returned unless it failed the same way before. An instance that needs nothing any more keeps its way out until [`Sockets::close_unneeded`]: it
    /// may still have to resign.
    pub fn open_needed<'a>(
        &mut self,
        poller: &Poller,
        needs: impl Iterator<Item = Need<'a>>,
        interfaces: &Interfaces,
        buffers: &Buffers,
    ) -> Vec<(Name, io::Error)> {
        let mut errors = Vec::new();
        let known = std::mem::take(&mut self.without);
        self.by_instance.values_mut().for_each(|route| route.needed = false);
        let needs: Vec<(Need<'_>, SocketSpec)> = needs
            .filter_map(|need| {
                let spec = spec(need.config, need.source, interfaces)?;
                Some((need, spec))
            })
            .collect();
        let mut sizes: BTreeMap<SocketSpec, u32> = BTreeMap::new();
        for (need, spec) in &needs {
            let mtu = interfaces.get(&need.config.interface).map_or(0, |interface| interface.mtu);
            let bytes = asked_for(need.config, buffers, mtu);
            if bytes > 0 {
                let size = sizes.entry(spec.clone()).or_default();
                *size = size.saturating_add(bytes);
            }
        }
        for (need, spec) in needs {
            let receive_buffer = sizes.get(&spec).copied();
            let token = match self.ensure(poller, spec, receive_buffer) {
                Ok(token) => token,
                Err(error) => {
                    let errno = error.raw_os_error();
                    self.without.insert(need.id, errno);
                    if known.get(&need.id) != Some(&errno) {
                        errors.push((need.config.name.clone(), error));
                    }
                    continue;
                }
            };
            let ttl = need.config.unicast_ttl.filter(|_| !need.config.unicast_peers.is_empty());
            self.failing.remove(&need.id);
            self.by_instance.put(need.id, Some(Route { token, ttl, needed: true }));
        }
        errors
    }

    /// Something that is needed could not be opened.
    pub fn incomplete(&self) -> bool {
        !self.without.is_empty()
    }

    /// Closes what nobody needs since the last [`Sockets::open_needed`].
    pub fn close_unneeded(&mut self, poller: &Poller) {
        self.by_instance.retain(|route| route.needed);
        self.failing.retain(|id, _| self.by_instance.get(*id).is_some());
        let used: HashSet<u32> = self.by_instance.values().map(|route| route.token).collect();
        self.tokens.retain(|_, token| used.contains(token));
        for (_, open) in
            self.open.extract_if(|token, _| !u32::try_from(*token).is_ok_and(|token| used.contains(&token)))
        {
            // Closing it takes it out of the set as well; a failure here leaves nothing behind.
            open.socket.receivers().for_each(|receiver| drop(poller.remove(&receiver)));
        }
    }

    /// Opens a pair, unless it is open, and gives its token; its receive buffer may change.
    fn ensure(
        &mut self,
        poller: &Poller,
        spec: SocketSpec,
        receive_buffer: Option<u32>,
    ) -> io::Result<u32> {
        if let Some(token) = self.tokens.get(&spec).copied() {
            if let Some(open) = self.open.get_mut(&u64::from(token))
                && open.receive_buffer != receive_buffer
            {
                open.socket.set_receive_buffer(receive_buffer)?;
                open.receive_buffer = receive_buffer;
            }
            return Ok(token);
        }
        let socket = VrrpSocket::open(&spec, receive_buffer)?;
        let token = self.next_token;
        socket.receivers().try_for_each(|receiver| poller.add(&receiver, token.into()))?;
        self.next_token += 1;
        self.open.insert(token.into(), Open { socket, listens_on: spec.listen.index, receive_buffer });
        self.tokens.insert(spec, token);
        Ok(token)
    }

    /// Takes the next packet of the socket with this token, or `several` with one call, each with the interface that it
    /// came in by; false when there are no more for now.
    pub fn receive(
        &self,
        token: u64,
        several: bool,
        room: &mut Room,
        mut each: impl FnMut(crate::ids::IfIndex, Received<'_>),
    ) -> io::Result<bool> {
        let Some(open) = self.open.get(&token) else { return Ok(false) };
        let each = |received: Received<'_>| each(open.listens_on, received);
        if several { open.socket.receive_several(room, each) } else { open.socket.receive_one(room, each) }
    }

    /// Sends these adverts, in order; those that follow each other on one socket together. An error is told once,
    /// until another one or a success follows.
    pub fn send<'a>(
        &mut self,
        adverts: impl Iterator<Item = Advert<'a>>,
        mut failed: impl FnMut(InstanceId, io::Error),
    ) {
        let mut batch = Batch::default();
        for advert in adverts {
            let Some(Route { token, ttl, .. }) = self.by_instance.get(advert.instance) else { continue };
            let (token, ttl) = (u64::from(*token), *ttl);
            if batch.packets.len() == TOGETHER || batch.token != token {
                self.send_batch(&mut batch, &mut failed);
                batch.token = token;
            }
            batch.instances.push(advert.instance);
            batch.packets.push(Outgoing { ttl, ..advert.packet });
        }
        self.send_batch(&mut batch, &mut failed);
    }

    fn send_batch(&mut self, batch: &mut Batch<'_>, failed: &mut impl FnMut(InstanceId, io::Error)) {
        let mut next = 0;
        while let Some(rest) = batch.packets.get(next..).filter(|rest| !rest.is_empty())
            && let Some(open) = self.open.get(&batch.token)
        {
            let result = open.socket.send(rest);
            let sent = result.as_ref().copied().unwrap_or(0);
            if !self.failing.is_empty() {
                for instance in batch.instances.iter().skip(next).take(sent) {
                    self.set_error(*instance, None);
                }
            }
            next += sent;
            // The others do not suffer for one that cannot be sent.
            if sent == 0 {
                let error = result.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into());
                if let Some(instance) = batch.instances.get(next)
                    && self.set_error(*instance, error.raw_os_error())
                {
                    failed(*instance, error);
                }
                next += 1;
            }
        }
        batch.instances.clear();
        batch.packets.clear();
    }

    /// What came of the last advert of an instance; true where it is an error, and another one than before.
    fn set_error(&mut self, instance: InstanceId, error: Option<i32>) -> bool {
        let error = error.filter(|_| self.by_instance.get(instance).is_some());
        let Some(error) = error else {
            self.failing.remove(&instance);
            return false;
        };
        self.failing.insert(instance, error) != Some(error)
    }
}

/// Adverts that leave together.
#[derive(Default)]
struct Batch<'a> {
    token: u64,
    instances: SmallVec<[InstanceId; TOGETHER]>,
    packets: SmallVec<[Outgoing<'a>; TOGETHER]>,
}

/// Adverts are received on the parent of a VMAC, whatever they leave by: its multicast membership is then
/// the parent's, and no report with the virtual MAC leaves a backup. Those that the kernel gives to the
/// VMAC, because they come from its own MAC, are heard there as well.
fn spec(config: &VrrpInstance, source: Option<IpAddr>, interfaces: &Interfaces) -> Option<SocketSpec> {
    let device = |name: &Name| match interfaces.get(name) {
        Some(found) => Some(Device { name: found.name.clone(), index: found.index, mac: found.mac }),
        // Unicast by whatever interface leads to the peers.
        None if name.is_empty() => Some(Device { name: name.clone(), index: ANY_INTERFACE, mac: None }),
        None => None,
    };
    let listen = device(config.listens_on())?;
    let transmit = match &config.vmac {
        Some(vmac) if !vmac.xmit_base && config.unicast_peers.is_empty() => device(&vmac.name)?,
        _ => listen.clone(),
    };
    let mode = match (config.unicast_peers.is_empty(), source) {
        (true, _) => Mode::Multicast(config.multicast_group),
        (false, Some(own)) => Mode::Unicast(own),
        (false, None) => return None,
    };
    let vmac = config.vmac.as_ref().and_then(|vmac| device(&vmac.name));
    let protocol = if matches!(config.auth, Some(Auth::Ah(_))) { Protocol::Ah } else { Protocol::Vrrp };
    Some(SocketSpec { listen, transmit, vmac, mode, protocol })
}
