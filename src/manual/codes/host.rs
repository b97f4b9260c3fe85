//! What the host lacks.

use super::Example::{Laid, Within};
use super::{Code, code};
use crate::config::keywords::Context::{GlobalDefs, Instance};

pub const HOST: &[Code] = &[
    code(
        "line-without-interface",
        "The interface of a line in `linkbeat_interfaces` or `interface_up_down_delays` is not there; the line is ignored.",
        Laid("linkbeat_interfaces { eth9 }"),
    ),
    code(
        "no-such-interface",
        "keepalived ends at start; standfast waits for the interface.",
        Within(Instance, "interface eht0"),
    ),
    code(
        "no-such-namespace",
        "The test of keepalived answers 0 and says nothing.",
        Laid("net_namespace blue"),
    ),
    code(
        "unknown-name",
        "A name of a routing table, protocol, scope, type of service, realm or group of interfaces that the files of iproute2 do not have; its line counts for nothing.",
        Within(Instance, "virtual_routes { 198.51.100.0/24 dev eth0 table uplnik }"),
    ),
    code("no-such-user", "The script is not run.", Within(GlobalDefs, "script_user wbe")),
    code("no-such-group", "The group is unknown.", Within(GlobalDefs, "script_user web wbe")),
    code(
        "no-script-user",
        "Script security, and nobody to run scripts as.",
        Laid(
            "global_defs { enable_script_security } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 }; notify_master /usr/local/bin/script }",
        ),
    ),
    code(
        "script-unusable",
        "Not found, not executable, or insecure.",
        Laid(
            "global_defs { enable_script_security; script_user web } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 }; notify_master /usr/local/bin/scirpt }",
        ),
    ),
    code(
        "program-by-path",
        "keepalived does not find a bare name for a user other than root; standfast does.",
        Laid(
            "global_defs { enable_script_security; script_user web } vrrp_instance VI_1 { interface eth0; virtual_router_id 51; virtual_ipaddress { 192.0.2.10/24 }; notify_master logger }",
        ),
    ),
    code(
        "key-file-unusable",
        "A key file of `auth_hmac` cannot be read, or holds no key; a reload with it is refused.",
        Within(Instance, "auth_hmac { key 1 file:/etc/keepalived/vrpp.key; active_key 1 }"),
    ),
    code(
        "key-file-shared",
        "A key file of `auth_hmac` that not only its owner may read: status 6 of the test.",
        Within(Instance, "auth_hmac { key 1 file:/etc/keepalived/vrrp.key; active_key 1 }"),
    ),
    code(
        "script-security",
        "Scripts run without `enable_script_security`: status 6 of the test.",
        Within(Instance, "notify_master /usr/local/bin/script"),
    ),
];
