//! Configurations of many real servers.

/// `count` real servers, each with a check, so many in each virtual server.
pub fn checked(count: usize, in_each: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let (service, server) = (number / in_each, number % in_each);
        if server == 0 {
            text.push_str(&format!(
                "virtual_server 10.{} 80 {{\n    delay_loop 6\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n",
                three(service, 100)
            ));
        }
        text.push_str(&format!(
            "    real_server 10.{} 80 {{\n        weight 1\n        TCP_CHECK {{\n            \
             connect_timeout 3\n        }}\n    }}\n",
            three(number, 0)
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
