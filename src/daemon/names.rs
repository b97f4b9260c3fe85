//! Numbers that a host has names for, as iproute2 keeps them: `rt_tables`, `rt_protos` and their like.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::config::model::process::Files;
use crate::ids::Name;
use crate::objects::route::List;

/// Where distributions put the tables that they deliver; what an administrator writes comes last and counts.
const DELIVERED: [&str; 2] = ["/usr/lib/iproute2", "/usr/share/iproute2"];
const WRITTEN: &str = "/etc/iproute2";

/// What was found.
#[derive(Default)]
pub(super) struct HostNames(HashMap<(List, String), u32>);

impl HostNames {
    /// Reads every table. What cannot be read has no names.
    pub fn read(files: &Files) -> Self {
        let mut places: Vec<PathBuf> = match &files.iproute_usr_dir {
            Some(place) => vec![place.into()],
            None => DELIVERED.iter().map(PathBuf::from).collect(),
        };
        places.push(files.iproute_etc_dir.as_deref().unwrap_or(WRITTEN).into());
        let mut names = HostNames::default();
        for list in List::ALL {
            let file = list.file();
            for place in &places {
                names.take_file(list, &place.join(file));
                names.take_directory(list, &place.join(format!("{file}.d")));
            }
        }
        names
    }

    /// Every name.
    pub fn all(self) -> impl Iterator<Item = (List, String)> {
        self.0.into_keys()
    }

    pub fn number(&self, list: List, name: &Name) -> Option<u32> {
        self.0.get(&(list, name.to_string())).copied()
    }

    fn take_directory(&mut self, list: List, place: &Path) {
        let Ok(entries) = std::fs::read_dir(place) else { return };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "conf"));
        files.sort();
        files.iter().for_each(|path| self.take_file(list, path));
    }

    fn take_file(&mut self, list: List, path: &Path) {
        if let Ok(text) = std::fs::read_to_string(path) {
            let entries = entries(&text).filter(|(number, _)| *number <= list.most());
            self.0.extend(entries.map(|(number, name)| ((list, name.to_owned()), number)));
        }
    }
}

/// `NUMBER NAME`, the number in decimal or hexadecimal; `#` begins a comment.
fn entries(text: &str) -> impl Iterator<Item = (u32, &str)> {
    text.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let number = words.next()?;
        let number = match number.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        Some((number.ok()?, words.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_as_iproute2_writes_them() {
        let text = "#\n# reserved values\n#\n255\tlocal\n0x64 vpn # ours\n\nx y\n7\n";
        assert_eq!(entries(text).collect::<Vec<_>>(), [(255, "local"), (100, "vpn")]);
    }

    #[test]
    fn what_the_administrator_writes_counts() {
        let scratch = tempfile::TempDir::new().unwrap();
        let (usr, etc) = (scratch.path().join("usr"), scratch.path().join("etc"));
        std::fs::create_dir_all(etc.join("rt_tables.d")).unwrap();
        std::fs::create_dir_all(&usr).unwrap();
        std::fs::write(usr.join("rt_tables"), "100 vpn\n101 lab\n").unwrap();
        std::fs::write(etc.join("rt_tables"), "200 vpn\n").unwrap();
        std::fs::write(etc.join("rt_tables.d/more.conf"), "300 more\n").unwrap();
        std::fs::write(etc.join("rt_tables.d/more.txt"), "301 other\n").unwrap();
        std::fs::write(etc.join("rt_protos"), "222 own\n256 beyond\n").unwrap();
        let path = |place: &Path| Some(place.to_str().unwrap().to_owned());
        let files = Files { iproute_usr_dir: path(&usr), iproute_etc_dir: path(&etc), ..Files::default() };
        let names = HostNames::read(&files);
        let number = |name: &str| names.number(List::Tables, &name.into());
        assert_eq!(
            [number("vpn"), number("lab"), number("more"), number("other")],
            [Some(200), Some(101), Some(300), None]
        );
        let protocols = ["own", "beyond", "more"].map(|name| names.number(List::Protocols, &name.into()));
        assert_eq!(protocols, [Some(222), None, None], "each list has its own names");
        assert_eq!(names.number(List::Groups, &"vpn".into()), None);
    }
}
