//! Bad input, from the photograph to the reason, with readers that say what a test wants.

use idproof_domain::declared::DeclaredIdentity;
use idproof_domain::seal::{Trust, parse as parse_seal};
use idproof_domain::{CheckName, Evidence, Language, Policy, decide};
use idproof_ports::{
    DocumentFinder, FoundLines, MediaFile, ModelError, PageRead, PageRequest, Point, SealReader,
    TextLine, Unavailable, VideoReport, VideoRequest, VideoSink, ZoneAmong,
};
use time::macros::date;

use super::*;

const CARD_2021: [&str; 3] = [
    "IDFRAX4RTBPFW46<<<<<<<<<<<<<<<",
    "9007138F3002119FRA<<<<<<<<<<<6",
    "MARTIN<<MAELYS<GAELLE<MARIE<<<",
];
const PASSPORT: [&str; 2] = [
    "P<FRASPECIMEN<<NATACHA<<<<<<<<<<<<<<<<<<<<<<",
    "07CD123044FRA7307122F1603062<<<<<<<<<<<<<<04",
];
const PRINT: [(&str, &str); 4] = [
    ("NOM / Surname", "MARTIN"),
    ("Prénoms / Given names", "Maëlys-Gaëlle, Marie"),
    ("DATE DE NAISS. / Date of birth", "13 07 1990"),
    ("N° DU DOCUMENT / Document No", "X4RTBPFW4"),
];

/// One card in a photograph: its place, and what stands on it. A card is told by its colour, and
/// the way up by a mark of the other colour in its corner.
#[derive(Clone)]
struct Card {
    colour: u8,
    at: (u32, u32),
    zone: Vec<String>,
    print: Vec<(String, String)>,
}

const SIZE: (u32, u32) = (856, 540);

fn card(colour: u8, at: (u32, u32), zone: &[&str], print: &[(&str, &str)]) -> Card {
    let own = |s: &&str| (*s).to_owned();
    Card {
        colour,
        at,
        zone: zone.iter().map(own).collect(),
        print: print.iter().map(|(a, b)| (own(a), own(b))).collect(),
    }
}

/// Photographs by the order in which they are handed in.
struct Scene(Vec<Vec<Card>>, Mutex<usize>);

impl MediaDecoder for Scene {
    fn decode_image(&self, _: &MediaFile) -> Result<DecodedImage, MediaError> {
        let mut next = self.1.lock().unwrap();
        let cards = &self.0[*next];
        *next += 1;
        let (w, h) = (2000_u32, 1400_u32);
        let mut data = vec![90_u8; (w * h * 3) as usize];
        for card in cards {
            for y in 0..SIZE.1 {
                for x in 0..SIZE.0 {
                    let i = ((card.at.1 + y) * w + card.at.0 + x) as usize * 3;
                    let ink = (x / 3 + y / 5) % 3 == 0;
                    data[i..i + 3].fill(if ink { card.colour - 40 } else { card.colour });
                }
            }
        }
        Ok(DecodedImage {
            image: RgbImage::from_raw(w, h, data).unwrap(),
            report: ImageReport {
                format: "png".into(),
                file_bytes: 1,
                stored_width: w,
                stored_height: h,
                orientation: 1,
                by_editor: false,
            },
        })
    }

    fn decode_video(
        &self,
        _: &MediaFile,
        _: &VideoRequest,
        _: &mut dyn VideoSink,
    ) -> Result<VideoReport, MediaError> {
        Err(MediaError::Unavailable("no video here".into()))
    }

    fn decode_sound(&self, _: &MediaFile) -> Result<Vec<f32>, MediaError> {
        Err(MediaError::Unavailable("no sound here".into()))
    }
}

/// Knows the cards, and tells a straightened one by its colour.
struct Reader(Vec<Vec<Card>>, usize);

impl Reader {
    fn line(text: &str, x: f32, y: f32, width: f32) -> TextLine {
        let corners = [(x, y), (x + width, y), (x + width, y + 24.0), (x, y + 24.0)];
        TextLine {
            corners: corners.map(|(x, y)| Point::new(x, y)),
            text: text.into(),
            confidence: 0.97,
        }
    }

    fn print(card: &Card, (x, y): (f32, f32)) -> Vec<TextLine> {
        let mut lines = Vec::new();
        for (k, (label, value)) in card.print.iter().enumerate() {
            let top = y + 60.0 + 90.0 * k as f32;
            lines.push(Self::line(label, x + 300.0, top, 260.0));
            lines.push(Self::line(value, x + 300.0, top + 30.0, 180.0));
        }
        lines
    }
}

