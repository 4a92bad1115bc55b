//! Which addresses may deliver, seen through which proxies.

use std::{error::Error, fmt, net::IpAddr};

use ipnet::{IpNet, Ipv4Net};

#[cfg(feature = "intake")]
mod forwarded;
#[cfg(feature = "intake")]
mod policy;

#[cfg(feature = "intake")]
pub(crate) use policy::SourcePolicy;

/// Addresses and networks, in CIDR notation.
///
/// IPv4 addresses that a dual-stack socket shows as `::ffff:192.0.2.1` count as `192.0.2.1`, on
/// both sides of the comparison.
///
/// An allow-list is no substitute for the signature: it keeps noise away, early and cheaply.
///
/// ```
/// use smile_core::{IpAllowList, smile_api};
///
/// let networks = IpAllowList::parse(["18.142.61.230/32", "2001:db8::/32", "192.0.2.7"])?;
/// let vendor = IpAllowList::from([smile_api::SOURCE_ADDRESS]);
/// assert!(networks.contains(smile_api::SOURCE_ADDRESS) && vendor.contains(smile_api::SOURCE_ADDRESS));
/// # Ok::<(), smile_core::InvalidNetwork>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpAllowList(Vec<IpNet>);

impl IpAllowList {
    /// Reads networks (`192.0.2.0/24`) and single addresses.
    ///
    /// An empty list is a list that allows nobody.
    ///
    /// # Errors
    ///
    /// [`InvalidNetwork`] names the first entry that is neither.
    pub fn parse<I>(networks: I) -> Result<Self, InvalidNetwork>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        networks
            .into_iter()
            .map(|text| parse_network(text.as_ref()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether one of the networks holds the address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl<const N: usize> From<[IpAddr; N]> for IpAllowList {
    fn from(addresses: [IpAddr; N]) -> Self {
        Self(
            addresses
                .into_iter()
                .map(|address| IpNet::from(address.to_canonical()))
                .collect(),
        )
    }
}

/// An entry of an [`IpAllowList`] that is neither an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidNetwork {
    text: String,
    source: ipnet::AddrParseError,
}

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is neither an address nor a network such as 192.0.2.0/24",
            self.text
        )
    }
}

impl Error for InvalidNetwork {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn parse_network(text: &str) -> Result<IpNet, InvalidNetwork> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text
            .parse::<IpNet>()
            .map_err(|source| InvalidNetwork {
                text: text.to_owned(),
                source,
            })?
            .trunc(),
    };
    Ok(canonical(network))
}

/// `::ffff:192.0.2.0/120` is `192.0.2.0/24`.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else {
        return network;
    };
    match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
        (Some(address), Some(prefix)) => Ipv4Net::new(address, prefix).map_or(network, IpNet::V4),
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_network_is_named() {
        let err = IpAllowList::parse(["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err();
        assert_eq!(
            err.to_string(),
            "\"10.0.0.0/33\" is neither an address nor a network such as 192.0.2.0/24"
        );
        assert!(err.source().is_some(), "the parser's own error");
    }
}
