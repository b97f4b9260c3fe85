//! Configurations of many real servers.

use std::net::{IpAddr, Ipv4Addr};

/// What they have in common.
pub struct Shape<'a> {
    /// Seconds between two checks of a real server.
    pub delay_loop: u32,
    /// The block of the checker, or nothing.
    pub check: &'a str,
    /// The weight of the last real server; all others have 1.
    pub weight: u32,
}

/// `count` real servers, each with a `TCP_CHECK`, so many in each virtual server.
pub fn checked(count: usize, in_each: usize) -> String {
    let check = "TCP_CHECK {\n            connect_timeout 3\n        }\n";
    text(count, in_each, &Shape { delay_loop: 6, check, weight: 1 })
}

/// `count` real servers, so many in each virtual server.
pub fn text(count: usize, in_each: usize, shape: &Shape<'_>) -> String {
    let Shape { delay_loop, check, weight } = shape;
    let mut text = String::new();
    for number in 0..count {
        let (service, server) = (number / in_each, number % in_each);
        if server == 0 {
            text.push_str(&format!(
                "virtual_server {} 80 {{\n    delay_loop {delay_loop}\n    lb_algo rr\n    lb_kind NAT\n    \
                 protocol TCP\n",
                self::service(service)
            ));
        }
        let weight = if number + 1 == count { *weight } else { 1 };
        let indent = if check.is_empty() { "" } else { "        " };
        text.push_str(&format!(
            "    real_server {} 80 {{\n        weight {weight}\n{indent}{check}    }}\n",
            real(number)
        ));
        if server + 1 == in_each || number + 1 == count {
            text.push_str("}\n");
        }
    }
    text
}

/// The address of the `number`th virtual server, counted from 0.
pub fn service(number: usize) -> IpAddr {
    address(number, 100)
}

/// The address of the `number`th real server.
pub fn real(number: usize) -> IpAddr {
    address(number, 1)
}

fn address(number: usize, first: usize) -> IpAddr {
    let [b, c, d] = [first + number / 62_500, number / 250 % 250, number % 250 + 1];
    Ipv4Addr::new(10, b as u8, c as u8, d as u8).into()
}