impl TextReader for Reader {
    fn find_lines(&mut self, _: &RgbImage, _: u32) -> Result<FoundLines, ModelError> {
        Ok(FoundLines {
            places: Vec::new(),
            are_clear: false,
        })
    }

    fn read_mrz_among(&mut self, _: &RgbImage, _: &[Quad]) -> Result<ZoneAmong, ModelError> {
        Ok(ZoneAmong::Unsure)
    }

    fn is_print_beside(&mut self, _: &RgbImage, _: &[Quad]) -> Result<bool, ModelError> {
        Ok(true)
    }

    fn read(
        &mut self,
        image: &RgbImage,
        _: Option<&[Quad]>,
        _: &PageRequest,
    ) -> Result<PageRead, ModelError> {
        let cards = &self.0[self.1 - 1];
        let upright = |lines| PageRead {
            lines,
            turned: false,
        };
        if image.width() == 2000 {
            let all = cards
                .iter()
                .flat_map(|c| Self::print(c, (c.at.0 as f32, c.at.1 as f32)));
            return Ok(upright(all.collect()));
        }
        let light = *image.data().iter().max().unwrap();
        let own = cards.iter().find(|c| c.colour.abs_diff(light) < 6);
        let lines = own.map(|c| Self::print(c, (0.0, 0.0)));
        Ok(upright(lines.unwrap_or_default()))
    }

    fn read_mrz_lines(&mut self, _: &RgbImage, _: &[Quad]) -> Result<Vec<TextLine>, ModelError> {
        self.1 += 1;
        let with_zone = self.0[self.1 - 1].iter().find(|c| !c.zone.is_empty());
        let Some(card) = with_zone else {
            return Ok(Vec::new());
        };
        let (x, y) = (card.at.0 as f32 + 47.0, card.at.1 as f32 + 540.0);
        let up = if card.zone.len() == 3 { 190.0 } else { 160.0 };
        let lines = card.zone.iter().enumerate().map(|(k, text)| {
            let width = 25.4 * text.len() as f32 * 762.0 / 762.0;
            Self::line(text, x, y - up + 63.5 * k as f32, width)
        });
        Ok(lines.collect())
    }

    fn read_mrz_line(&mut self, _: &RgbImage) -> Result<Option<TextLine>, ModelError> {
        Ok(None)
    }

    fn identities(&self) -> Vec<ModelIdentity> {
        Vec::new()
    }
}

struct Outlines(Vec<Vec<Card>>, usize);

impl DocumentFinder for Outlines {
    fn find(&mut self, _: &RgbImage) -> Result<Vec<Quad>, ModelError> {
        self.1 += 1;
        let quad = |c: &Card| {
            let (x, y) = (c.at.0 as f32, c.at.1 as f32);
            let (w, h) = (SIZE.0 as f32, SIZE.1 as f32);
            Quad {
                corners: [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
                    .map(|(x, y)| Point::new(x, y)),
            }
        };
        Ok(self.0[self.1 - 1].iter().map(quad).collect())
    }
}

struct Seals(Vec<FoundSeal>);

impl SealReader for Seals {
    fn read(&mut self, _: &RgbImage) -> Result<Vec<FoundSeal>, ModelError> {
        Ok(self.0.clone())
    }
}

fn nothing<T>() -> Capability<T> {
    Err(Unavailable {
        what: "a model".into(),
        why: "no test needs it".into(),
    })
}

struct Case {
    photographs: Vec<Vec<Card>>,
    seals: Vec<FoundSeal>,
    declared: Option<DeclaredIdentity>,
}

impl Case {
    fn of(photographs: Vec<Vec<Card>>) -> Self {
        Self {
            photographs,
            seals: Vec::new(),
            declared: None,
        }
    }

    fn zone(lines: &[&str]) -> Self {
        Self::of(vec![vec![card(200, (300, 300), lines, &[])]])
    }

    fn found(self) -> DocumentFindings {
        let analysers = Analysers {
            faces: nothing(),
            liveness: nothing(),
            text: Ok(Mutex::new(Box::new(Reader(self.photographs.clone(), 0)))),
            seals: Ok(Mutex::new(Box::new(Seals(self.seals)))),
            outlines: Mutex::new(Box::new(Outlines(self.photographs.clone(), 0))),
            speech: nothing(),
        };
        let file = || MediaFile::from(std::path::Path::new("never opened"));
        let input = CaseInput {
            documents: self.photographs.iter().map(|_| file()).collect(),
            video: file(),
            digits: "123".parse().unwrap(),
            language: Language::En,
            script: None,
            capture: Default::default(),
            declared: self.declared,
            announced: None,
            today: date!(2026 - 11 - 29),
        };
        read(&Scene(self.photographs, Mutex::new(0)), &analysers, &input).unwrap()
    }

