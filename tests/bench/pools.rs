//! Configurations of many real servers.

/// `count` real servers, each with a check, a hundred in each virtual server.
pub fn checked(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let (service, server) = (number / 100, number % 100 + 1);
        if server == 1 {
            let (high, low) = (service / 250, service % 250 + 1);
            text.push_str(&format!(
                "virtual_server 10.100.{high}.{low} 80 {{\n    delay_loop 6\n    lb_algo rr\n    lb_kind NAT\n    \
                 protocol TCP\n"
            ));
        }
        let (high, low) = (service / 250, service % 250 + 1);
        text.push_str(&format!(
            "    real_server 10.{high}.{low}.{server} 80 {{\n        weight 1\n        TCP_CHECK {{\n            \
             connect_timeout 3\n        }}\n    }}\n"
        ));
        if server == 100 || number + 1 == count {
            text.push_str("}\n");
        }
    }
    text
}
