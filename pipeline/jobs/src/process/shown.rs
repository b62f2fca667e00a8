//! Keeps what a person is shown of a case beside its media: encrypted under the case's key, purged
//! with the media.

use std::time::Duration;

use bytes::Bytes;
use idproof_database::{Case, Picture};
use idproof_domain::Measured;
use idproof_domain::document::print::Compared;
use idproof_domain::ids::PictureId;
use idproof_ports::RgbImage;
use idproof_vault::{CaseKey, ObjectName, VaultError};
use idproof_worker::{Analysis, Corners, Shown, ShownSide, Signs};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use serde_json::{Map, Value, json};

use super::Process;
use super::outcome::Found;
use crate::handler::JobError;

const QUALITY: u8 = 90;
const JPEG: &str = "image/jpeg";

/// One of them before it is stored.
struct Item {
    kind: &'static str,
    content_type: &'static str,
    at_ms: Option<i64>,
    bytes: Vec<u8>,
}

impl Process {
    /// Stores what a person will be shown. What goes wrong holds up no case: the console then shows
    /// the originals alone.
    pub(super) async fn keep_shown(&self, case: &Case, found: &Found) -> Vec<Picture> {
        let Some(analysis) = found.to_show() else {
            return Vec::new();
        };
        let mut kept = Vec::new();
        let stored = async {
            let key = self.media_key(case).await?;
            for item in items(analysis)? {
                kept.push(self.keep(case, &key, item).await?);
            }
            Ok::<_, JobError>(())
        };
        if let Err(e) = stored.await {
            tracing::warn!(case = %case.id, "its pictures for the console are not kept: {e}");
        }
        kept
    }

    async fn keep(&self, case: &Case, key: &CaseKey, item: Item) -> Result<Picture, JobError> {
        let now = self.context.now();
        let id = PictureId::new(now, self.context.id_bytes());
        let rest = format!("shown/{id}");
        let name = ObjectName::new(&case.id, &rest)
            .map_err(|e| JobError::give_up(format!("an object cannot be named: {e}")))?;
        let database = &self.context.database;
        database
            .note_object(name.as_str(), &case.id, "picture", now)
            .await?;
        let size = i64::try_from(item.bytes.len()).unwrap_or(i64::MAX);
        self.vault
            .put_bytes(key, &name, Bytes::from(item.bytes))
            .await?;
        Ok(Picture {
            id,
            case: case.id.clone(),
            attempt: case.attempt,
            kind: item.kind.to_owned(),
            content_type: item.content_type.to_owned(),
            object: name.to_string(),
            size,
            at_ms: item.at_ms,
            created_at: now,
        })
    }

    /// Removes pictures that no case waits for any more.
    pub(super) async fn drop_shown(&self, pictures: &[Picture]) -> Result<(), VaultError> {
        let names: Vec<ObjectName> = pictures.iter().flat_map(|p| p.object.parse()).collect();
        self.vault.delete_many(&names).await
    }
}

/// The photographs of a document, in their order: name, and kind of its straightened picture.
const SIDES: [(&str, &str); 2] = [
    ("front", "document_front_straight"),
    ("back", "document_back_straight"),
];

fn items(analysis: &Analysis) -> Result<Vec<Item>, JobError> {
    let shown = &analysis.shown;
    let mut items = Vec::new();
    if let Some(portrait) = &shown.portrait {
        items.push(picture("portrait", None, portrait)?);
    }
    for (side, name) in shown.sides.iter().zip(SIDES) {
        if let Some(straight) = &side.straight {
            items.push(picture(name.1, None, straight)?);
        }
    }
    for frame in &shown.frames {
        let at = i64::try_from(frame.at.as_millis()).ok();
        items.push(picture("frame", at, &frame.image)?);
    }
    items.push(Item {
        kind: "findings",
        content_type: "application/json",
        at_ms: None,
        bytes: findings(shown, analysis).to_string().into_bytes(),
    });
    Ok(items)
}

fn picture(kind: &'static str, at_ms: Option<i64>, image: &RgbImage) -> Result<Item, JobError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(
            image.data(),
            image.width(),
            image.height(),
            ExtendedColorType::Rgb8,
        )
        .map_err(|_| JobError::give_up("a picture cannot be packed"))?;
    Ok(Item {
        kind,
        content_type: JPEG,
        at_ms,
        bytes,
    })
}

