//! `FILE_CHECK`: the number in a tracked file decides about weight and state, keepalived's beside ours.

use super::both::{self, Story};
use super::lab::{Lab, service};
use crate::support::daemon::{Daemon, Recorder, Subject};
use crate::support::{ipvs, wait};

const WEIGHTS: [&str; 3] = ["weight 2", "weight 0", "weight 3 reverse"];

/// A service of three, each following the file in its own way, and one whose servers keep their places.
fn config(script: &str, file: &str, weights: [&str; 3]) -> String {
    let reals = |more: &str| -> String {
        let real = |(at, weight): (usize, &&str)| {
            let number = at + 2;
            format!(
                "    real_server 10.1.0.{number} 80 {{
        weight 10
        notify_up \"{script} up {number} {more}\"
        notify_down \"{script} down {number} {more}\"
        FILE_CHECK {{
            track_file number
            {weight}
        }}
    }}
"
            )
        };
        weights.iter().enumerate().map(real).collect()
    };
    format!(
        "global_defs {{
    script_user root
}}
track_file number {{
    file {file}
    weight 5
}}
virtual_server 10.0.0.100 80 {{
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    quorum 2
    quorum_up \"{script} gained\"
    quorum_down \"{script} lost\"
{}}}
virtual_server 10.0.0.100 81 {{
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    alpha
    inhibit_on_failure
{}}}
",
        reals("plain"),
        reals("inhibited")
    )
}

/// What the number makes of the three: their weights, or nothing.
fn table(weights: [Option<u32>; 3]) -> Vec<ipvs::Service> {
    let reals = |inhibited: bool| -> Vec<String> {
        let found = weights.iter().enumerate().filter_map(|(at, weight)| {
            let weight = weight.or(inhibited.then_some(0))?;
            Some(format!("10.1.0.{}:80 -m -w {weight}", at + 2))
        });
        found.collect()
    };
    let one = |port: u16, inhibited| {
        let reals = reals(inhibited);
        service(
            &format!("-t 10.0.0.100:{port}"),
            "-s rr",
            &reals.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    };
    vec![one(80, false), one(81, true)]
}

fn story(subject: Subject) -> Story {
    const MOST: u32 = 2_147_483_647;
    let lab = Lab::new();
    let recorder = Recorder::new(&lab.director);
    let path = lab.director.dir.join("number");
    let text = |weights| config(&recorder.script(), &path.display().to_string(), weights);
    // Renamed into its place: nobody sees it empty.
    let write = |text: &str| {
        let next = path.with_file_name("next");
        std::fs::write(&next, text).unwrap();
        std::fs::rename(&next, &path).unwrap();
    };
    write("4\n");
    let mut daemon = lab.direct(subject, &text(WEIGHTS));
    let step = |what: &str, weights| {
        let wanted = table(weights);
        wait::value(
            what,
            wait::seconds(10),
            || (ipvs::table(&lab.director) == wanted).then_some(()),
            || format!("{:#?}\n{}", ipvs::table(&lab.director), daemon.process().log()),
        );
    };
    step("from the start", [Some(18), None, Some(0)]);
    daemon.await_line("Startup complete", wait::seconds(10));
    for (number, weights) in [
        ("-3\n", [Some(4), None, Some(19)]),
        ("-100\n", [Some(0), None, Some(310)]),
        ("0\n", [Some(10), Some(10), Some(10)]),
        ("1500000000\n", [Some(MOST), None, None]),
        ("0", [Some(10), Some(10), Some(10)]),
        ("-1073741823\n", [Some(0), None, Some(MOST)]),
        ("-1073741824\n", [None, None, Some(MOST)]),
        ("0x10 and more\n", [Some(42), None, Some(0)]),
        ("no number\n", [Some(10), Some(10), Some(10)]),
        ("-2147483648\n", [None, None, Some(MOST)]),
        ("715827882\n", [Some(1_431_655_774), None, Some(0)]),
        ("715827883\n", [Some(1_431_655_776), None, None]),
        ("1\n", [Some(12), None, Some(7)]),
    ] {
        write(number);
        step(number, weights);
    }
    write("99999999999\n");
    daemon.await_line("Invalid number 99999999999 read from", wait::seconds(10));
    step("out of range is ignored", [Some(12), None, Some(7)]);
    std::fs::remove_file(&path).unwrap();
    step("no file", [Some(10), Some(10), Some(10)]);
    write("2\n");
    step("again a file", [Some(14), None, Some(4)]);
    let told = both::told(&daemon, &lab.director, Some(&recorder));
    // 2.2.7 lets whoever is down come in for a moment at each reload.
    daemon.reload(&text(["weight 7", "weight 0", ""]));
    step("other weights", [Some(24), None, Some(20)]);
    if subject == Subject::Standfast {
        let since = daemon.process().count("service [10.1.0.3]:tcp:80");
        daemon.reload(&text(["weight 0 reverse", "weight 0", "weight 0"]));
        step("other failures", [Some(10), None, None]);
        daemon.reload(&text(["weight 1", "weight 0", "weight 1"]));
        step("no failures", [Some(12), None, Some(12)]);
        assert_eq!(daemon.process().count("service [10.1.0.3]:tcp:80"), since, "who is down stays down");
    }
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [], "{}", daemon.process().log());
    told
}

