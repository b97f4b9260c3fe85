//! `key ID file:PATH` of `auth_hmac`: what a key file must be, and what is wrong with one.

use std::sync::Arc;

use super::{HostFacts, Loaded};
use crate::config::model::Config;
use crate::config::model::options::HmacSecret;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::Name;

/// The code of a diagnostic about a key that cannot be had.
pub const NO_KEY: &str = "key-file-unusable";

/// A place where a key file is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFileUse {
    pub path: String,
    pub instance: Name,
    /// The key's id.
    pub id: u8,
    pub span: Option<Span>,
}

/// What was found of a key file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFile {
    /// Others than its owner may read, write or run it.
    pub shared: bool,
    /// The key, or why there is none: one clause, such as "it cannot be read".
    pub secret: Result<HmacSecret, String>,
}

pub(super) fn check(loaded: &Loaded, facts: &HostFacts, found: &mut Vec<Diagnostic>) {
    for wanted in &loaded.needs.key_files {
        let KeyFileUse { path, instance, id, span } = wanted;
        let file = facts.key_files.get(path);
        if file.is_some_and(|file| file.shared) {
            let message =
                format!("({instance}) auth_hmac key file '{path}' is readable by group or others");
            found.push(
                Diagnostic::warning("key-file-shared", *span, message)
                    .class(Class::Security)
                    .help(format!("only root needs it: chmod 600 {path}")),
            );
        }
        let reason = match file.map(|file| &file.secret) {
            Some(Ok(_)) => continue,
            Some(Err(reason)) => reason,
            None => "it cannot be read",
        };
        let message = format!("({instance}) auth_hmac key file '{path}': {reason} - ignoring key {id}");
        found.push(
            Diagnostic::error(NO_KEY, *span, message)
                .expected("a file with 32 to 64 characters, or hex:DIGITS, in one line")
                .help("without its active key an instance has no auth_hmac: peers that enforce it drop its adverts"),
        );
    }
}

/// Puts the keys in the place of their files; one that cannot be had goes, and with an active key the extension, as
/// keepalived has it. [`super::check`] says so.
pub fn take_keys(config: &mut Config, facts: &HostFacts) {
    for instance in &mut config.instances {
        if instance.options.auth_hmac.is_none() {
            continue;
        }
        // Nobody shares it yet.
        let own = &mut Arc::make_mut(&mut Arc::make_mut(instance).options).auth_hmac;
        let Some(hmac) = own else { continue };
        hmac.keys.retain_mut(|key| {
            let HmacSecret::File(path) = &key.secret else { return true };
            match facts.key_files.get(path).map(|file| &file.secret) {
                Some(Ok(secret)) => {
                    key.secret = secret.clone();
                    true
                }
                _ => false,
            }
        });
        if !hmac.keys.iter().any(|key| key.id == hmac.active_key) {
            *own = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, host, load_str};

    const TEXT: &str = "vrrp_instance VI {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.9/24\n}\n\
                        auth_hmac {\nkey 1 file:/one\nkey 2 file:/two\nactive_key 1\n}\n}\n";

    fn facts(one: KeyFile) -> HostFacts {
        let two = KeyFile { shared: false, secret: Err("it is too long".into()) };
        HostFacts { key_files: [("/one".into(), one), ("/two".into(), two)].into(), ..Default::default() }
    }

    #[test]
    fn a_file_that_is_no_key_is_told_of_and_left_out() {
        let mut loaded = load_str("a", TEXT, &LoadOptions::default());
        let secret = HmacSecret::read(&[b'k'; 40]).unwrap();
        let good = facts(KeyFile { shared: true, secret: Ok(secret.clone()) });
        let codes: Vec<_> = host::check(&loaded, &good).iter().map(|found| found.code).collect();
        assert!(codes.contains(&"key-file-shared") && codes.contains(&NO_KEY), "{codes:?}");
        take_keys(&mut loaded.config, &good);
        let hmac = loaded.config.instances[0].options.auth_hmac.as_ref().unwrap();
        assert_eq!(hmac.keys.iter().map(|key| (key.id, &key.secret)).collect::<Vec<_>>(), [(1, &secret)]);
    }

    #[test]
    fn without_the_active_key_there_is_no_extension() {
        let mut loaded = load_str("a", TEXT, &LoadOptions::default());
        take_keys(&mut loaded.config, &HostFacts::default());
        assert!(loaded.config.instances[0].options.auth_hmac.is_none());
    }
}
