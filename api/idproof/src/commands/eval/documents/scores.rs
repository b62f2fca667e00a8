//! Scores of documents with their truth, for policies to be held against: how much the zone's grammar had to correct,
//! where somebody wrote the zone down; how much a picture looks like a screen or a copy, where it is known to be one
//! or an original.

use std::path::Path;

use idproof_domain::CheckName;
use idproof_domain::evidence::Doubt;
use idproof_evaluation::labelled::{Item, Kind, Label, LabelledSet};

use super::material::About;
use super::measure::{Outcome, Row};
use crate::commands::eval::{rounded, set_name};

/// File and set. What nothing is known about is in none, and a set of one label alone is left out: it measures nothing.
pub fn sets(rows: &[Row], data: &Path) -> Vec<(&'static str, LabelledSet)> {
    let mut all = Vec::new();
    let mut add = |file,
                   name: &str,
                   threshold: &str,
                   kind,
                   check: CheckName,
                   items: Vec<Item>,
                   about: &str| {
        let genuine = items.iter().filter(|i| i.label.is_genuine()).count();
        if genuine == 0 || genuine == items.len() {
            return;
        }
        let mut set = LabelledSet::new(&set_name(name, data), check.as_str(), kind, items);
        set.threshold = Some(threshold.to_owned());
        set.about = about.to_owned();
        all.push((file, set));
    };
    add(
        "scores.json",
        "zone",
        "document_mrz_corrections",
        Kind::Comparison,
        CheckName::DocumentMrz,
        rows.iter().filter_map(reading).collect(),
        "Characters that the grammar corrected; genuine: read as it was written down. Pictures without a zone whose \
         check digits agree are left out: no threshold accepts them.",
    );
    let originals = "The one measure alone, of single pictures; originals are those photographed from the document itself.";
    let untouched =
        "The one measure alone, of single pictures that were edited, and of the same left alone.";
    type Score = fn(&Doubt) -> f64;
    // What could not be compared is suspected by nobody.
    let measures: [(&str, &str, &str, About, Score, &str); 5] = [
        (
            "scores-screen.json",
            "screen",
            "document_screen_max",
            About::Screen,
            |d| d.screen,
            originals,
        ),
        (
            "scores-copy.json",
            "copy",
            "document_copy_max",
            About::Copy,
            |d| d.copy,
            originals,
        ),
        (
            "scores-edit-portrait.json",
            "edited portrait",
            "document_portrait_edit_max",
            About::EditedPortrait,
            |d| d.portrait.unwrap_or_default(),
            untouched,
        ),
        (
            "scores-edit-field.json",
            "edited field",
            "document_field_edit_max",
            About::EditedField,
            |d| d.field.unwrap_or_default(),
            untouched,
        ),
        (
            "scores-edit-line.json",
            "edited line",
            "document_line_edit_max",
            About::EditedField,
            |d| d.line.unwrap_or_default(),
            untouched,
        ),
    ];
    for (file, name, threshold, attack, score, about) in measures {
        let items = rows.iter().filter_map(|row| doubt(row, attack, score));
        add(
            file,
            name,
            threshold,
            Kind::PresentationAttack,
            CheckName::DocumentOriginal,
            items.collect(),
            about,
        );
    }
    all
}

fn item(label: Label, score: f64) -> Item {
    Item {
        label,
        score: Some(rounded(score)),
        people: None,
        species: None,
        group: None,
    }
}

fn reading(row: &Row) -> Option<Item> {
    let Outcome::Document {
        zone: Some(zone), ..
    } = &row.outcome
    else {
        return None;
    };
    if !row.outcome.is_valid() {
        return None;
    }
    let right = row.outcome.is_exact()?;
    let label = if right {
        Label::Genuine
    } else {
        Label::Impostor
    };
    Some(item(label, zone.changed as f64))
}

