use idproof_evaluation::{Picture, Section};
use idproof_ports::MediaDecoder;

use super::gather::Album;
use super::pairs::{Pairs, Scored};
use super::photo;
use crate::commands::eval::picture::side_by_side;

/// How many of each kind are shown.
const SHOWN: usize = 8;

/// The least alike of one person and the most alike of two.
pub fn sections(pairs: &Pairs, album: &Album, decoder: &dyn MediaDecoder) -> Vec<Section> {
    let show = |title: &str, chosen: Vec<&Scored>| Section::Pictures {
        title: title.to_owned(),
        items: chosen
            .into_iter()
            .filter_map(|p| picture(p, album, decoder))
            .collect(),
    };
    vec![
        show(
            "Pairs of one person that look least alike",
            pairs.genuine.iter().rev().take(SHOWN).collect(),
        ),
        show(
            "Pairs of two people that look most alike",
            pairs.impostor.iter().take(SHOWN).collect(),
        ),
    ]
}

fn picture(pair: &Scored, album: &Album, decoder: &dyn MediaDecoder) -> Option<Picture> {
    let decode = |i: usize| {
        let path = photo(album, i).path.as_path();
        decoder.decode_image(&path.into()).ok().map(|d| d.image)
    };
    let name = |i: usize| {
        let path = &photo(album, i).path;
        path.file_stem().map(|s| s.to_string_lossy().into_owned())
    };
    Some(Picture {
        caption: format!(
            "{} · {} · log likelihood ratio {:.1}",
            name(pair.a)?,
            name(pair.b)?,
            pair.ratio
        ),
        media_type: "image/jpeg",
        bytes: side_by_side(&[decode(pair.a)?, decode(pair.b)?])?,
    })
}
