use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use idproof_domain::endpoint::{AddressRefused, AddressRules, check_address};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A look-up on its way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds a name's addresses.
pub trait Resolver: Send + Sync + 'static {
    fn lookup<'a>(&'a self, host: &'a str) -> Lookup<'a>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn lookup<'a>(&'a self, host: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Stands between the HTTP client and the resolver. The client connects to what comes out of
/// here and looks nothing up itself, so that a name which changes its mind gains nothing.
pub(super) struct Guard {
    pub resolver: Arc<dyn Resolver>,
    pub rules: AddressRules,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        let rules = self.rules.clone();
        Box::pin(async move {
            let found = resolver.lookup(name.as_str()).await?;
            if found.is_empty() {
                return Err(AddressRefused::NoAddress.into());
            }
            // One bad address refuses the name: which one would be tried is not ours to choose.
            for ip in &found {
                check_address(*ip, &rules)?;
            }
            let addresses: Vec<SocketAddr> =
                found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The guard's refusal inside an error of the client.
pub(super) fn refusal(error: &reqwest::Error) -> Option<AddressRefused> {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(refused) = inner.downcast_ref::<AddressRefused>() {
            // A name without address may get one.
            return (*refused != AddressRefused::NoAddress).then_some(*refused);
        }
        source = inner.source();
    }
    None
}
