//! The page for people: one file, no script, no outside request.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::{Figure, Report, Section, Table};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}\
table{border-collapse:collapse;margin:.5rem 0 1.5rem}caption{text-align:left;font-weight:600;padding:.3rem 0}\
th,td{border:1px solid #767676;padding:.25rem .6rem;text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}\
ul.pictures{display:flex;flex-wrap:wrap;gap:1rem;list-style:none;padding:0}\
ul.pictures li{width:14rem;overflow-wrap:anywhere}ul.pictures img{max-width:100%;display:block}svg{max-width:100%;height:auto}";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Four digits, or a dash for what was not measured.
fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"))
}

fn figure_row(name: &str, figure: &Figure) -> String {
    let interval = figure.ci95.map_or_else(
        || "–".to_owned(),
        |[low, high]| format!("{low:.4} – {high:.4}"),
    );
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{interval}</td></tr>",
        escaped(name),
        number(figure.value),
        figure.n
    )
}

fn table(table: &Table) -> String {
    let mut out = format!(
        "<table><caption>{}</caption><thead><tr>",
        escaped(&table.title)
    );
    for head in &table.head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(head));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for (i, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            let _ = if i == 0 {
                write!(out, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(out, "<td class=\"n\">{cell}</td>")
            };
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    out
}

fn section(section: &Section) -> String {
    match section {
        Section::Text(text) => format!("<p>{}</p>", escaped(text)),
        Section::Table(rows) => table(rows),
        Section::Plot {
            title,
            svg,
            table: rows,
        } => format!(
            "<h2>{0}</h2><figure role=\"img\" aria-label=\"{0}\">{svg}</figure>{1}",
            escaped(title),
            table(rows)
        ),
        Section::Pictures { title, items } => {
            let mut out = format!("<h2>{}</h2><ul class=\"pictures\">", escaped(title));
            for item in items {
                let _ = write!(
                    out,
                    "<li><img alt=\"\" src=\"data:{};base64,{}\">{}</li>",
                    item.media_type,
                    BASE64_STANDARD.encode(&item.bytes),
                    escaped(&item.caption)
                );
            }
            out + "</ul>"
        }
        Section::Sounds { title, items } => {
            let mut out = format!("<h2>{}</h2><ul>", escaped(title));
            for item in items {
                let _ = write!(
                    out,
                    "<li>{0}<br><audio controls aria-label=\"{0}\" src=\"data:audio/wav;base64,{1}\"></audio></li>",
                    escaped(&item.caption),
                    BASE64_STANDARD.encode(&item.wav)
                );
            }
            out + "</ul>"
        }
    }
}

pub(crate) fn page(report: &Report) -> String {
    let title = escaped(&report.title);
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
    );
    for line in &report.about {
        let _ = write!(out, "<p>{}</p>", escaped(line));
    }
    out.push_str(
        "<table><caption>Figures</caption><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Value</th>\
         <th scope=\"col\">Counted</th><th scope=\"col\">95 % interval</th></tr></thead><tbody>",
    );
    for (name, figure) in &report.figures {
        out.push_str(&figure_row(name, figure));
    }
    out.push_str("</tbody></table>");
    for part in &report.sections {
        out.push_str(&section(part));
    }
    out + "</body></html>\n"
}
