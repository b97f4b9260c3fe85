//! Health checks as the checked server sees them, and what becomes of servers that hang.

use super::lab::Lab;
use super::server::{Manner, Server};
use crate::support::daemon::Subject;
use crate::support::wait;
use md5::{Digest, Md5};
use std::time::{Duration, Instant};

/// How far a pause may be off on a guest that is emulated.
const SLACK: Duration = Duration::from_secs(2);

/// Every form of request, byte for byte, and the log of each.
pub fn requests(subject: Subject) {
    let lab = Lab::new();
    let servers = lab.reals.each_ref().map(|real| Server::start(real, "0.0.0.0:80", Manner::Answers(200)));
    let another = "00000000000000000000000000000000";
    let well: String = Md5::digest("well").iter().map(|byte| format!("{byte:02x}")).collect();
    let daemon = lab.direct(
        subject,
        &format!(
            "virtual_server 10.0.0.100 80 {{
    delay_loop 2
    lb_algo rr
    lb_kind NAT
    protocol TCP
    virtualhost vs.example
    warmup 0
    real_server 10.1.0.2 80 {{
        HTTP_GET {{
            url {{
                path /plain?a=b
                status_code 200
            }}
            url {{
                path /own
                virtualhost url.example
                digest {well}
            }}
            connect_timeout 3
        }}
    }}
    real_server 10.1.0.3 80 {{
        HTTP_GET {{
            http_protocol 1.1
            virtualhost check.example
            url {{
                path /
                status_code 200 201 300-399
            }}
        }}
    }}
}}
virtual_server 10.0.0.100 81 {{
    delay_loop 2
    lb_algo rr
    lb_kind NAT
    protocol TCP
    real_server 10.1.0.4 81 {{
        HTTP_GET {{
            connect_port 80
            warmup 0
            http_protocol 1.0c
            url {{
                path /bad
                digest {another}
            }}
        }}
    }}
}}
"
        ),
    );
    let asked = |index: usize, count: usize| {
        let server: &Server = &servers[index];
        let enough =
            || server.seen().iter().filter(|(_, text)| text.ends_with("\r\n\r\n")).count() >= count;
        wait::value(
            &format!("{count} requests to server {index}"),
            wait::seconds(15),
            || enough().then_some(()),
            || daemon.process().log(),
        );
        let mut requests: Vec<String> = server.seen().into_iter().map(|(_, text)| text).collect();
        requests.retain(|text| !text.is_empty());
        requests.sort();
        requests.dedup();
        requests
    };
    let first = asked(0, 2);
    let second = asked(1, 1);
    let third = asked(2, 1);
    assert_eq!(
        first,
        [
            "GET /own HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: url.example\r\n\r\n",
            "GET /plain?a=b HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: vs.example\r\n\r\n",
        ]
    );
    assert_eq!(
        second,
        [
            "GET / HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: check.example\r\n\r\n"
        ]
    );
    assert_eq!(
        third,
        [
            "GET /bad HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: 10.1.0.4:80\r\n\r\n"
        ]
    );
    for line in [
        "Remote Web server [10.1.0.2]:tcp:80 succeed on service.",
        "Remote Web server [10.1.0.3]:tcp:80 succeed on service.",
        "Removing service [10.1.0.4]:tcp:81 from VS [10.0.0.100]:tcp:81",
        "Lost quorum 1-0=1 > 0 for VS [10.0.0.100]:tcp:81",
    ] {
        daemon.await_line(line, wait::seconds(10));
    }
}

fn tcp_check(port: u16) -> String {
    format!(
        "virtual_server 10.0.0.100 80 {{
    delay_loop 4
    lb_algo rr
    lb_kind NAT
    protocol TCP
    real_server 10.1.0.2 {port} {{
        HTTP_GET {{
            url {{
                path /
            }}
            warmup 0
            retry 2
            delay_before_retry 2
            connect_timeout 2
        }}
    }}
}}
"
    )
}

