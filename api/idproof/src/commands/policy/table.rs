//! What a replay found, as tables for people and as JSON for machines.

use idproof_domain::replay::{Change, Fate, Move};
use idproof_domain::{PolicyChange, differences};
use idproof_evaluation::claim::Verdict;
use idproof_evaluation::operating::{Measured, Ratio};
use idproof_evaluation::statistics::wilson;
use serde_json::{Value, json};

use super::line;
use super::replay::{Claim, Outcome};
use crate::terminal::say;

/// Cases named in a table.
const SHOWN: usize = 20;

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn share(count: u32, of: u32) -> String {
    let Some([low, high]) = wilson(u64::from(count), u64::from(of)) else {
        return "–".to_owned();
    };
    let rate = f64::from(count) / f64::from(of);
    format!(
        "{count:>8}  {} ({} to {})",
        percent(rate),
        percent(low),
        percent(high)
    )
}

pub fn print(found: &Outcome) {
    let r = &found.replay;
    say(format_args!(
        "policy {} beside {}: {} cases in {:.2} s",
        found.after.version(),
        found.before.version(),
        r.cases,
        found.seconds
    ));
    for change in differences(&found.before, &found.after) {
        say(format_args!("  {}", line(&change)));
    }
    if found.unreadable > 0 {
        say(format_args!("{} cases could not be read", found.unreadable));
    }
    say("");
    say(format_args!(
        "{:8} {:44} {}",
        "", "before (95 %, Wilson)", "after"
    ));
    for fate in Fate::ALL {
        let of = |counts: [u32; 4]| share(counts[fate as usize], r.cases);
        say(format_args!(
            "{:8} {:44} {}",
            fate.as_str(),
            of(r.before),
            of(r.after)
        ));
    }
    say("");
    for m in r.moves().iter().filter(|m| m.from != m.to) {
        say(format_args!(
            "{:18} {:>8} cases {} -> {}",
            m.check.as_str(),
            m.cases,
            m.from.as_str(),
            m.to.as_str()
        ));
    }
    say(format_args!("{} cases change side", r.changed));
    for change in r.changes.iter().take(SHOWN) {
        say(format_args!("  {}", changed(change)));
    }
    if r.changed as usize > SHOWN {
        say(format_args!(
            "  … {} more: --json names 500",
            r.changed as usize - SHOWN
        ));
    }
    for set in &found.labelled {
        labelled(set);
    }
    for claim in &found.claims {
        say(claimed(claim));
    }
}

fn changed(c: &Change) -> String {
    let by: Vec<String> =
        c.by.iter()
            .map(|m| format!("{} {} -> {}", m.check, m.from.as_str(), m.to.as_str()))
            .collect();
    format!(
        "{} attempt {}: {} -> {} by {}",
        c.case,
        c.attempt,
        c.from.as_str(),
        c.to.as_str(),
        by.join(", ")
    )
}

fn rate(r: &Ratio) -> String {
    let (Some(rate), Some(low), Some(high)) = (r.rate, r.low, r.high) else {
        return "nothing measured".to_owned();
    };
    let few = if r.few { ", fewer than 30 errors" } else { "" };
    format!(
        "{} of {} = {} ({} to {}{few})",
        r.errors,
        r.of,
        percent(rate),
        percent(low),
        percent(high)
    )
}

fn labelled(set: &Measured) {
    say("");
    say(format_args!("{} ({})", set.name, set.check));
    for (what, point) in [("before", &set.before), ("after", &set.after)] {
        say(format_args!("  {what}, accepted from {}", point.threshold));
        for r in [&point.false_accept, &point.false_reject] {
            say(format_args!("    {:6} {}", r.name, rate(r)));
        }
        for s in &point.species {
            say(format_args!(
                "      {:12} {}",
                s.name,
                rate(&s.false_accept)
            ));
        }
    }
    for group in &set.groups {
        say(format_args!(
            "  {:12} {} {}; {} {}",
            group.group,
            group.after.false_accept.name,
            rate(&group.after.false_accept),
            group.after.false_reject.name,
            rate(&group.after.false_reject)
        ));
    }
}

fn claimed(c: &Claim) -> String {
    let reasons: Vec<String> = c
        .support
        .reasons
        .iter()
        .filter_map(|r| serde_json::to_value(r).ok())
        .filter_map(|v| v.as_str().map(str::to_owned))
        .collect();
    let verdict = match c.support.verdict {
        Verdict::Supported => "supported".to_owned(),
        Verdict::Unsupported => format!("unsupported: {}", reasons.join(", ")),
    };
    format!("claim {} <= {} on {}: {verdict}", c.rate, c.at_most, c.set)
}

pub fn json(found: &Outcome) {
    let r = &found.replay;
    let counts = |counts: [u32; 4]| -> Value {
        let one = |f: Fate| {
            let n = counts[f as usize];
            let interval = wilson(u64::from(n), u64::from(r.cases));
            let view = json!({
                "count": n, "of": r.cases, "low": interval.map(|i| i[0]), "high": interval.map(|i| i[1]),
            });
            (f.as_str().to_owned(), view)
        };
        Value::Object(Fate::ALL.into_iter().map(one).collect())
    };
    let moved =
        |m: &Move| json!({ "check": m.check, "from": m.from, "to": m.to, "cases": m.cases });
    let change = |c: &Change| {
        let by =
            c.by.iter()
                .map(|m| json!({ "check": m.check, "from": m.from, "to": m.to }));
        json!({
            "case": c.case, "attempt": c.attempt, "from": c.from.as_str(), "to": c.to.as_str(),
            "by": by.collect::<Vec<_>>(),
        })
    };
    let differs = |c: PolicyChange| {
        json!({
            "key": c.key, "from": c.from, "to": c.to, "unit": c.unit,
            "check": c.check, "looser": c.looser,
        })
    };
    let claim = |c: &Claim| json!({ "set": c.set, "rate": c.rate, "at_most": c.at_most, "support": c.support });
    let all = json!({
        "name": found.after.version(), "against": found.before.version(), "cases": r.cases,
        "unreadable": found.unreadable, "seconds": found.seconds, "before": counts(r.before), "after": counts(r.after),
        "changed": r.changed, "moves": r.moves().iter().map(moved).collect::<Vec<_>>(),
        "cases_that_change": r.changes.iter().map(change).collect::<Vec<_>>(),
        "cases_that_change_left_out": r.changed as usize - r.changes.len(),
        "diff": differences(&found.before, &found.after).into_iter().map(differs).collect::<Vec<_>>(),
        "labelled": found.labelled, "claims": found.claims.iter().map(claim).collect::<Vec<_>>(),
    });
    say(serde_json::to_string_pretty(&all).unwrap_or_default());
}
