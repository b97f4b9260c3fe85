//! What strict mode makes of an instance: words that the RFCs forbid are taken back.

use std::time::Duration;

use super::Lower;
use super::instance::Draft;
use crate::config::model::{InitialState, Version};
use crate::diag::Diagnostic;
use crate::ids::Family;

impl Lower<'_> {
    /// `strict_mode`, else `vrrp_strict`.
    pub fn is_strict(&self, draft: &Draft) -> bool {
        draft.options.strict_mode.unwrap_or(self.loaded.config.global.vrrp_strict)
    }

    /// Takes back what needs no more than the words themselves, and gives the version that is left.
    pub fn strict(&mut self, draft: &mut Draft, version: Version, family: Family) -> Version {
        if !self.is_strict(draft) {
            return version;
        }
        let mut reset: Vec<(&str, &str)> = Vec::new();
        let old = family == Family::V6 && version == Version::V2;
        if old {
            reset.push(("version", "cannot use IPv6 with VRRP version 2; setting version 3"));
        }
        let version = if old { Version::V3 } else { version };
        forbidden_words(draft, version, &mut reset);
        let global = self.loaded.config.global.vrrp_down_timer_adverts;
        if draft.down_timer_adverts.unwrap_or(global) != 3 {
            reset.push((
                "down_timer_adverts",
                "down_timer_adverts is incompatible with strict mode - resetting",
            ));
            draft.down_timer_adverts = Some(3);
        }
        if draft.vmac.as_mut().is_some_and(|line| line.mac.take().is_some()) {
            reset.push(("use_vmac", "cannot specify MAC address with strict mode - clearing"));
        }
        if draft.vmac.is_some() && draft.xmit_base.take().is_some() {
            reset.push(("vmac_xmit_base", "xmit_base is incompatible with strict mode - resetting"));
        }
        if std::mem::take(&mut draft.no_addresses) {
            reset.push((
                "no_virtual_ipaddress",
                "no_virtual_ipaddress is incompatible with strict mode - resetting",
            ));
        }
        self.first_is_link_local(draft, family);
        self.strict_unicast(draft);
        draft.garp.lower_prio_repeat = Some(0);
        draft.garp.lower_prio_delay = Some(Duration::ZERO);
        draft.lower_prio_no_advert = Some(true);
        draft.higher_prio_send_advert = Some(false);
        for (keyword, why) in reset {
            self.against_strict_mode(draft, keyword, why);
        }
        version
    }

    /// The owner of the addresses begins as MASTER, and nobody else: `state` has to say so, or nothing.
    pub fn strict_state(&mut self, draft: &mut Draft, owner: bool) {
        let fitting = if owner { InitialState::Master } else { InitialState::Backup };
        if self.is_strict(draft) && draft.state.is_some_and(|state| state != fitting) {
            self.against_strict_mode(draft, "state", "State MASTER must match being address owner");
            draft.state = Some(fitting);
        }
    }

    /// keepalived 2.4 does not start with it, 2.2 takes it as it is.
    fn strict_unicast(&mut self, draft: &Draft) {
        if draft.peers.is_empty() || draft.interface.is_none() {
            return;
        }
        let message = format!("({}) Unicast peers are not supported in strict mode", draft.name);
        let place = draft.place("unicast_peer").or(draft.span);
        self.report(
            Diagnostic::error("unicast-in-strict-mode", place, message)
                .help("the instance speaks unicast all the same; remove strict_mode and vrrp_strict"),
        );
    }

    fn against_strict_mode(&mut self, draft: &Draft, keyword: &str, why: &str) {
        let message = format!("({}) {why}", draft.name);
        self.report(
            Diagnostic::warning("against-strict-mode", draft.place(keyword).or(draft.span), message)
                .help(format!("remove {keyword}, or strict_mode and vrrp_strict")),
        );
    }
}

/// Words of the election, and of authentication.
fn forbidden_words(draft: &mut Draft, version: Version, reset: &mut Vec<(&str, &str)>) {
    if draft.auth.take().is_some() {
        reset.push(("authentication", "Strict mode does not support authentication. Ignoring."));
    }
    if !std::mem::take(&mut draft.preempt_delay).is_zero() {
        reset.push(("preempt_delay", "preempt_delay is incompatible with strict mode - resetting"));
    }
    if version == Version::V2 && draft.options.accept.take().is_some() {
        reset.push((
            "accept",
            "warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting",
        ));
        draft.accept = None;
    }
    if draft.garp.lower_prio_repeat.is_some_and(|repeat| repeat != 0) {
        reset.push(("garp_lower_prio_repeat", "Strict mode requires no repeat garps. resetting"));
    }
    if draft.garp.lower_prio_delay.is_some_and(|delay| !delay.is_zero()) {
        reset.push(("garp_lower_prio_delay", "Strict mode requires no repeat garp delay. resetting"));
    }
    if draft.lower_prio_no_advert == Some(false) {
        reset.push(("lower_prio_no_advert", "Strict mode requires no lower priority advert. resetting"));
    }
    if draft.higher_prio_send_advert == Some(true) {
        reset.push((
            "higher_prio_send_advert",
            "strict mode requires higher_prio_send_advert to be clear. resetting",
        ));
    }
}
