//! What is told of tracked objects, whoever follows them.

use std::collections::BTreeMap;

use crate::config::model::Config;
use crate::ids::Name;

/// One object has changed, or was looked at for the first time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// A track script has a new settled result (after rise and fall).
    Script { name: Name, healthy: bool },
    /// A `track_file` has this number in it; 0 where it is missing or empty.
    File { name: Name, value: i32 },
    /// Of a `vrrp_track_process` as many run as should (after its delays), or not.
    Process { name: Name, quorate: bool },
    /// A BFD session came up or went down.
    Bfd { name: Name, up: bool },
    /// The driver of an interface says that its link has a beat, or none.
    Link { name: Name, up: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Script,
    File,
    Process,
    Bfd,
    Link,
}

impl News {
    fn object(&self) -> (Kind, Name) {
        match self {
            News::Script { name, .. } => (Kind::Script, name.clone()),
            News::File { name, .. } => (Kind::File, name.clone()),
            News::Process { name, .. } => (Kind::Process, name.clone()),
            News::Bfd { name, .. } => (Kind::Bfd, name.clone()),
            News::Link { name, .. } => (Kind::Link, name.clone()),
        }
    }
}

/// What was told last of each object: for whoever begins to follow them.
#[derive(Clone, Debug, Default)]
pub struct Standing(BTreeMap<(Kind, Name), News>);

impl Standing {
    /// Takes the news; whether they are some.
    pub fn take(&mut self, news: News) -> bool {
        self.0.insert(news.object(), news.clone()).as_ref() != Some(&news)
    }

    /// Whether a track script is well; `None` before its first result.
    pub fn script(&self, name: &Name) -> Option<bool> {
        match self.0.get(&(Kind::Script, name.clone())) {
            Some(News::Script { healthy, .. }) => Some(*healthy),
            _ => None,
        }
    }

    /// The number in a `track_file`.
    pub fn file(&self, name: &Name) -> Option<i32> {
        match self.0.get(&(Kind::File, name.clone())) {
            Some(News::File { value, .. }) => Some(*value),
            _ => None,
        }
    }

    /// Whether of a tracked process as many run as should.
    pub fn process(&self, name: &Name) -> Option<bool> {
        match self.0.get(&(Kind::Process, name.clone())) {
            Some(News::Process { quorate, .. }) => Some(*quorate),
            _ => None,
        }
    }

    /// All of it.
    pub fn iter(&self) -> impl Iterator<Item = &News> {
        self.0.values()
    }

    /// Forgets what the configuration does not name; one of the same name starts without a result.
    pub fn forget_others(&mut self, config: &Config) {
        let links = config.polled_links();
        self.0.retain(|(kind, name), _| match kind {
            Kind::Link => links.contains_key(name),
            Kind::Script => config.track_scripts.iter().any(|one| one.name == *name),
            Kind::File => config.track_files.iter().any(|one| one.name == *name),
            Kind::Process => config.track_processes.iter().any(|one| one.name == *name),
            Kind::Bfd => config.bfd_instances.iter().any(|one| one.name == *name),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::TrackFile;

    #[test]
    fn the_last_word_of_what_is_configured_stands() {
        let mut standing = Standing::default();
        let file = |name: &str, value| News::File { name: name.into(), value };
        let session = |up| News::Bfd { name: "a".into(), up };
        assert!(standing.take(file("a", 1)) && standing.take(file("b", 1)) && standing.take(session(true)));
        assert!(!standing.take(file("a", 1)), "no news");
        assert!(standing.take(file("a", 2)) && standing.take(session(false)));
        assert_eq!(
            standing.iter().cloned().collect::<Vec<_>>(),
            [file("a", 2), file("b", 1), session(false)]
        );
        let kept = TrackFile { name: "a".into(), path: "/a".into(), weight: 1, reverse: false, init: None };
        standing.forget_others(&Config { track_files: vec![kept], ..Config::default() });
        assert_eq!(standing.iter().cloned().collect::<Vec<_>>(), [file("a", 2)]);
        assert!(standing.take(session(false)), "unknown again");
    }
}