/// The pauses between checks: up, failing, down, up again.
pub fn pauses(subject: Subject) {
    let lab = Lab::new();
    let server = Server::start(&lab.reals[0], "0.0.0.0:80", Manner::Answers(200));
    let daemon = lab.direct(subject, &tcp_check(80));
    lab.await_reals(&["10.1.0.2:80 -m -w 1"], &daemon, wait::seconds(10));
    let seen = |count: usize| {
        wait::value(
            &format!("{count} checks"),
            wait::seconds(30),
            || (server.seen().len() >= count).then(|| server.seen()),
            || daemon.process().log(),
        )
    };
    seen(2);
    server.behave(Manner::Answers(500));
    seen(5);
    daemon.await_line("HTTP_CHECK on service [10.1.0.2]:tcp:80 failed after 2 retries.", wait::seconds(5));
    daemon.await_line("Removing service [10.1.0.2]:tcp:80 from VS [10.0.0.100]:tcp:80", wait::seconds(5));
    lab.await_reals(&[], &daemon, wait::seconds(5));
    server.behave(Manner::Answers(204));
    let seen = seen(7);
    lab.await_reals(&["10.1.0.2:80 -m -w 1"], &daemon, wait::seconds(5));
    let pauses: Vec<Duration> = seen.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    let expected = [4, 4, 2, 2, 4, 4].map(Duration::from_secs);
    for (pause, expected) in pauses.iter().zip(expected) {
        assert!(
            *pause + Duration::from_millis(100) >= expected && *pause <= expected + SLACK,
            "{pauses:?} instead of {expected:?}\n{}",
            daemon.process().log()
        );
    }
}

fn hanging(number: u8) -> String {
    format!(
        "    real_server 10.1.0.{number} 80 {{
        HTTP_GET {{
            url {{
                path /
            }}
            warmup 0
            retry 1
            delay_before_retry 1
            connect_timeout 1
        }}
    }}
"
    )
}

/// One server swallows connections, one never answers, one drips: all leave, nobody waits for them, they return.
pub fn hanging_servers(subject: Subject) {
    let lab = Lab::new();
    let servers = lab.reals.each_ref().map(|real| Server::start(real, "0.0.0.0:80", Manner::Answers(200)));
    let reals: String = [2, 3, 4].map(hanging).concat();
    let mut daemon = lab.direct(
        subject,
        &format!(
            "virtual_server 10.0.0.100 80 {{\n    delay_loop 2\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n{reals}}}\n"
        ),
    );
    let all = ["10.1.0.2:80 -m -w 1", "10.1.0.3:80 -m -w 1", "10.1.0.4:80 -m -w 1"];
    for number in [2, 3, 4] {
        daemon.await_line(
            &format!("Remote Web server [10.1.0.{number}]:tcp:80 succeed on service."),
            wait::seconds(10),
        );
    }
    lab.await_reals(&all, &daemon, wait::seconds(10));

    lab.reals[0].sh("nft 'add table ip f; add chain ip f i { type filter hook input priority 0; }; add rule ip f i tcp dport 80 drop'");
    let begun = Instant::now();
    servers[1].behave(Manner::Silent);
    servers[2].behave(Manner::Drips);
    for number in [2, 3] {
        let line = format!("Removing service [10.1.0.{number}]:tcp:80 from VS [10.0.0.100]:tcp:80");
        let removed = daemon.await_line(&line, wait::seconds(10));
        // At most a pause of 2 s, then two attempts of 1 s, 1 s apart.
        assert!(removed - begun < Duration::from_secs(5) + SLACK, "{:?}", removed - begun);
    }
    match subject {
        Subject::Standfast => {
            let line = "Removing service [10.1.0.4]:tcp:80 from VS [10.0.0.100]:tcp:80";
            // Ten times connect_timeout, twice.
            daemon.await_line(line, Duration::from_secs(26) + SLACK);
            lab.await_reals(&[], &daemon, wait::seconds(5));
        }
        // It waits for the dripping server for ever.
        Subject::Keepalived => lab.await_reals(&all[2..], &daemon, wait::seconds(5)),
    }
    // The end does not wait for probes that hang.
    if subject == Subject::Standfast {
        let asked = Instant::now();
        assert!(daemon.stop().success());
        assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
        daemon = lab
            .direct(subject, &std::fs::read_to_string(lab.director.dir.join("keepalived.conf")).unwrap());
        lab.await_reals(&[], &daemon, Duration::from_secs(15));
    }
    lab.reals[0].sh("nft delete table ip f");
    servers.iter().for_each(|server| server.behave(Manner::Answers(200)));
    lab.await_reals(&all, &daemon, wait::seconds(10));
}
