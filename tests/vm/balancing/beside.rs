//! Adverts of a MASTER that makes hundreds of TLS handshakes: they are on time, and its BACKUP stays one.

use super::lab::Lab;
use super::secure::{self, Manner};
use crate::support::capture::Capture;
use crate::support::daemon::{Daemon, Subject};
use crate::support::wait;
use openssl::ssl::Ssl;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Checked once a second, each with a handshake: more than a virtual machine can do.
const CHECKED: usize = 100;
/// Handshakes that have to be seen.
const HANDSHAKES: usize = 200;
const INTERVAL: Duration = Duration::from_secs(1);

fn instance(priority: u8) -> String {
    format!(
        "vrrp_instance VI {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
    virtual_ipaddress {{
        10.0.0.200/32
    }}
}}
"
    )
}

fn checks() -> String {
    let service = |number: usize| {
        format!(
            "virtual_server 10.0.0.100 {} {{
    delay_loop 1
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.1.0.2 443 {{
        SSL_GET {{
            connect_timeout 20
            url {{
                path /
                digest 00000000000000000000000000000000
            }}
        }}
    }}
}}
",
            2000 + number
        )
    };
    (0..CHECKED).map(service).collect()
}

/// Every advert comes before the next but one is due.
pub fn handshakes(subject: Subject) {
    let lab = Lab::new();
    let listener = lab.reals[0].within(|| TcpListener::bind("0.0.0.0:443").unwrap());
    let context = secure::context(Manner::Usual);
    let heard = Arc::new(AtomicUsize::new(0));
    for _ in 0..4 {
        let (listener, context) = (listener.try_clone().unwrap(), context.clone());
        let heard = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok(session) = Ssl::new(&context).unwrap().accept(stream) else { continue };
                heard.fetch_add(1, Ordering::Relaxed);
                let page = "so".repeat(100_000);
                secure::answer(session, &format!("HTTP/1.0 200 OK\r\n\r\n{page}"));
            }
        });
    }
    let daemon = lab.direct(subject, &(instance(200) + &checks()));
    daemon.await_master("VI", 1, wait::seconds(60));
    let backup = Daemon::start(Subject::Keepalived, &lab.client, &instance(100));
    backup.await_line("(VI) Entering BACKUP STATE", wait::seconds(10));
    let seen = || heard.load(Ordering::Relaxed);
    wait::until("handshakes", wait::seconds(20), || seen() > 0);
    let capture = Capture::start(&lab.client);
    let before = seen();
    wait::until("adverts beside hundreds of handshakes", wait::seconds(60), || {
        seen() >= before + HANDSHAKES && capture.adverts_received("eth0").len() >= 10
    });
    let adverts = capture.adverts_received("eth0");
    let gaps = adverts.windows(2).map(|pair| pair[1].0 - pair[0].0);
    let worst = gaps.max().unwrap();
    assert!(worst < 2 * INTERVAL, "{worst:?} between two adverts\n{}", daemon.process().log());
    assert_eq!(backup.process().count("(VI) Entering MASTER STATE"), 0, "{}", backup.process().log());
}
