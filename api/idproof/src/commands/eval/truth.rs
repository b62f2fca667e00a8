//! `truth.tsv`: which file says which digits.

use std::path::Path;

use crate::commands::UnusableInput;

/// More digits than this in one clip are a mistake.
const MOST_DIGITS: usize = 12;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Relative to the folder of `truth.tsv`.
    pub file: String,
    /// Each 0..=9, at least one.
    pub digits: Vec<u8>,
}

/// Reads `truth.tsv` in `dir`.
pub fn read(dir: &Path) -> Result<Vec<Row>, UnusableInput> {
    if !dir.is_dir() {
        let what = format!(
            "{} is no folder; give one with truth.tsv and WAV files",
            dir.display()
        );
        return Err(UnusableInput(what));
    }
    let path = dir.join("truth.tsv");
    let text = std::fs::read_to_string(&path).map_err(|e| {
        let what = "it must name each WAV file and, after a tab, the digits said in it";
        UnusableInput(format!("{}: {e}; {what}", path.display()))
    })?;
    parse(&text).map_err(|why| UnusableInput(format!("{}: {why}", path.display())))
}

/// Empty lines, lines that begin with `#` and a head line `file<TAB>digits` are passed over.
fn parse(text: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') || (number == 0 && line == "file\tdigits") {
            continue;
        }
        let row = row(line).map_err(|why| format!("line {}: {why}", number + 1))?;
        rows.push(row);
    }
    if rows.is_empty() {
        return Err("no line names a file".into());
    }
    Ok(rows)
}

fn row(line: &str) -> Result<Row, String> {
    let (file, digits) = line
        .split_once('\t')
        .ok_or("expected a file, a tab, and digits such as 372")?;
    let path = Path::new(file);
    if file.is_empty() || path.is_absolute() || path.components().any(|c| c.as_os_str() == "..") {
        return Err("the file must lie in the folder itself".into());
    }
    let digits: Vec<u8> = digits
        .split_whitespace()
        .flat_map(str::chars)
        .map(|c| c.to_digit(10).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()
        .ok_or("only the digits 0-9 may follow the tab")?;
    if digits.is_empty() || digits.len() > MOST_DIGITS {
        return Err(format!(
            "expected 1 to {MOST_DIGITS} digits, got {}",
            digits.len()
        ));
    }
    Ok(Row {
        file: file.to_owned(),
        digits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_files_and_digits() {
        let rows = parse("file\tdigits\n# a remark\na.wav\t372\r\n\nb/c.wav\t4 1 9\n").unwrap();
        let expected = [("a.wav", vec![3, 7, 2]), ("b/c.wav", vec![4, 1, 9])];
        assert_eq!(rows.len(), 2);
        for (row, (file, digits)) in rows.iter().zip(expected) {
            assert_eq!((row.file.as_str(), &row.digits), (file, &digits));
        }
    }

    #[test]
    fn mistakes_are_named_by_their_line() {
        for (text, part) in [
            ("a.wav\t372\nb.wav 372\n", "line 2: expected a file, a tab"),
            ("a.wav\tthree\n", "line 1: only the digits"),
            ("a.wav\t\n", "line 1: expected"),
            ("../a.wav\t372\n", "line 1: the file must lie"),
            ("/etc/a.wav\t372\n", "line 1: the file must lie"),
            ("a.wav\t3723723723723\n", "line 1: expected 1 to 12"),
            ("\n# nothing\n", "no line names a file"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
