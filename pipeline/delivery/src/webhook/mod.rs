//! Webhooks by the Standard Webhooks specification, to public addresses only.

mod guard;
mod sign;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use idproof_domain::endpoint::{AddressRules, check_url};
use idproof_domain::ids::MessageId;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};

use crate::error::{DeliveryError, Reason, SettingError};
use crate::http::{authorities, client, judge};

pub use guard::{Lookup, Resolver, SystemResolver};
pub use sign::{NotASecret, WebhookSecret};

use guard::{Guard, refusal};

/// The specification's recommended limit.
pub const MAX_BODY: usize = 20_000;
/// How long one attempt may take, look-up and connection included.
const LIMIT: Duration = Duration::from_secs(15);

/// Sends webhooks.
pub struct WebhookSender {
    client: Client,
    rules: AddressRules,
    limit: Duration,
}

impl WebhookSender {
    /// `ca_file` is a PEM file of further certificate authorities to trust.
    pub fn new(
        rules: AddressRules,
        resolver: Arc<dyn Resolver>,
        ca_file: Option<&Path>,
    ) -> Result<Self, SettingError> {
        Self::with_limit(rules, resolver, ca_file, LIMIT)
    }

    /// As [`Self::new`], with another time limit than 15 s.
    pub fn with_limit(
        rules: AddressRules,
        resolver: Arc<dyn Resolver>,
        ca_file: Option<&Path>,
        limit: Duration,
    ) -> Result<Self, SettingError> {
        let guard = Guard {
            resolver,
            rules: rules.clone(),
        };
        // No connection is kept: each send looks up and judges anew.
        let mut builder = client(limit)
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(guard));
        if let Some(path) = ca_file {
            for certificate in authorities("webhooks.ca_file", path)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder
            .build()
            .map_err(|_| SettingError::new("webhooks", "no HTTP client can be made"))?;
        Ok(Self {
            client,
            rules,
            limit,
        })
    }

    /// Sends `body` (JSON, at most 20 kB) as message `id`, dated `timestamp` (seconds since
    /// 1970), signed with each of `secrets`. Any 2xx answer means taken, and is returned; 410 means
    /// never again.
    pub async fn send(
        &self,
        endpoint_url: &str,
        secrets: &[WebhookSecret],
        id: &MessageId,
        timestamp: i64,
        body: &str,
    ) -> Result<u16, DeliveryError> {
        if body.len() > MAX_BODY {
            return Err(DeliveryError::permanent(Reason::TooLarge {
                size: body.len(),
                limit: MAX_BODY,
            }));
        }
        let url = check_url(endpoint_url, &self.rules)
            .map_err(|refused| DeliveryError::permanent(refused.into()))?;
        let signatures: Vec<String> = secrets
            .iter()
            .map(|secret| secret.sign(id.as_str(), timestamp, body))
            .collect();
        let result = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id.as_str())
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(body.to_owned())
            .send()
            .await;
        if let Err(error) = &result
            && let Some(refused) = refusal(error)
        {
            return Err(DeliveryError::permanent(refused.into()));
        }
        judge(result, &[StatusCode::GONE], self.limit)
    }
}
