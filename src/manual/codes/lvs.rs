//! What a service means as a whole.

use super::Example::{Laid, Within};
use super::{Code, code};
use crate::config::keywords::Context::VirtualServer;

pub const LVS: &[Code] = &[
    code(
        "no-real-servers",
        "A service without real servers is left out.",
        Laid("virtual_server 192.0.2.10 80 { lvs_sched rr; lvs_method NAT; protocol TCP }"),
    ),
    code(
        "no-scheduler",
        "`wlc` is used.",
        Laid(
            "virtual_server 192.0.2.10 80 { lvs_method NAT; protocol TCP; real_server 198.51.100.1 80 { } }",
        ),
    ),
    code(
        "no-forwarding",
        "NAT is used.",
        Laid(
            "virtual_server 192.0.2.10 80 { lvs_sched rr; protocol TCP; real_server 198.51.100.1 80 { } }",
        ),
    ),
    code(
        "no-protocol",
        "UDP is used.",
        Laid(
            "virtual_server 192.0.2.10 80 { lvs_sched rr; lvs_method NAT; real_server 198.51.100.1 80 { } }",
        ),
    ),
    code(
        "port-zero",
        "Port 0 needs persistence; 360 s are set.",
        Laid(
            "virtual_server 192.0.2.10 { lvs_sched rr; lvs_method NAT; protocol TCP; real_server 198.51.100.1 { } }",
        ),
    ),
    code(
        "port-ignored",
        "DR and TUN cannot change the port: the service's is used.",
        Laid(
            "virtual_server 192.0.2.10 80 { lvs_sched rr; lvs_method DR; protocol TCP; real_server 198.51.100.1 8080 { } }",
        ),
    ),
    code(
        "protocol-with-fwmark",
        "A firewall mark has no protocol.",
        Laid(
            "virtual_server fwmark 7 { lvs_sched rr; lvs_method NAT; protocol TCP; real_server 198.51.100.1 80 { } }",
        ),
    ),
    code(
        "return-path-without-nat",
        "`return_path snat` is for NAT: with DR and TUN real servers answer the client themselves.",
        Laid(
            "virtual_server 192.0.2.10 80 { lvs_sched rr; lvs_method DR; protocol TCP; return_path snat; real_server 198.51.100.1 80 { } }",
        ),
    ),
    code(
        "suspend-with-fwmark",
        "`ha_suspend` needs an address.",
        Laid(
            "virtual_server fwmark 7 { lvs_sched rr; lvs_method NAT; ha_suspend; real_server 198.51.100.1 80 { } }",
        ),
    ),
    code(
        "ops-without-udp",
        "One-packet scheduling is for UDP.",
        Within(VirtualServer, "protocol TCP; ops"),
    ),
    code("wrong-scheduler", "A flag of another scheduler.", Within(VirtualServer, "lvs_sched rr; sh-port")),
    code(
        "quorum-too-high",
        "The quorum is above the weight of all real servers, and is lowered.",
        Within(VirtualServer, "quorum 2"),
    ),
    code(
        "hysteresis-too-high",
        "The hysteresis is not below the quorum, and is lowered.",
        Laid(
            "virtual_server 192.0.2.10 80 { lvs_sched rr; lvs_method NAT; protocol TCP; quorum 2; hysteresis 2; real_server 198.51.100.1 80 { }; real_server 198.51.100.2 80 { } }",
        ),
    ),
    code(
        "empty-group",
        "A `virtual_server_group` without a line, which is left out.",
        Laid("virtual_server_group WEB { }"),
    ),
    code(
        "no-such-server-group",
        "A service is for a `virtual_server_group` that is not defined.",
        Laid(
            "virtual_server group WEB { lvs_sched rr; lvs_method NAT; protocol TCP; real_server 198.51.100.1 80 { } }",
        ),
    ),
];
