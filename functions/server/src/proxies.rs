//! Who sends a request where a proxy connects for them.
//!
//! Behind a proxy every connection has the proxy's address, and whoever sends a request says in a header whom it is for. A
//! header is believed as far as it comes from a proxy that the operator named: its entries are read from the right, where the
//! nearest proxy wrote, and the first address that is no such proxy's is the sender's. What stands to the left of it, anybody
//! may have written. Sources: RFC 7239; `X-Forwarded-For` as proxies write it.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};
use serde::Deserialize;
use sources::http::Network;

/// The header that proxies tell the sender's address in. One alone is believed: a proxy that writes the one hands the other on
/// as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`: addresses parted by commas.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ProxyHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
        }
    }
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    trusted: Vec<Network>,
    header: ProxyHeader,
}

impl Proxies {
    pub(crate) fn new(trusted: Vec<Network>, header: ProxyHeader) -> Self {
        Self { trusted, header }
    }

    /// Whether an address is such a proxy's.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.holds(address))
    }

    /// Who sends a request that came from an address.
    pub(crate) fn sender(&self, from: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut sender = from;
        if !self.trusts(sender) {
            return sender;
        }
        // A proxy may add a line of its own instead of going on with the last one.
        let lines: Vec<&str> = headers
            .get_all(self.header.name())
            .iter()
            .map(|line| line.to_str().unwrap_or("unknown"))
            .collect();
        for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let named = match self.header {
                ProxyHeader::XForwardedFor => address(entry),
                ProxyHeader::Forwarded => forwarded_for(entry).and_then(address),
            };
            // Where a proxy does not tell, nobody before it is known.
            let Some(named) = named else {
                break;
            };
            sender = named;
            if !self.trusts(sender) {
                break;
            }
        }
        sender
    }
}

/// What an element of `Forwarded` says of the sender.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    })
}

/// An address as proxies write it: perhaps in quotes, perhaps with a port, one of version 6 perhaps in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = match bare.parse::<IpAddr>() {
        Ok(address) => address,
        Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn sender(header: ProxyHeader, from: &str, lines: &[&str]) -> String {
        let trusted = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header.name(), HeaderValue::try_from(*line).unwrap());
        }
        Proxies::new(trusted, header)
            .sender(from.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_s_is_the_sender_s() {
        let of = |from, lines: &[&str]| sender(ProxyHeader::XForwardedFor, from, lines);
        for (lines, expected) in [
            (&["192.0.2.7"][..], "192.0.2.7"),
            (&["203.0.113.9, 192.0.2.7"], "192.0.2.7"),
            (&["203.0.113.9, 192.0.2.7, 10.1.1.1,10.2.2.2"], "192.0.2.7"),
            (&["203.0.113.9", "192.0.2.7, 10.1.1.1"], "192.0.2.7"),
            (&["192.0.2.7:4711"], "192.0.2.7"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]:4711, [fd00::1]"], "2001:db8::1"),
            (&["::ffff:192.0.2.7"], "192.0.2.7"),
            (&["10.1.1.1"], "10.1.1.1"),
            (&["192.0.2.7, unknown, 10.1.1.1"], "10.1.1.1"),
            (&["192.0.2.7, "], PROXY),
            (&[""], PROXY),
            (&[], PROXY),
        ] {
            assert_eq!(of(PROXY, lines), expected, "{lines:?}");
        }
        assert_eq!(
            of("198.51.100.2", &["192.0.2.7"]),
            "198.51.100.2",
            "no proxy"
        );
    }

    #[test]
    fn the_header_of_rfc_7239_is_read_where_it_is_the_one() {
        let of = |lines: &[&str]| sender(ProxyHeader::Forwarded, PROXY, lines);
        for (lines, expected) in [
            (&["for=192.0.2.7"][..], "192.0.2.7"),
            (
                &["proto=https; For=\"192.0.2.7:80\";by=10.0.0.1"],
                "192.0.2.7",
            ),
            (
                &["for=203.0.113.9, for=192.0.2.7, for=10.3.3.3"],
                "192.0.2.7",
            ),
            (&["For=\"[2001:db8::1]:4711\""], "2001:db8::1"),
            (&["for=192.0.2.7, for=_hidden"], PROXY),
            (&["by=10.0.0.1"], PROXY),
        ] {
            assert_eq!(of(lines), expected, "{lines:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("forwarded", HeaderValue::from_static("for=203.0.113.9"));
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()], ProxyHeader::default());
        let from = PROXY.parse().unwrap();
        assert_eq!(proxies.sender(from, &headers), from, "the other header");
    }
}
