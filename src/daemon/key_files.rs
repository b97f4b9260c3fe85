//! The files that hold keys of `auth_hmac`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;

use crate::config::Needs;
use crate::config::host::KeyFile;
use crate::config::model::options::HmacSecret;

/// `hex:`, 128 digits, and a line's end; what is longer is no key.
const LONGEST: u64 = 139;

/// Reads every key file that a configuration names. Blocks.
pub fn read(needs: &Needs) -> BTreeMap<String, KeyFile> {
    let paths = needs.key_files.iter().map(|wanted| wanted.path.clone());
    paths.map(|path| (path.clone(), key_file(&path))).collect()
}

fn key_file(path: &str) -> KeyFile {
    let read = || -> io::Result<(bool, Vec<u8>)> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let mut text = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut text)?;
        Ok((about.permissions().mode() & 0o077 != 0, text))
    };
    let (shared, text) = match read() {
        Ok(found) => found,
        Err(error) => return KeyFile { shared: false, secret: Err(error.to_string()) },
    };
    let key = text.trim_ascii_end();
    let secret = if text.len() as u64 > LONGEST { None } else { HmacSecret::read(key) };
    KeyFile { shared, secret: secret.ok_or_else(|| "it is no key".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key").to_string_lossy().into_owned();
        let found = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            key_file(&path)
        };
        let bytes = HmacSecret::Bytes(vec![0xab; 32]);
        let hex = format!("hex:{}\n", "ab".repeat(32));
        assert_eq!(found(&hex, 0o600), KeyFile { shared: false, secret: Ok(bytes.clone()) });
        assert_eq!(found(&hex, 0o640), KeyFile { shared: true, secret: Ok(bytes) });
        assert!(found("short\n", 0o600).secret.is_err());
        assert!(found(&"x".repeat(200), 0o600).secret.is_err());
        let plain = "a passphrase of more than 32 bytes";
        let secret = HmacSecret::Bytes(plain.as_bytes().to_vec());
        assert_eq!(found(&format!("{plain}\r\n"), 0o600).secret, Ok(secret));
        assert!(key_file(&format!("{path}-not-there")).secret.is_err());
        assert!(key_file("/").secret.is_err());
    }
}
