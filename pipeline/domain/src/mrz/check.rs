//! Check digits: weights 7, 3, 1 over the values of the characters, modulo 10
//! (ICAO Doc 9303-3, 4.9).

use super::layout::{CheckName, CheckSpec, Layout, Span};
use super::zone::Zone;

/// One check digit of a zone: what stands there and what the data ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CheckDigit {
    pub name: CheckName,
    /// Computed from the data.
    pub expected: char,
    /// Read from the zone.
    pub found: char,
    /// `found` is `expected`, or a `<` that the format allows there.
    pub ok: bool,
}

impl std::fmt::Debug for CheckDigit {
    /// The digits follow from personal data: only the verdict is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.ok { "right" } else { "wrong" };
        write!(f, "{} {verdict}", self.name)
    }
}

/// 0 to 9 for digits, 10 to 35 for letters, 0 for the filler; `None` for anything else.
pub(super) fn value(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        b'<' => Some(0),
        _ => None,
    }
}

/// The check digit of characters of `A-Z0-9<`, an ASCII digit; others count as fillers.
pub fn check_digit(data: impl IntoIterator<Item = u8>) -> u8 {
    let sum: u32 = data
        .into_iter()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(byte, weight)| value(byte).unwrap_or(0) * weight)
        .sum();
    // A remainder below ten fits.
    b'0' + u8::try_from(sum % 10).unwrap_or(0)
}

/// Where the rest of a long document number stands: the span of its characters without
/// their check digit, and the column of that digit. `None` for a number of usual length.
pub(super) fn long_number(zone: &Zone, layout: &Layout) -> Option<(Span, Span)> {
    let check = layout.checks.iter().find(|c| c.name == CheckName::Number)?;
    let more = *layout.optional.first()?;
    if !layout.long_number || zone.text(check.at) != b"<" {
        return None;
    }
    let length = zone.text(more).iter().take_while(|b| **b != b'<').count();
    let end = more.start + length;
    (length >= 2).then_some((
        Span {
            end: end - 1,
            ..more
        },
        Span {
            start: end - 1,
            end,
            ..more
        },
    ))
}

/// Every check digit of the zone, in the order of the layout.
pub(super) fn all(zone: &Zone, layout: &Layout) -> Vec<CheckDigit> {
    layout
        .checks
        .iter()
        .map(|spec| evaluate(zone, layout, spec))
        .collect()
}

fn evaluate(zone: &Zone, layout: &Layout, spec: &CheckSpec) -> CheckDigit {
    let (place, over) = places(zone, layout, spec);
    let data: Vec<u8> = over
        .iter()
        .flat_map(|s| zone.text(*s).iter().copied())
        .collect();
    let expected = check_digit(data.iter().copied());
    let found = zone.text(place).first().copied().unwrap_or(b'<');
    // Doc 9303-4: an empty optional field of a passport may carry `<` for its check digit.
    let spared =
        spec.name == CheckName::Optional && found == b'<' && data.iter().all(|b| *b == b'<');
    CheckDigit {
        name: spec.name,
        expected: char::from(expected),
        found: char::from(found),
        ok: found == expected || spared,
    }
}

/// Where a check digit really stands and the spans it covers, long numbers considered.
pub(super) fn places(zone: &Zone, layout: &Layout, spec: &CheckSpec) -> (Span, Vec<Span>) {
    if spec.name == CheckName::Number
        && let Some((rest, digit)) = long_number(zone, layout)
    {
        return (digit, vec![layout.number, rest]);
    }
    (spec.at, spec.over.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_examples_of_doc_9303_3() {
        assert_eq!(check_digit(*b"520727"), b'3');
        assert_eq!(check_digit(*b"AB2134<<<"), b'5');
        assert_eq!(check_digit(*b"D23145890"), b'7');
        assert_eq!(check_digit(*b"<<<<<<<<<<<<<<"), b'0');
    }
}
