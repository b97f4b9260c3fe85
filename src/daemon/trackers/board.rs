//! Where everything goes that is told of tracked objects, whoever tells it: to VRRP, and to the load balancer. Who starts
//! later finds what was told before.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::config::model::Config;
use crate::daemon::timing;
use crate::track::news::{News, Standing};
use crate::vrrp::event::Event;

/// The one input for the state of tracked objects.
#[derive(Clone, Debug, Default)]
pub struct Board {
    standing: watch::Sender<Standing>,
    /// Held while the standing is read for it: nothing is told in between.
    vrrp: Arc<Mutex<Option<timing::Commands>>>,
}

impl Board {
    /// From a task. Waits where VRRP has much to do; the load balancer looks when it can.
    pub async fn tell(&self, news: News) {
        if let Some(vrrp) = self.note(&news) {
            // One that has ended follows nothing any more.
            let _ = vrrp.send(timing::Command::Tracked(event(news))).await;
        }
    }

    /// The same from a thread that is none of the runtime's workers.
    pub fn tell_blocking(&self, news: News) {
        if let Some(vrrp) = self.note(&news) {
            let _ = vrrp.send_blocking(timing::Command::Tracked(event(news)));
        }
    }

    fn note(&self, news: &News) -> Option<timing::Commands> {
        let vrrp = self.vrrp.lock().unwrap_or_else(PoisonError::into_inner);
        self.standing.send_if_modified(|standing| standing.take(news.clone()));
        vrrp.clone()
    }

    /// VRRP hears of everything from now on; what was told until now.
    pub fn admit_vrrp(&self, commands: timing::Commands) -> Vec<Event<'static>> {
        let mut vrrp = self.vrrp.lock().unwrap_or_else(PoisonError::into_inner);
        *vrrp = Some(commands);
        self.standing.borrow().iter().cloned().map(event).collect()
    }

    /// The standing as it changes.
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Another configuration is in force.
    pub fn follow(&self, config: &Config) {
        self.standing.send_if_modified(|standing| {
            standing.forget_others(config);
            false
        });
    }
}

/// As VRRP hears it.
fn event(news: News) -> Event<'static> {
    match news {
        News::Script { name, healthy } => Event::Script { name, healthy },
        News::File { name, value } => Event::File { name, value },
        News::Process { name, quorate } => Event::Process { name, quorate },
        News::Bfd { name, up } => Event::Bfd { name, up },
        News::Link { name, up } => Event::Link { name, up },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::TrackFile;
    use crate::daemon::commands::{Commands, Post};

    fn file(value: i32) -> News {
        News::File { name: "f".into(), value }
    }

    fn session(up: bool) -> News {
        News::Bfd { name: "b".into(), up }
    }

    /// What is in a standing.
    fn all(receiver: &mut watch::Receiver<Standing>) -> Vec<News> {
        receiver.borrow_and_update().iter().cloned().collect()
    }

    #[tokio::test]
    async fn both_parts_hear_of_everything_whenever_they_start() {
        let board = Board::default();
        board.tell(session(true)).await;
        let mut balancer = board.watch();
        assert_eq!(all(&mut balancer), [session(true)]);
        board.tell(file(1)).await;
        assert!(balancer.has_changed().unwrap());
        assert_eq!(all(&mut balancer), [file(1), session(true)]);
        board.tell(file(1)).await;
        assert!(!balancer.has_changed().unwrap(), "no news");

        let (vrrp, mut inbox) = Commands::new().unwrap();
        let known = board.admit_vrrp(vrrp);
        let expected = "[File { name: \"f\", value: 1 }, Bfd { name: \"b\", up: true }]";
        assert_eq!(format!("{known:?}"), expected);
        board.tell(session(false)).await;
        match inbox.next() {
            Some(Post::Command(timing::Command::Tracked(Event::Bfd { name, up: false }))) => {
                assert_eq!(&*name, "b");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(all(&mut balancer), [file(1), session(false)]);
        // A driver that has ended holds up nobody.
        drop(inbox);
        for nth in 0..200 {
            board.tell(file(nth)).await;
        }
        assert_eq!(all(&mut balancer), [file(199), session(false)]);
    }

    #[tokio::test]
    async fn what_is_not_configured_any_more_is_forgotten() {
        let board = Board::default();
        board.tell(file(3)).await;
        board.tell(session(true)).await;
        let mut balancer = board.watch();
        let kept = TrackFile { name: "f".into(), path: "/f".into(), weight: 1, reverse: false, init: None };
        board.follow(&Config { track_files: vec![kept], ..Config::default() });
        assert_eq!(all(&mut balancer), [file(3)]);
    }
}
