//! The configuration page and the example file, made from the code.

use std::fmt::Write;

use serde_json::Value;

use super::settings::{Kind, Section, Setting, all};

const INTRODUCTION: &str = "\
# Configuration

Made from the code by `idproof config page`. Do not edit.

`idproof.toml` in the working directory, or `--config FILE`. Each setting can be given as an environment
variable instead, also in a `.env` file; the variable wins. Lists in a variable are separated by commas.
A mistake stops the program with the key and the values allowed. Beside the settings there are
`IDPROOF_CONFIG` (the file) and `IDPROOF_LOG` (what is logged).
";

/// Markdown: a table a section.
pub fn page() -> String {
    let (sections, settings) = all();
    let mut page = INTRODUCTION.to_owned();
    for section in &sections {
        let own = of(section, &settings);
        if own.is_empty() && section.about.is_empty() {
            continue;
        }
        let _ = write!(page, "\n## `[{}]`\n", section.path.join("."));
        if !section.about.is_empty() {
            let _ = write!(page, "\n{}\n", section.about);
        }
        if own.is_empty() {
            continue;
        }
        page.push_str("\n| Key | Default | Meaning | Variable |\n|---|---|---|---|\n");
        for setting in own {
            let default = match (&setting.default, setting.secret) {
                (_, true) => "a secret".to_owned(),
                (Some(value), _) => format!("`{}`", toml_text(value)),
                (None, _) => "–".to_owned(),
            };
            let variable = setting
                .variable()
                .map_or_else(|| "–".to_owned(), |v| format!("`{v}`"));
            let key = setting.path.last().cloned().unwrap_or_default();
            let meaning = setting.meaning.replace('|', "\\|");
            let _ = writeln!(page, "| `{key}` | {default} | {meaning} | {variable} |");
        }
    }
    page
}

/// `idproof.example.toml`: every setting with its default, all of it commented out.
pub fn example() -> String {
    let (sections, settings) = all();
    let mut text = "# Every setting with its default, made from the code by `idproof config example`. Copy to\n\
         # idproof.toml and uncomment what you change. The same settings as variables: docs/configuration.md.\n"
        .to_owned();
    for section in &sections {
        let own = of(section, &settings);
        if own.is_empty() {
            continue;
        }
        let _ = write!(text, "\n# [{}]\n", section.path.join("."));
        for setting in own {
            let key = setting.path.last().cloned().unwrap_or_default();
            let value = match (&setting.default, setting.kind) {
                (Some(value), _) => toml_text(value),
                (None, Kind::Integer | Kind::Number) => "0".to_owned(),
                (None, Kind::Truth) => "false".to_owned(),
                (None, Kind::List | Kind::Tables) => "[]".to_owned(),
                (None, Kind::Text) => "\"\"".to_owned(),
            };
            let unset = if setting.default.is_none() {
                " (not set)"
            } else {
                ""
            };
            let _ = writeln!(text, "# {key} = {value}  # {}{unset}", setting.meaning);
        }
    }
    text
}

fn of<'a>(section: &Section, settings: &'a [Setting]) -> Vec<&'a Setting> {
    let own = |s: &&Setting| s.path.split_last().is_some_and(|(_, p)| p == section.path);
    settings.iter().filter(own).collect()
}

fn toml_text(value: &Value) -> String {
    match value {
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(toml_text).collect();
            format!("[{}]", all.join(", "))
        }
        other => other.to_string(),
    }
}
