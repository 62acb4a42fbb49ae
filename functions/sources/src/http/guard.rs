//! The guard: which addresses are asked for people who may not ask this machine and its networks themselves.
//!
//! Every address that a person may enter (of a registry, an issuer, a listener) goes through [`Guard::url`] when it is
//! entered, and through a client with the guard in its [`super::HttpOptions`] when it is asked. The client judges what it
//! connects to: names are looked up by a resolver that leaves out what is not admitted, and the connection is made to
//! what is left, so a name that leads elsewhere the next time gains nothing. Redirects are held to the same.
//!
//! Sources: RFC 1918, RFC 4193, RFC 6598, RFC 6890 and the IANA registries of special-purpose addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    sync::Arc,
};

use reqwest::Url;
use serde::{Deserialize, Deserializer};

use super::{HttpError, is_confidential};

/// Longest address that may be entered, in bytes.
pub const MAX_URL_BYTES: usize = 2048;
/// Most networks of a list.
const MAX_NETWORKS: usize = 100;

/// Where clouds tell a machine its own credentials. A network that is allowed and has one of these in it does not allow
/// it: it has to be named itself.
const METADATA: [IpAddr; 7] = [
    // Amazon, Azure, Google and others; containers and pods of Amazon.
    v4(169, 254, 169, 254),
    v4(169, 254, 170, 2),
    v4(169, 254, 170, 23),
    // Alibaba.
    v4(100, 100, 100, 200),
    // Azure's platform, of a public range.
    v4(168, 63, 129, 16),
    // Amazon by IPv6; its pods.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

/// A network: `10.0.0.0/8`, `fd12:3456::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// It has not the form of one.
    #[error(
        "`{0}` is no network: write an address, `/` and the length of its prefix, such as 10.0.0.0/8"
    )]
    Form(String),
    /// Bits after the prefix are set, so that another network may be meant.
    #[error("`{0}` is an address within a network: the bits after its prefix are not zero")]
    Within(String),
    /// More networks than are taken.
    #[error("{0} networks are more than the {MAX_NETWORKS} that can be allowed")]
    Many(usize),
}

impl Network {
    /// Whether an address is in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                prefix(u128::from(first.to_bits()), 32, self.bits)
                    == prefix(u128::from(address.to_bits()), 32, self.bits)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                prefix(first.to_bits(), 128, self.bits) == prefix(address.to_bits(), 128, self.bits)
            }
            _ => false,
        }
    }

    fn is_one_address(&self) -> bool {
        self.bits == width(self.first)
    }
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The first bits of an address of this width.
fn prefix(bits: u128, width: u8, length: u8) -> u128 {
    bits.checked_shr(u32::from(width.saturating_sub(length)))
        .unwrap_or(0)
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || InvalidNetwork::Form(text.chars().take(60).collect());
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let first: IpAddr = address.parse().map_err(|_| form())?;
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| form())?,
            None => width(first),
        };
        if bits > width(first) {
            return Err(form());
        }
        let whole = match first {
            IpAddr::V4(first) => u128::from(first.to_bits()),
            IpAddr::V6(first) => first.to_bits(),
        };
        let rest = width(first).saturating_sub(bits);
        let kept = prefix(whole, width(first), bits)
            .checked_shl(u32::from(rest))
            .unwrap_or(0);
        if kept != whole {
            return Err(InvalidNetwork::Within(text.chars().take(60).collect()));
        }
        Ok(Self { first, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Admits public addresses, and those of networks that the operator allows. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    allowed: Arc<[Network]>,
}

impl Guard {
    /// A guard that admits these networks beside public addresses.
    pub fn allowing(networks: Vec<Network>) -> Self {
        Self {
            allowed: networks.into(),
        }
    }

    /// The same of a list, parted by commas; empty for none.
    ///
    /// # Errors
    /// When a part is no network, or there are more than a hundred.
    pub fn of_list(text: &str) -> Result<Self, InvalidNetwork> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let networks: Vec<Network> = parts.map(str::parse).collect::<Result<_, _>>()?;
        if networks.len() > MAX_NETWORKS {
            return Err(InvalidNetwork::Many(networks.len()));
        }
        Ok(Self::allowing(networks))
    }

    /// Whether this address is asked.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = meant(address);
        if METADATA.contains(&address) {
            let named = |network: &Network| network.is_one_address() && network.holds(address);
            return self.allowed.iter().any(named);
        }
        !is_internal_ip(address) || self.allowed.iter().any(|network| network.holds(address))
    }

    /// Whether the operator named a network that has this address: what is not encrypted goes nowhere else.
    pub(crate) fn names(&self, address: IpAddr) -> bool {
        let address = meant(address);
        self.admits(address) && self.allowed.iter().any(|network| network.holds(address))
    }

    /// A host and a port that somebody entered, as far as they can be judged before names are looked up: the host as it is
    /// kept, in lower case.
    ///
    /// # Errors
    /// As [`Self::url`].
    pub fn host(&self, host: &str, port: u16) -> Result<String, HttpError> {
        let shown = || HttpError::Address(host.chars().take(200).collect());
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]_".contains(&b);
        if port == 0 || !host.bytes().all(plain) {
            return Err(shown());
        }
        let bracketed = match host.parse::<Ipv6Addr>() {
            Ok(ip) => format!("[{ip}]"),
            Err(_) => host.to_owned(),
        };
        let url = self.url(&format!("https://{bracketed}:{port}/"))?;
        let found = url.0.host_str().unwrap_or_default().to_owned();
        // With a port of its own in it, it would be another.
        if url.0.port_or_known_default() == Some(port) && found.eq_ignore_ascii_case(&bracketed) {
            Ok(found)
        } else {
            Err(shown())
        }
    }

    /// An address that somebody entered, as far as it can be judged before names are looked up: absolute, encrypted
    /// (or of this machine, where that is allowed), without a name and password in it.
    ///
    /// # Errors
    /// [`HttpError::Address`], [`HttpError::NotEncrypted`] and [`HttpError::Internal`], which name it. A password in it
    /// is not repeated.
    pub fn url(&self, text: &str) -> Result<GuardedUrl, HttpError> {
        let shown =
            || super::without_secrets(text.get(..text.floor_char_boundary(200)).unwrap_or(""));
        if text.len() > MAX_URL_BYTES {
            return Err(HttpError::Address(shown()));
        }
        let url = Url::parse(text).map_err(|_| HttpError::Address(shown()))?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.fragment().is_some() || url.host_str().is_none_or(str::is_empty) {
            return Err(HttpError::Address(shown()));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_confidential(&url) => {}
            "http" => return Err(HttpError::NotEncrypted(shown())),
            _ => return Err(HttpError::Address(shown())),
        }
        if self.refuses(&url) {
            return Err(HttpError::Internal(shown()));
        }
        Ok(GuardedUrl(url))
    }

    /// Whether an address is refused by how it is written. Names that are not are looked up when they are asked.
    pub(super) fn refuses(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return true;
        };
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => !self.admits(address),
            // Where the operator allows networks, such names may lead there.
            Err(_) => self.allowed.is_empty() && is_internal_name(host),
        }
    }
}

