//! Is there enough live weight? With hysteresis, so that one server at the edge does not flap the
//! whole service.

use crate::config::model::VirtualServer;

/// The quorum of one service.
#[derive(Clone, Debug)]
pub struct Quorum {
    need: u64,
    hysteresis: u64,
    up: bool,
}

/// The numbers that a change of quorum is explained with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Balance {
    pub quorum: u64,
    pub hysteresis: u64,
    /// The sum of the weights of the servers that are up.
    pub live: u64,
}

impl Quorum {
    /// Not yet gained.
    pub fn new(server: &VirtualServer) -> Self {
        let mut quorum = Quorum { need: 1, hysteresis: 0, up: false };
        quorum.adopt(server);
        quorum
    }

    /// Takes the thresholds of a new configuration. As keepalived: a quorum above the total weight is
    /// lowered to it, a hysteresis that reaches the quorum to one below.
    pub fn adopt(&mut self, server: &VirtualServer) {
        let total: u64 = server.real_servers.iter().map(|real| u64::from(real.weight)).sum();
        self.need = u64::from(server.quorum).min(total).max(1);
        self.hysteresis = u64::from(server.hysteresis).min(self.need - 1);
    }

    /// Whether there is a quorum, as last judged.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Judges the live weight anew; answers whether the state changed.
    pub fn judge(&mut self, live: u64) -> bool {
        let was = self.up;
        if self.up {
            self.up = live > 0 && live >= self.need - self.hysteresis;
        } else {
            self.up = live >= self.need + self.hysteresis;
        }
        self.up != was
    }

    /// The numbers behind the present state.
    pub fn balance(&self, live: u64) -> Balance {
        Balance { quorum: self.need, hysteresis: self.hysteresis, live }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorum(need: u64, hysteresis: u64) -> Quorum {
        Quorum { need, hysteresis, up: false }
    }

    #[test]
    fn gained_above_and_lost_below_the_slack() {
        let mut quorum = quorum(3, 1);
        let states: Vec<_> = [3, 4, 3, 2, 1, 2, 3, 4]
            .into_iter()
            .map(|live| {
                quorum.judge(live);
                quorum.is_up()
            })
            .collect();
        assert_eq!(states, [false, true, true, true, false, false, false, true]);
    }

    #[test]
    fn nothing_alive_is_never_a_quorum() {
        let mut quorum = quorum(1, 0);
        assert!(!quorum.judge(0));
        assert!(quorum.judge(1));
        assert!(quorum.judge(0));
        assert!(!quorum.is_up());
    }
}