/// Both, at the same time.
pub fn side_by_side() {
    both::compare(story);
}

/// VRRP follows the same file.
const INSTANCE: &str = "
vrrp_instance VI {
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1
    virtual_ipaddress {
        10.0.0.101
    }
    track_file {
        number weight 1
    }
}
";

/// A daemon that has neither files nor VRRP gets both by reloads; each change reaches both.
pub fn appear_at_a_reload() {
    let lab = Lab::new();
    let path = lab.director.dir.join("number");
    std::fs::write(&path, "4\n").unwrap();
    let with = config("/bin/true", &path.display().to_string(), WEIGHTS);
    let (above, services) = with.split_at(with.find("virtual_server").unwrap());
    let mut without = services.to_owned();
    while let Some(at) = without.find("FILE_CHECK") {
        let end = at + without[at..].find('}').unwrap();
        without.replace_range(at..=end, "");
    }
    let script_user = above.split("track_file").next().unwrap();
    let plain = format!("{script_user}{without}");
    let mut daemon = lab.direct(Subject::Standfast, &plain);
    let step = |daemon: &Daemon, weights| {
        let wanted = table(weights);
        wait::value(
            "the table",
            wait::seconds(10),
            || (ipvs::table(&lab.director) == wanted).then_some(()),
            || format!("{:#?}\n{}", ipvs::table(&lab.director), daemon.process().log()),
        );
    };
    let all = [Some(10); 3];
    step(&daemon, all);
    daemon.await_line("Startup complete", wait::seconds(10));
    daemon.reload(&with);
    assert_eq!(ipvs::table(&lab.director), table([Some(18), None, Some(0)]), "in force when it says so");
    daemon.reload(&format!("{with}{INSTANCE}"));
    daemon.await_master("VI", 1, wait::seconds(15));
    assert_eq!(ipvs::table(&lab.director), table([Some(18), None, Some(0)]));
    std::fs::write(&path, "-3\n").unwrap();
    step(&daemon, [Some(4), None, Some(19)]);
    daemon.await_line("(VI) Changing effective priority from 104 to 97", wait::seconds(5));
    std::fs::remove_file(&path).unwrap();
    step(&daemon, all);
    daemon.await_line("(VI) Changing effective priority from 97 to 100", wait::seconds(5));
    std::fs::write(&path, "7\n").unwrap();
    step(&daemon, [Some(24), None, Some(0)]);
    daemon.reload(&plain);
    assert_eq!(ipvs::table(&lab.director), table(all), "{}", daemon.process().log());
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), []);
}
