use axum::Json as Answer;
use axum::extract::State;
use idproof_domain::branding::{Branding, Colour, LEAST_CONTRAST, Support, WantedBranding};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ADMIN, SEE, organisation};
use crate::console::access::Signed;
use crate::json::{self, Json};
use crate::path::Path;
use crate::problem::{Code, FieldError, Problem};
use crate::service::Service;

#[derive(Serialize)]
pub(super) struct Settings {
    name: Option<String>,
    colour: Option<String>,
    contrast: Option<f64>,
    support: SupportView,
    return_url: Option<String>,
    minimum_contrast: f64,
}

#[derive(Serialize)]
struct SupportView {
    phone: Option<String>,
    email: Option<String>,
    fr: Option<String>,
    en: Option<String>,
}

impl From<Branding> for Settings {
    fn from(branding: Branding) -> Self {
        let contrast = branding.colour.map(Colour::contrast_on_pages);
        Self {
            name: branding.name,
            colour: branding.colour.map(Into::into),
            contrast: contrast.map(|c| (c * 100.0).round() / 100.0),
            support: SupportView {
                phone: branding.support.phone,
                email: branding.support.email,
                fr: branding.support.fr,
                en: branding.support.en,
            },
            return_url: branding.return_url,
            minimum_contrast: LEAST_CONTRAST,
        }
    }
}

pub(super) async fn get(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Settings>, Problem> {
    me.may(SEE)?;
    let organisation = organisation(&service, &id).await?;
    let branding = service.database().branding(&organisation.id).await?;
    Ok(Answer(branding.unwrap_or_default().into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    colour: Option<String>,
    #[serde(default, deserialize_with = "json::object")]
    support: Option<SupportSent>,
    #[serde(default)]
    return_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SupportSent {
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    fr: Option<String>,
    #[serde(default)]
    en: Option<String>,
}

pub(super) async fn put(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Sent>,
) -> Result<Answer<Settings>, Problem> {
    me.may(ADMIN)?;
    let organisation = organisation(&service, &id).await?;
    let support = sent.support.unwrap_or_default();
    let wanted = WantedBranding {
        name: sent.name,
        colour: sent.colour,
        support: Support {
            phone: support.phone,
            email: support.email,
            fr: support.fr,
            en: support.en,
        },
        return_url: sent.return_url,
    };
    let branding = Branding::check(wanted, &service.parts.address_rules).map_err(|faults| {
        let fault = |f: idproof_domain::branding::BrandingFault| {
            FieldError::new(f.field, f.why.code(), f.why.to_string())
        };
        Problem::invalid(faults.into_iter().map(fault).collect())
    })?;
    // Which fields are set, not to what.
    let data = json!({
        "organisation": organisation.id,
        "name": branding.name.is_some(), "colour": branding.colour.is_some(),
        "support": branding.support != Support::default(), "return_url": branding.return_url.is_some(),
    });
    let mut tx = service.database().begin().await?;
    if !tx.put_branding(&organisation.id, &branding).await? {
        return Err(Code::NotFound.into());
    }
    tx.record(me.event(None, service.now(), "organisation_settings_changed", data));
    tx.commit().await?;
    Ok(Answer(branding.into()))
}
