//! `genhash` beside keepalived's, against a plain server and nginx with TLS: the same bytes on both outputs, the same
//! status. Only the time that it took is not compared.

use crate::support::daemon::Subject;
use crate::support::http::Http;
use crate::support::net::{Net, Node};
use crate::support::runner::Case;
use crate::support::wait;
use std::path::Path;

/// Servers at 10.0.0.1: plain ones at 80 and 82, TLS at 443, nobody at 81.
const ASKED: [&str; 24] = [
    "-s 10.0.0.1 -p 80 -u /index.html",
    "-v -s 10.0.0.1 -p 80 -u /index.html",
    "-v -s 10.0.0.1 -p 82 -u /empty",
    "-vP1.0c --server=10.0.0.1 --port 80 --url /x",
    "--serv 10.0.0.1 -p80 -u/x -t 3 -m 7",
    "-s 10.0.0.1 -p 81 -u /",
    "-v -s 10.0.0.1 -p 81 -u /",
    "-S -s 10.0.0.1 -p 443 -u /",
    "-S -V www.example -P 1.1 -s 10.0.0.1 -p 443 -u /",
    "-SI -V www.example -P 1.1 -s 10.0.0.1 -p 443 -u /",
    "-SI -s 10.0.0.1 -p 443 -u /",
    "-S -s 10.0.0.1 -p 80 -u /",
    "",
    "-h",
    "-s 10.0.0.1",
    "-x",
    "--sever 10.0.0.1",
    "-s nobody -p 80 -u /",
    "-s 10.0.0.1 -p 70000 -u /",
    "-s 10.0.0.1 -p 80 -u / -P 2",
    "-s 10.0.0.1 -p 80 -u / -t x",
    "-s 10.0.0.1 -p 80 -u / -m x",
    "-s 10.0.0.1 -p 80 -u / more",
    "-s",
];

pub fn cases() -> Vec<Case> {
    vec![Case::new("genhash::as_the_original", as_the_original)]
}

fn as_the_original() {
    let net = Net::new();
    let node = net.node("genhash");
    node.sh("ip link set lo up && ip addr add 10.0.0.1/32 dev lo");
    let _plain = Http::start(&node, "10.0.0.1:80", "hello world, this is more than one row\n\u{e9}\n");
    let _empty = Http::start(&node, "10.0.0.1:82", "");
    node.sh(&tls_server(&node.dir));
    let up = || node.try_sh("ss -Hltn src 10.0.0.1:443 | grep -q .").status.success();
    wait::until("nginx listens", wait::seconds(10), up);
    std::os::unix::fs::symlink(Subject::Standfast.binary(), node.dir.join("genhash")).unwrap();
    for words in ASKED {
        let original = answer(&node, "/usr/bin/genhash", words);
        assert_eq!(answer(&node, "genhash", words), original, "genhash {words}");
    }
    let plain = answer(&node, "genhash", ASKED[0]);
    assert_eq!(plain.1.len(), 33, "{plain:?}");
    // The server says in its page what name it has heard.
    let hashes = [7, 8, 9].map(|at| answer(&node, "genhash", ASKED[at]).1);
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2], "{hashes:?}");
    let ours = Subject::Standfast.binary().display().to_string();
    for command in ["genhash", "-T", "--genhash"] {
        assert_eq!(answer(&node, &format!("{ours} {command}"), ASKED[0]), plain, "{command}");
    }
    node.sh(&format!("kill $(cat {}/nginx.pid)", node.dir.display()));
}

/// Status and both outputs; ours is called by a link of that name.
fn answer(node: &Node, program: &str, words: &str) -> (Option<i32>, String, String) {
    let path = if program == "genhash" { node.dir.join("genhash") } else { Path::new(program).to_owned() };
    let output = node.try_sh(&format!("{} {words}", path.display()));
    let text = |bytes: &[u8]| {
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
            let line: String = line.iter().copied().map(char::from).collect();
            match line.split_once("] = ") {
                Some((before, _)) if line.starts_with("Global response time") => {
                    format!("{before} = N usecs\n")
                }
                _ => line,
            }
        });
        lines.collect::<String>().replace(&path.display().to_string(), "genhash")
    };
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn tls_server(dir: &Path) -> String {
    let dir = dir.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
        .collect();
    let config = format!(
        "pid {dir}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}server {{\nlisten 10.0.0.1:443 ssl;\n\
         ssl_certificate {dir}/certificate.pem;\nssl_certificate_key {dir}/key.pem;\n\
         location / {{\nreturn 200 \"$ssl_server_name $http_host $server_protocol\";\n}}\n}}\n}}\n"
    );
    std::fs::write(format!("{dir}/nginx.conf"), config).unwrap();
    format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout {dir}/key.pem -out {dir}/certificate.pem -days 2 \
         -subj /CN=nobody.example 2>/dev/null && nginx -c {dir}/nginx.conf -p {dir} 2>/dev/null"
    )
}
