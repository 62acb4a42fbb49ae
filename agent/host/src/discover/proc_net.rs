//! The tables of `/proc/PID/net`: which sockets listen, by inode. Source: proc_pid_net(5), and the kernel's
//! `net/ipv4/tcp_ipv4.c` and `udp.c`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `TCP_LISTEN`, and the state of a UDP socket that is connected to nobody.
const LISTEN: &str = "0A";
const UNCONNECTED: &str = "07";

/// A listening socket before its process is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) protocol: &'static str,
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) inode: u64,
}

/// Listening sockets in the text of one table. Lines that are not understood are left out.
pub(super) fn parse(protocol: &'static str, table: &str) -> Vec<Socket> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| socket(protocol, line))
        .collect()
}

fn socket(protocol: &'static str, line: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (address, port) = endpoint(fields.next()?)?;
    let (_, remote_port) = endpoint(fields.next()?)?;
    let state = fields.next()?;
    let wanted = if protocol == "tcp" {
        LISTEN
    } else {
        UNCONNECTED
    };
    if state != wanted || remote_port != 0 || port == 0 {
        return None;
    }
    // tx:rx queues, timer, retransmissions, uid, timeout, inode.
    let inode = fields.nth(5)?.parse().ok()?;
    Some(Socket {
        protocol,
        address,
        port,
        inode,
    })
}

/// `0100007F:1F90`: the address as 32-bit words in the machine's byte order, the port as a number.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let words: Option<Vec<[u8; 4]>> = address
        .as_bytes()
        .chunks(8)
        .map(|word| {
            let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
            Some(word.to_ne_bytes())
        })
        .collect();
    let address = match words?.as_slice() {
        [word] => IpAddr::V4(Ipv4Addr::from(*word)),
        [a, b, c, d] => {
            let mut bytes = [0; 16];
            for (to, from) in bytes.iter_mut().zip([a, b, c, d].into_iter().flatten()) {
                *to = *from;
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sockets_that_wait_for_others_are_taken() {
        let tcp = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 x 100 0\n\
               1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 222 1 x 100 0\n\
               2: garbage\n\
               3: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 333 1 x\n";
        let found = parse("tcp", tcp);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            Socket {
                protocol: "tcp",
                address: "127.0.0.1".parse().unwrap(),
                port: 8080,
                inode: 111
            }
        );
        assert_eq!(
            (found[1].address, found[1].port, found[1].inode),
            ("::1".parse().unwrap(), 80, 333)
        );
        let udp = "head\n 5: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 444 2 x 0\n\
                   6: 0100007F:A000 0100007F:0035 01 00000000:00000000 00:00000000 00000000 0 0 555 2 x 0\n";
        assert_eq!(
            parse("udp", udp)
                .iter()
                .map(|s| s.inode)
                .collect::<Vec<_>>(),
            [444]
        );
    }
}
