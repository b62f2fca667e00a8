//! Name fields: surname, `<<`, given names with `<` between.

use super::layout::{Layout, Span};
use super::zone::Zone;
use super::{Field, MrzError, letters};

/// Surname (parts with a space between) and the given names.
pub(super) fn read(zone: &Zone, layout: &Layout) -> Result<(String, Vec<String>), MrzError> {
    let first = letters(zone, layout.surname, Field::Name)?;
    let (surname, given) = match layout.given {
        Some(span) => (first.as_str(), letters(zone, span, Field::Name)?),
        None => {
            let (surname, given) = first.split_once("<<").unwrap_or((&first, ""));
            (surname, given.to_owned())
        }
    };
    let parts = |text: &str| -> Vec<String> {
        text.split('<')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (surname, given) = (parts(surname).join(" "), parts(&given));
    if surname.is_empty() && given.is_empty() {
        return Err(MrzError::Empty {
            field: Field::Name,
            line: layout.surname.line + 1,
            column: layout.surname.start + 1,
        });
    }
    Ok((surname, given))
}

/// The last position of a name field is a letter.
pub(super) fn maybe_truncated(zone: &Zone, layout: &Layout) -> bool {
    let full = |span: Span| zone.text(span).last().is_some_and(|b| *b != b'<');
    full(layout.surname) || layout.given.is_some_and(full)
}
