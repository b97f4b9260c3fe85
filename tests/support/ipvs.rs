//! The kernel's IPVS table as `ipvsadm` saves it.

use super::net::Node;

/// A virtual service with its real servers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// Protocol flag and address, as in `-t 10.0.0.1:80`; `-f 5`, or `-f 5 -6` for IPv6.
    pub address: String,
    /// The rest of the line: scheduler, persistence, flags.
    pub options: String,
    /// Real servers, as in `10.0.0.2:80 -m -w 1`, sorted.
    pub reals: Vec<String>,
}

/// All services in the namespace of `node`, sorted.
pub fn table(node: &Node) -> Vec<Service> {
    parse(&node.sh("ipvsadm -S -n"))
}

/// The real servers of the only service of `node`, sorted; empty when there is none.
pub fn reals(node: &Node) -> Vec<String> {
    table(node).into_iter().flat_map(|service| service.reals).collect()
}

/// Reads `ipvsadm -Sn`.
pub fn parse(text: &str) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace().peekable();
        let command = words.next();
        let mut address = words.by_ref().take(2).collect::<Vec<_>>().join(" ");
        if words.next_if_eq(&"-6").is_some() {
            address.push_str(" -6");
        }
        match command {
            Some("-A") => {
                let options = words.collect::<Vec<_>>().join(" ");
                services.push(Service { address, options, reals: Vec::new() });
            }
            Some("-a") => {
                let real = words.skip(1).collect::<Vec<_>>().join(" ");
                let service = services.iter_mut().find(|service| service.address == address);
                service.unwrap_or_else(|| panic!("real server without service: {line}")).reals.push(real);
            }
            _ => panic!("unexpected line of ipvsadm: {line}"),
        }
    }
    for service in &mut services {
        service.reals.sort();
    }
    services.sort();
    services
}
