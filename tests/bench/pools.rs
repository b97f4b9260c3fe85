//! Configurations of many real servers.

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
                "virtual_server 10.{} 80 {{\n    delay_loop {delay_loop}\n    lb_algo rr\n    lb_kind NAT\n    \
                 protocol TCP\n",
                three(service, 100)
            ));
        }
        let weight = if number + 1 == count { *weight } else { 1 };
        let indent = if check.is_empty() { "" } else { "        " };
        text.push_str(&format!(
            "    real_server 10.{} 80 {{\n        weight {weight}\n{indent}{check}    }}\n",
            three(number, 1)
        ));
        if server + 1 == in_each || number + 1 == count {
            text.push_str("}\n");
        }
    }
    text
}

/// The last three parts of an address, of which the first counts from `first`.
fn three(number: usize, first: usize) -> String {
    format!("{}.{}.{}", first + number / 62_500, number / 250 % 250, number % 250 + 1)
}