/// An address that somebody entered and a [`Guard`] let pass. Whether its name leads inside is judged when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardedUrl(Url);

impl GuardedUrl {
    /// The address in its normal form.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Its host with its port where it has one, in lower case.
    pub fn authority(&self) -> String {
        super::host_of(&self.0)
    }

    /// Its path; `/` without one.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Its query, without `?`.
    pub fn query(&self) -> Option<&str> {
        self.0.query()
    }
}

impl fmt::Display for GuardedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// That a name leads to nothing that is admitted, or a redirect does.
#[derive(Debug, thiserror::Error)]
#[error("it leads to no public address")]
pub(super) struct Refused;

impl Refused {
    /// Whether this is why a request failed.
    pub(super) fn is_behind(error: &(dyn std::error::Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(one) = next {
            if one.is::<Self>() {
                return true;
            }
            next = one.source();
        }
        false
    }
}

/// Looks names up, and leaves out what a guard does not admit.
pub(super) struct Resolver(pub(super) Guard);

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted: Vec<_> = found.filter(|found| guard.admits(found.ip())).collect();
            if admitted.is_empty() {
                return Err(Refused.into());
            }
            let addresses: reqwest::dns::Addrs = Box::new(admitted.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is written as one of this machine, a private network or no network at all.
pub(super) fn is_internal(address: &Url) -> bool {
    let Some(host) = address.host_str() else {
        return true;
    };
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => is_internal_ip(meant(ip)),
        Err(_) => is_internal_name(host),
    }
}

fn is_internal_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost") || host.ends_with(".internal")
}

/// The address that one leads to: an IPv4 address within one of IPv6 is that.
fn meant(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => embedded_v4(v6).map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// Whether an address, as [`meant`], is none of the public internet.
fn is_internal_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_internal_v4(ip),
        // Only 2000::/3 is given out as public (RFC 4291, 2.4). Of it, 2001::/23 is for protocols, with Teredo's tunnels
        // that lead anywhere; 2001:db8::/32 and 3fff::/20 are for documents.
        IpAddr::V6(ip) => match ip.segments() {
            [0x2001, second, ..] => second < 0x200 || second == 0xdb8,
            [0x3fff, second, ..] => second < 0x1000,
            [first, ..] => first & 0xe000 != 0x2000,
        },
    }
}