fn doubt(row: &Row, attack: About, of: fn(&Doubt) -> f64) -> Option<Item> {
    let Outcome::Document { doubt, .. } = &row.outcome else {
        return None;
    };
    let score = of(doubt);
    let species = match attack {
        About::Screen => Some("screen"),
        About::Copy => Some("copy"),
        _ => row.edit(),
    };
    match row.about()? {
        About::Legible | About::Hard => Some(item(Label::BonaFide, score)),
        is if is == attack => Some(Item {
            species: species.map(str::to_owned),
            ..item(Label::Attack, score)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use idproof_domain::catalogue::band_at;
    use idproof_domain::evidence::Surface;
    use idproof_domain::mrz::correct;
    use idproof_domain::{Policy, mrz};

    use super::super::material::Truth;
    use super::*;
    use crate::compose::labelled::check_of;

    const ZONE: [&str; 3] = [
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ];

    fn row(
        name: &str,
        lines: Option<&[&str]>,
        about: Option<About>,
        (screen, copy): (f64, f64),
    ) -> Row {
        let zone: Vec<String> = ZONE.map(str::to_owned).to_vec();
        let strings = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect();
        Row {
            name: name.to_owned(),
            outcome: Outcome::Document {
                zone: correct(&zone).into_iter().next().map(Box::new),
                truth: lines.map(|lines| Truth {
                    lines: strings(lines),
                    about,
                }),
                gate: Vec::new(),
                suspected: Vec::new(),
                surface: Surface {
                    resolution: None,
                    blur: 0.0,
                    glare: 0.0,
                    dark_end: 0.0,
                    light_end: 255.0,
                    cut_off: false,
                    covered: 0.0,
                },
                doubt: Box::new(Doubt {
                    screen,
                    copy,
                    portrait: Some(screen / 10.0),
                    field: None,
                    line: None,
                    second: None,
                    by_editor: false,
                }),
                portrait: None,
            },
            seconds: 0.0,
            picture: None,
        }
    }

    #[test]
    fn what_is_known_becomes_labelled_and_what_is_not_does_not() {
        assert!(mrz::parse(&ZONE).is_ok());
        let other = [
            "I<UTOD231458907<<<<<<<<<<<<<<<",
            "7408122F1204159UTO<<<<<<<<<<<6",
            "ERIKSSON<<ANNE<MARIA<<<<<<<<<<",
        ];
        let rows = [
            row("a.jpg", Some(&ZONE), Some(About::Legible), (1.0, 0.1)),
            row("b.jpg", Some(&other), Some(About::Screen), (9.0, 0.2)),
            row("attack/screen/c.jpg", None, None, (8.0, 0.1)),
            row("bona-fide/d.jpg", None, None, (1.5, 0.3)),
            row("e.jpg", None, None, (5.0, 0.5)),
            row("f.jpg", Some(&ZONE), Some(About::Copy), (1.0, 0.99)),
            row("attack/edit/portrait-sharp/g.jpg", None, None, (7.0, 0.1)),
        ];
        let found = sets(&rows, Path::new("cards"));
        let names: Vec<_> = found
            .iter()
            .map(|(file, set)| (*file, set.items.len()))
            .collect();
        assert_eq!(
            names,
            [
                ("scores.json", 3),
                ("scores-screen.json", 4),
                ("scores-copy.json", 3),
                ("scores-edit-portrait.json", 3)
            ]
        );
        let policy = Policy::parse(Policy::DEFAULT_TEXT).unwrap();
        for (_, set) in &found {
            // What is written is read again, and a policy has the threshold that it names.
            let text = serde_json::to_vec(set).unwrap();
            let again = LabelledSet::parse(&text).unwrap();
            assert_eq!(&again, set);
            let check = check_of(&again).unwrap();
            assert!(band_at(check, again.threshold.as_deref(), &policy).is_some());
        }
        let screen = &found[1].1;
        let attacks: Vec<f64> = screen
            .items
            .iter()
            .filter(|i| i.label == Label::Attack)
            .filter_map(|i| i.score)
            .collect();
        assert_eq!(attacks, [9.0, 8.0]);
        assert!(
            sets(&rows[..1], Path::new("x")).is_empty(),
            "one label alone measures nothing"
        );
    }
}