/// As the console reads it.
fn findings(shown: &Shown, analysis: &Analysis) -> Value {
    let table = |fields: &[(&'static str, String)]| -> Map<String, Value> {
        let pair = |(name, value): &(&'static str, String)| ((*name).to_owned(), json!(value));
        fields.iter().map(pair).collect()
    };
    let declared = match &analysis.evidence.declared {
        Some(Measured::Value(fields)) => fields.as_slice(),
        _ => &[],
    };
    let differs = declared.iter().filter(|f| !f.agrees).map(|f| f.field);
    let heard = shown.heard.iter().map(|h| {
        json!({
            "digit": h.digit.to_string(),
            "start_ms": ms(h.start),
            "end_ms": ms(h.end),
            "confidence": h.confidence,
        })
    });
    let print = match &analysis.evidence.print {
        Measured::Value(fields) => fields.as_slice(),
        Measured::Unavailable { .. } => &[],
    };
    let sides = shown.sides.iter().zip(SIDES);
    let documents: Vec<Value> = sides.map(|(s, name)| side(s, name.0, print)).collect();
    let faces = shown
        .faces
        .iter()
        .map(|(at, n)| (*at, f64::from(u8::from(*n == 1))));
    let live = shown.live.iter().map(|(at, score)| (*at, *score));
    let yaw = shown.head.iter().map(|(at, left, _)| (*at, *left));
    let pitch = shown.head.iter().map(|(at, _, up)| (*at, *up));
    let document = shown.document.iter();
    let document = document.map(|(at, seen)| (*at, f64::from(u8::from(*seen))));
    let cuts = shown.cuts.iter().map(|at| (*at, 1.0));
    let lips = analysis.evidence.lips.value().map(
        |l| json!({ "score": rounded(l.score), "lag_ms": l.lag_ms, "seconds": rounded(l.seconds) }),
    );
    let mut tracks = vec![
        track("face_present", "one face", faces),
        track("live_score", "score", live),
        track("head_yaw", "degrees", yaw),
        track("head_pitch", "degrees", pitch),
        track("mouth", "of_width", shown.mouth.iter().copied()),
        track("voice", "dB", shown.voice.iter().copied()),
    ];
    let sign = |name, unit, of: fn(&Signs) -> Option<f64>| {
        let all = shown.signs.iter();
        track(name, unit, all.filter_map(|s| Some((s.at, of(s)?))))
    };
    tracks.push(sign("periodicity", "ratio", |s| s.periodicity));
    tracks.push(sign("bars", "sides", |s| Some(s.bars)));
    tracks.push(sign("lips", "of_light", |s| s.lips));
    tracks.push(sign("warmth", "of_light", |s| s.warmth));
    tracks.push(track("document_shown", "seen", document));
    tracks.retain(|t| t["points"] != json!([]));
    // No cut says something too, where frames were looked at.
    if !shown.faces.is_empty() {
        tracks.push(track("cut", "cut", cuts));
    }
    json!({
        "zone": table(&shown.zone),
        "print": table(&shown.print),
        "compared": declared.iter().map(|f| f.field).collect::<Vec<_>>(),
        "differs": differs.collect::<Vec<_>>(),
        "documents": documents,
        "heard": heard.collect::<Vec<_>>(),
        "lips": lips,
        "tracks": tracks,
    })
}

/// Under which name the print was compared with the zone, by the name it is shown under.
fn compared_as(name: &str) -> &str {
    match name {
        "birth_name" => "surname",
        "first_names" => "given_names",
        other => other,
    }
}

/// A side of the document as the console draws it.
fn side(side: &ShownSide, name: &str, print: &[Compared]) -> Value {
    let corners = |c: &Corners| c.map(|(x, y)| [share(x), share(y)]);
    let fields = side.fields.iter().map(|f| {
        let compared = print.iter().find(|c| c.field == compared_as(f.name));
        json!({
            "name": f.name,
            "text": f.text,
            "corners": corners(&f.corners),
            "agrees": compared.and_then(Compared::agrees),
            "differs_at": compared.map(|c| c.differs_at.clone()).unwrap_or_default(),
        })
    });
    let zone = side
        .zone
        .iter()
        .map(|(text, at)| json!({ "text": text, "corners": corners(at) }));
    json!({
        "side": name,
        "found": side.found,
        "width_mm": side.size_mm.map(|s| s.0),
        "height_mm": side.size_mm.map(|s| s.1),
        "outline": side.outline.as_ref().map(corners),
        "zone": zone.collect::<Vec<_>>(),
        "fields": fields.collect::<Vec<_>>(),
        "portrait": side.portrait.as_ref().map(corners),
    })
}

/// To a ten-thousandth: a tenth of a pixel.
fn share(v: f64) -> f64 {
    (v * 10_000.0).round() / 10_000.0
}

/// Values by time, as the console draws them.
fn track(name: &str, unit: &str, points: impl Iterator<Item = (Duration, f64)>) -> Value {
    let points: Vec<Value> = points
        .map(|(at, value)| json!([ms(at), rounded(value)]))
        .collect();
    json!({ "name": name, "unit": unit, "points": points })
}

/// Three places are more than anybody sees; what is no number is nought.
fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e3).round() / 1e3;
    if rounded.is_finite() { rounded } else { 0.0 }
}

fn ms(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}