fn is_internal_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_multicast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 198 && (18..20).contains(&second))
        || (first, second, third) == (192, 0, 0)
        // Relays of 6to4, which nobody runs any more (RFC 7526).
        || (first, second, third) == (192, 88, 99)
}

/// The IPv4 address that an IPv6 address leads to: mapped or compatible (RFC 4291), translated (RFC 2765), by NAT64
/// (RFC 6052, whose local prefix of RFC 8215 leads inside), or by 6to4 (RFC 3056).
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        // These two are of this machine and of none, and no IPv4 address.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            Some(of(high, low))
        }
        [0x64, 0xff9b, 1, ..] => Some(Ipv4Addr::UNSPECIFIED),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => ip.to_ipv4(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_that_lead_inside_are_none_to_ask() {
        let guard = Guard::default();
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.8",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "fec0::1",
            "fe80::1",
            "fd00::1",
            "fd00:ec2::254",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!guard.admits(ip(inside)), "{inside}");
        }
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "192.0.1.1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2606:4700::1",
            "2001:4860:4860::8888",
        ] {
            assert!(guard.admits(ip(public)), "{public}");
        }
    }

    #[test]
    fn a_network_that_is_allowed_is_asked_and_metadata_in_it_only_by_its_own_name() {
        let guard = Guard::of_list("10.1.0.0/16, 169.254.0.0/16,fd00::/8, 127.0.0.1").unwrap();
        for yes in [
            "10.1.0.0",
            "10.1.255.255",
            "::ffff:10.1.2.3",
            "169.254.1.1",
            "fd12::1",
            "127.0.0.1",
        ] {
            assert!(guard.admits(ip(yes)), "{yes}");
        }
        for no in [
            "10.0.255.255",
            "10.2.0.0",
            "127.0.0.2",
            "::1",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "fe80::1",
        ] {
            assert!(!guard.admits(ip(no)), "{no}");
        }
        let named = Guard::of_list("169.254.169.254/32").unwrap();
        assert!(named.admits(ip("169.254.169.254")));
        assert!(!named.admits(ip("169.254.169.253")));
        let all = Guard::of_list("0.0.0.0/0,::/0").unwrap();
        assert!(all.admits(ip("10.0.0.1")) && all.admits(ip("::1")));
        assert!(!all.admits(ip("169.254.169.254")));
    }

    #[test]
    fn what_is_no_network_is_named() {
        for (text, says) in [
            ("10.0.0.0/33", "is no network"),
            ("10.0.0.0/-1", "is no network"),
            ("10.0.0/8", "is no network"),
            ("example.org", "is no network"),
            ("::/129", "is no network"),
            ("10.0.0.1/8", "address within a network"),
            ("fd00::1/8", "address within a network"),
        ] {
            let error = Guard::of_list(text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(text), "{error}");
        }
        let many = vec!["10.0.0.0/8"; 101].join(",");
        assert_eq!(Guard::of_list(&many), Err(InvalidNetwork::Many(101)));
        assert_eq!(Guard::of_list(" , ").unwrap(), Guard::default());
        let network: Network = "fd00::/8".parse().unwrap();
        assert_eq!(network.to_string(), "fd00::/8");
    }

    #[test]
    fn an_address_that_is_entered_is_public_encrypted_and_without_a_password() {
        let guard = Guard::default();
        let url = guard
            .url("https://Registry.Example.org:5000/a?b=c")
            .unwrap();
        assert_eq!(url.authority(), "registry.example.org:5000");
        assert_eq!((url.path(), url.query()), ("/a", Some("b=c")));
        for text in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://metadata.google.internal/",
            "http://127.0.0.1/",
            // Full-width digits are digits to whoever reads addresses.
            "https://\u{ff11}27.0.0.1/",
        ] {
            let error = guard.url(text).unwrap_err();
            assert!(matches!(error, HttpError::Internal(_)), "{text} {error:?}");
        }
        for text in [
            "",
            "registry.example.org",
            "ftp://registry.example.org/",
            "file:///etc/passwd",
            "https://user:hunter2@registry.example.org/",
            "https://user@registry.example.org/",
            "https://registry.example.org/#part",
            "https://",
            &format!("https://registry.example.org/{}", "x".repeat(2048)),
        ] {
            let error = guard.url(text).unwrap_err();
            assert!(matches!(error, HttpError::Address(_)), "{text} {error:?}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let plain = guard.url("http://registry.example.org/").unwrap_err();
        assert!(matches!(plain, HttpError::NotEncrypted(_)), "{plain:?}");
        let own = Guard::of_list("127.0.0.0/8").unwrap();
        assert!(own.url("http://127.0.0.1:5000/").is_ok());
        assert!(own.url("http://localhost:5000/").is_ok());
        assert!(own.url("https://10.0.0.1/").is_err());
    }
}