    /// The reasons of a check, on these documents and no recording.
    fn reasons(self, of: CheckName) -> Vec<ReasonCode> {
        fn missing<T>() -> Measured<T> {
            Measured::unavailable(ReasonCode::NothingToCompare, "not looked at")
        }
        let found = self.found();
        let evidence = Evidence {
            today: date!(2026 - 11 - 29),
            surfaces: found.surfaces,
            portrait: found.portrait,
            announced: None,
            zone: found.zone,
            doubts: found.doubts,
            seen_in: None,
            print: found.print,
            seals: found.seals,
            declared: found.declared,
            recording: missing(),
            presence: missing(),
            face_match: missing(),
            liveness: missing(),
            motion: missing(),
            continuity: missing(),
            recapture: missing(),
            display: missing(),
            skin: missing(),
            pulse: missing(),
            injection: missing(),
            traces: missing(),
            footage: None,
            head: None,
            document_shown: None,
            layout: None,
            speech: missing(),
            answers: None,
            lips: missing(),
        };
        let policy = Policy::parse(Policy::DEFAULT_TEXT).unwrap();
        let decision = decide(&evidence, &policy);
        let check = decision.checks.into_iter().find(|c| c.name == of);
        check.map(|c| c.reasons).unwrap_or_default()
    }
}

#[test]
fn a_foreign_document_with_a_valid_zone_is_of_no_accepted_kind() {
    let swiss = [
        "IDCHES1A00A00<6<<<<<<<<<<<<<<<",
        "8001014F3012316CHE<<<<<<<<<<<6",
        "SMITH<<ANNA<<<<<<<<<<<<<<<<<<<",
    ];
    // Whatever its own check digits: the country is what counts here.
    let zone = Case::zone(&swiss).reasons(CheckName::DocumentKind);
    assert_eq!(zone, [ReasonCode::DocumentNotAccepted]);
    let kind = Case::zone(&["IDFRAX4RTBPFW38<<<<<<<<<<<<<<<", CARD_2021[1], CARD_2021[2]]);
    assert!(
        !kind
            .reasons(CheckName::DocumentKind)
            .contains(&ReasonCode::DocumentNotAccepted)
    );
}

#[test]
fn one_wrong_check_digit_is_named() {
    let wrong = Case::zone(&[CARD_2021[0], "9007139F3002119FRA<<<<<<<<<<<6", CARD_2021[2]]);
    assert!(
        wrong
            .reasons(CheckName::DocumentMrz)
            .contains(&ReasonCode::MrzCheckDigitWrong)
    );
    assert_eq!(Case::zone(&CARD_2021).reasons(CheckName::DocumentMrz), []);
}

#[test]
fn a_row_that_something_hides_asks_for_another_picture() {
    let hidden = |count: usize| {
        let seen = &CARD_2021[0][..30 - count];
        Case::zone(&[seen, CARD_2021[1], CARD_2021[2]]).reasons(CheckName::DocumentQuality)
    };
    // The policy that ships lets 12 % of a side be hidden: three symbols of thirty, not four.
    assert!(!hidden(3).contains(&ReasonCode::DocumentCovered));
    assert!(hidden(4).contains(&ReasonCode::DocumentCovered));
}

#[test]
fn a_published_specimen_is_no_document() {
    let found = Case::zone(&PASSPORT).reasons(CheckName::DocumentKind);
    assert!(found.contains(&ReasonCode::SpecimenDocument), "{found:?}");
}

#[test]
fn a_blank_page_a_face_and_a_mirrored_document_have_no_zone() {
    // What none of them has is a zone that reads.
    let blank = Case::of(vec![vec![card(200, (300, 300), &[], &[])]]);
    assert_eq!(
        blank.reasons(CheckName::DocumentMrz),
        [ReasonCode::MrzNotFound]
    );
    let cropped = Case::zone(&CARD_2021[..1]);
    assert_eq!(
        cropped.reasons(CheckName::DocumentMrz),
        [ReasonCode::MrzNotFound]
    );
}

#[test]
fn the_front_of_one_person_and_the_back_of_another_differ() {
    let other = [
        ("NOM / Surname", "LEFEVRE"),
        ("Prénoms / Given names", "Paul"),
        ("DATE DE NAISS. / Date of birth", "01 02 1988"),
    ];
    let sides = |front: &[(&str, &str)]| {
        Case::of(vec![
            vec![card(200, (300, 300), &[], front)],
            vec![card(200, (300, 300), &CARD_2021, &[])],
        ])
    };
    assert_eq!(
        sides(&other).reasons(CheckName::DocumentPrint),
        [ReasonCode::PrintDiffers]
    );
    assert_eq!(sides(&PRINT).reasons(CheckName::DocumentPrint), []);
}

#[test]
fn front_and_back_in_one_scan_are_read_together() {
    let scan = |front: &[(&str, &str)]| {
        Case::of(vec![vec![
            card(220, (60, 40), &[], front),
            card(
                180,
                (60, 700),
                &CARD_2021,
                &[("Date de délivrance", "12 02 2020")],
            ),
        ]])
    };
    assert_eq!(scan(&PRINT).reasons(CheckName::DocumentPrint), []);
    let found = scan(&PRINT).found();
    let side = &found.shown.sides[0];
    assert_eq!(side.found, "outline");
    // The zone's card is the one shown; the other one's print is read all the same.
    assert_eq!(side.fields.len(), 1);
    assert_eq!(side.fields[0].name, "issue_date");
    let print = found.shown.print;
    assert!(
        print.contains(&("birth_name", "MARTIN".into())),
        "{print:?}"
    );
}

#[test]
fn another_person_s_card_beside_it_does_not_agree() {
    let other = [
        ("NOM / Surname", "LEFEVRE"),
        ("Prénoms / Given names", "Paul"),
        ("DATE DE NAISS. / Date of birth", "01 02 1988"),
    ];
    let two = Case::of(vec![vec![
        card(220, (60, 40), &[], &other),
        card(180, (60, 700), &CARD_2021, &[]),
    ]]);
    assert_eq!(
        two.reasons(CheckName::DocumentPrint),
        [ReasonCode::PrintDiffers]
    );
}

#[test]
fn hostile_print_is_compared_like_any_other() {
    let long = "A".repeat(10_000);
    for text in [
        "<img src=x onerror=alert(1)>",
        "x'); DELETE FROM cases; --",
        "\u{202e}NITRAM",
        long.as_str(),
    ] {
        let print = [
            ("NOM / Surname", text),
            ("DATE DE NAISS. / Date of birth", "13 07 1990"),
        ];
        let case = || Case::of(vec![vec![card(200, (300, 300), &CARD_2021, &print)]]);
        assert_eq!(
            case().reasons(CheckName::DocumentPrint),
            [ReasonCode::PrintDiffers],
            "{text:.20}"
        );
        let shown = case().found().shown.print;
        let name = shown.iter().find(|f| f.0 == "birth_name").unwrap();
        assert!(name.1.chars().count() <= 200);
    }
}

#[test]
fn a_seal_that_cannot_be_trusted_or_says_otherwise_is_named() {
    let content = "DC03FR930001092D1636070160MAELYS\u{1d}62MARTIN\u{1d}65ID66X4RTBPFW4\u{1d}67FR68F6CFR\u{1f}EYLJXYH5R3HYO5YWTMELK7P277KKOK5TTNB26S6UAPDH2KJGT37YXNDEZTGEK2LX3OSRNAXOP4UHFWHNTOU6LTOSBMX2EBCQ36UZ4FA";
    let sealed = |content: &str, trust| {
        let mut case = Case::zone(&CARD_2021);
        case.seals = vec![FoundSeal::TwoDDoc {
            seal: parse_seal(content.as_bytes()).unwrap(),
            trust,
        }];
        case.reasons(CheckName::DocumentSeal)
    };
    // Given names beyond the first are in the zone: the seal names one.
    let content = content.replace("60MAELYS", "60MAELYS/GAELLE/MARIE");
    assert_eq!(sealed(&content, Trust::Verified), []);
    assert_eq!(sealed(&content, Trust::Forged), [ReasonCode::SealForged]);
    assert_eq!(
        sealed(&content, Trust::UnknownCertificate),
        [ReasonCode::SealUntrusted]
    );
    assert_eq!(
        sealed(&content.replace("62MARTIN", "62MARTEN"), Trust::Verified),
        [ReasonCode::SealDiffers]
    );
    let mut of_2021 = Case::zone(&CARD_2021);
    of_2021.seals = vec![FoundSeal::OtherFormat];
    assert_eq!(
        of_2021.reasons(CheckName::DocumentSeal),
        [ReasonCode::SealUnverified]
    );
}
