//! The addresses of an instance as a whole: one family, each once, and at least one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Lower;
use super::address::Address;
use super::address_vmacs::Carrier;
use super::instance::Draft;
use super::instance_rules::VmacNames;
use crate::config::model::options::AddressVmac;
use crate::config::model::{Version, VirtualAddress};
use crate::config::policy::RejectedKind;
use crate::diag::{Diagnostic, Span};
use crate::ids::{Family, Name};

/// Further places of one mistake that are shown.
const MOST_SHOWN: usize = 3;

impl Lower<'_> {
    /// `false`: the instance cannot be without an address.
    pub fn without_addresses(&mut self, draft: &Draft, version: Version) -> bool {
        if version == Version::V3 || self.is_strict(draft) {
            self.refuse(
                draft,
                "No VIP specified; at least one is required",
                ("virtual_ipaddress", "{ IP }"),
            );
            return false;
        }
        let consequence = format!("({}) has no address", draft.name);
        if self.follows(&draft.causes, &["virtual_ipaddress"], &consequence) {
            return true;
        }
        let message = format!("({}) No VIP specified; at least one is sensible", draft.name);
        self.report(
            Diagnostic::warning("no-address", draft.span, message)
                .expected("virtual_ipaddress { IP }")
                .help("no_virtual_ipaddress says that it is meant"),
        );
        true
    }

    /// Both lists, without what is wrong in them: those of the adverts, and the others; and the devices for them.
    pub fn address_lists(
        &mut self,
        draft: &Draft,
        carrier: &Carrier<'_>,
        taken: &mut VmacNames,
    ) -> (Vec<VirtualAddress>, Vec<VirtualAddress>, Vec<AddressVmac>) {
        let (name, family) = (&draft.name, carrier.family);
        let mut kept: Vec<Address> = Vec::with_capacity(draft.addresses.len());
        let mut seen: BTreeMap<(IpAddr, Option<Name>), Option<Span>> = BTreeMap::new();
        let lists = [(&draft.addresses, true), (&draft.excluded, false)];
        let (mut split, mut foreign) = (0, Vec::new());
        for (list, in_advert) in lists {
            for address in list {
                let ip = address.net.addr();
                if in_advert && Family::of(ip) != family {
                    foreign.push(address);
                    let reason = format!("the address {ip} of '{name}' has the wrong family");
                    self.reject(RejectedKind::Address(name.clone(), Some(ip)), address.span, reason);
                    continue;
                }
                if carrier.interface.is_empty() && address.dev.is_none() {
                    let message =
                        format!("({name}) without interface, and the address {ip} has none - ignoring");
                    self.report(
                        Diagnostic::error("missing-parameter", address.span, message).expected("dev NAME"),
                    );
                    continue;
                }
                let key = (ip, address.dev.clone());
                if let Some(first) = seen.get(&key) {
                    let message = format!("({name}) the address {ip} stands twice; the second is ignored");
                    self.report(Diagnostic::warning("given-twice", address.span, message).first_at(*first));
                } else {
                    seen.insert(key, address.span);
                    kept.push(address.clone());
                }
            }
            if in_advert {
                split = kept.len();
            }
        }
        self.foreign_addresses(name, family, &foreign);
        let mut devices = Vec::new();
        let mut addresses: Vec<VirtualAddress> =
            kept.into_iter().map(|address| self.placed(carrier, address, &mut devices, taken)).collect();
        let excluded = addresses.split_off(split);
        (addresses, excluded, devices)
    }

    /// Addresses of the other family, however many, are one mistake.
    fn foreign_addresses(&mut self, name: &Name, family: Family, foreign: &[&Address]) {
        let Some((first, others)) = foreign.split_first() else { return };
        let message =
            format!("({name}): address family must match VRRP instance [{}] - ignoring", first.net);
        let mut diagnostic = Diagnostic::error("wrong-family", first.span, message)
            .expected(format!("an {family} address"))
            .help(match others.len() {
                0 => "virtual_ipaddress_excluded takes both families".to_owned(),
                more => format!("so are {more} more; virtual_ipaddress_excluded takes both families"),
            });
        for place in others.iter().filter_map(|other| other.span).take(MOST_SHOWN) {
            diagnostic = diagnostic.related(place, "this one, too");
        }
        self.report(diagnostic);
    }

    /// What an RFC says of the first address of IPv6; without strict mode nobody minds.
    pub fn first_is_link_local(&mut self, draft: &Draft, family: Family) {
        let Some(first) = draft.addresses.first().filter(|_| family == Family::V6) else { return };
        if matches!(first.net.addr(), IpAddr::V6(address) if !address.is_unicast_link_local()) {
            let message = format!("({}) the first IPv6 VIP address must be link local", draft.name);
            self.report(
                Diagnostic::error("first-not-link-local", first.span, message)
                    .expected("an address of fe80::/10")
                    .help("strict_mode asks for it; the instance runs all the same"),
            );
        }
    }
}
