//! What differs between two policies; an old text under a new name, or with the checks that are new since.

use crate::catalogue::CATALOGUE;
use crate::check::CheckName;
use crate::policy::{CheckPolicy, OnFail, Policy, PolicyError, Role};
use crate::thresholds::Thresholds;

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyChange {
    /// `checks.NAME`, `thresholds.NAME` or `face_calibration`.
    pub key: String,
    pub from: String,
    pub to: String,
    pub check: Option<CheckName>,
    /// Of a threshold.
    pub unit: Option<&'static str>,
    /// French and English.
    pub meaning: Option<(&'static str, &'static str)>,
    /// Whether it lets more cases through without a person; `None`: it depends.
    pub looser: Option<bool>,
}

impl CheckPolicy {
    fn parts(self) -> (&'static str, &'static str) {
        let role = match self.role {
            Role::Required => "required",
            Role::Advisory => "advisory",
        };
        let on_fail = match self.on_fail {
            OnFail::Refuse => "refuse",
            OnFail::Review => "review",
        };
        (role, on_fail)
    }

    /// As people read it.
    pub fn words(self) -> String {
        let (role, on_fail) = self.parts();
        format!("{role}, on_fail {on_fail}")
    }

    /// As it stands in a policy's text.
    fn toml(self) -> String {
        let (role, on_fail) = self.parts();
        format!("{{ role = \"{role}\", on_fail = \"{on_fail}\" }}")
    }
}

/// Every difference, checks before thresholds before calibrations; versions are not compared.
pub fn differences(old: &Policy, new: &Policy) -> Vec<PolicyChange> {
    let mut all = Vec::new();
    for name in CheckName::ALL {
        let (from, to) = (old.check(name), new.check(name));
        if from != to {
            all.push(PolicyChange {
                key: format!("checks.{name}"),
                from: from.words(),
                to: to.words(),
                check: Some(name),
                unit: None,
                meaning: None,
                looser: (from.role != to.role).then_some(to.role == Role::Advisory),
            });
        }
    }
    for spec in Thresholds::SPECS {
        let of = |policy: &Policy| policy.thresholds().get(spec.key).unwrap_or(spec.default);
        let (from, to) = (of(old), of(new));
        if from == to {
            continue;
        }
        let entry = CATALOGUE.iter().find(|e| e.key == spec.key);
        all.push(PolicyChange {
            key: format!("thresholds.{}", spec.key),
            from: from.to_string(),
            to: to.to_string(),
            check: entry.map(|e| e.check),
            unit: Some(spec.unit),
            meaning: entry.map(|e| (e.fr, spec.meaning)),
            looser: entry.map(|e| e.is_looser(from, to)),
        });
    }
    if old.calibrations() != new.calibrations() {
        let of = |policy: &Policy| policy.calibrations().all().len().to_string();
        all.push(PolicyChange {
            key: "face_calibration".to_owned(),
            from: of(old),
            to: of(new),
            check: Some(CheckName::FaceMatch),
            unit: None,
            meaning: None,
            looser: None,
        });
    }
    all
}

/// The text of a policy under another name; everything else stays as it is, comments too.
///
/// # Errors
/// As [`Policy::parse`]; also where the line of the version cannot be found.
pub fn renamed(text: &str, name: &str) -> Result<String, PolicyError> {
    let old = Policy::parse(text)?;
    let quoted = toml::Value::String(name.to_owned()).to_string();
    let is_version = |line: &&str| {
        let rest = line.trim_start().strip_prefix("version");
        rest.is_some_and(|r| r.trim_start().starts_with('='))
    };
    let lost = || PolicyError::Syntax("the line `version = …` was not found".to_owned());
    let line = text.lines().find(is_version).ok_or_else(lost)?;
    let new_text = text.replacen(line, &format!("version = {quoted}"), 1);
    let new = Policy::parse(&new_text)?;
    // The first such line might be part of something else.
    if new.version() == name && differences(&old, &new).is_empty() {
        Ok(new_text)
    } else {
        Err(lost())
    }
}

/// A text that every check of this program stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct Completed {
    pub text: String,
    pub policy: Policy,
    /// What the given text lacked.
    pub added: Vec<CheckName>,
}

/// The text with the checks that it lacks, as they ship; everything else stays as it is, comments too.
///
/// # Errors
/// As [`Policy::parse`] for whatever else is wrong; also where the line `[checks]` cannot be found.
pub fn completed(text: &str) -> Result<Completed, PolicyError> {
    let added = match Policy::parse(text) {
        Ok(policy) => {
            return Ok(Completed {
                text: text.to_owned(),
                policy,
                added: Vec::new(),
            });
        }
        Err(PolicyError::ChecksMissing(added)) => added,
        Err(other) => return Err(other),
    };
    let shipped = Policy::parse(Policy::DEFAULT_TEXT)?;
    let is_header = |line: &str| line.split('#').next().unwrap_or_default().trim() == "[checks]";
    let mut new_text = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        new_text.push_str(line);
        if !is_header(line) {
            continue;
        }
        if !line.ends_with('\n') {
            new_text.push('\n');
        }
        new_text.push_str("# New in the program: as they ship.\n");
        for name in &added {
            new_text.push_str(&format!("{name} = {}\n", shipped.check(*name).toml()));
        }
    }
    let policy = Policy::parse(&new_text).map_err(|e| match e {
        PolicyError::ChecksMissing(_) => {
            PolicyError::Syntax("the line `[checks]` was not found".to_owned())
        }
        other => other,
    })?;
    Ok(Completed {
        text: new_text,
        policy,
        added,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = Policy::DEFAULT_TEXT;

    fn changed(from: &str, to: &str) -> Policy {
        assert!(DEFAULT.contains(from), "{from}");
        Policy::parse(&DEFAULT.replace(from, to)).unwrap()
    }

    #[test]
    fn each_kind_of_difference_is_told_with_its_direction() {
        let shipped = Policy::parse(DEFAULT).unwrap();
        assert_eq!(differences(&shipped, &shipped), []);
        let of = |from, to| differences(&shipped, &changed(from, to)).remove(0);
        let looser = of("liveness_accept = 0.6", "liveness_accept = 0.5");
        assert_eq!(
            (looser.key.as_str(), looser.looser),
            ("thresholds.liveness_accept", Some(true))
        );
        assert_eq!((looser.from.as_str(), looser.to.as_str()), ("0.6", "0.5"));
        let stricter = of("recapture_accept = 4.0", "recapture_accept = 3.0");
        assert_eq!(stricter.looser, Some(false));
        let role = of(
            "lip_sync          = { role = \"advisory\"",
            "lip_sync          = { role = \"required\"",
        );
        assert_eq!(
            (role.key.as_str(), role.looser),
            ("checks.lip_sync", Some(false))
        );
        let fit = of("offset = 57.4093", "offset = 57.0");
        assert_eq!(fit.key, "face_calibration");
    }

    #[test]
    fn an_old_text_under_a_new_name_is_the_same_policy() {
        let text = renamed(DEFAULT, "back \"to\" work").unwrap();
        let new = Policy::parse(&text).unwrap();
        assert_eq!(new.version(), "back \"to\" work");
        assert_eq!(text.lines().count(), DEFAULT.lines().count());
        assert!(renamed(DEFAULT, " ").is_err());
        assert!(renamed("version = 1", "x").is_err());
    }

    #[test]
    fn a_text_from_before_a_check_was_known_is_completed_as_it_ships() {
        let shipped = Policy::parse(DEFAULT).unwrap();
        let whole = completed(DEFAULT).unwrap();
        assert_eq!((whole.text.as_str(), whole.added), (DEFAULT, vec![]));
        let lacking = |names: &[CheckName]| {
            let is_of = |line: &&str| {
                names
                    .iter()
                    .any(|n| line.starts_with(n.as_str()) && line.contains("role"))
            };
            let kept = DEFAULT
                .lines()
                .filter(|l| !is_of(l))
                .map(|l| format!("{l}\n"));
            kept.collect::<String>()
                .replace("liveness_accept = 0.6", "liveness_accept = 0.7")
        };
        let names = [CheckName::FootageSeen, CheckName::LipSync];
        let old = lacking(&names);
        let error = Policy::parse(&old).unwrap_err();
        assert_eq!(error, PolicyError::ChecksMissing(names.to_vec()));
        let said = error.to_string();
        for part in [
            "`checks.footage_seen`",
            "`checks.lip_sync`",
            "idproof policy amend",
        ] {
            assert!(said.contains(part), "{said}");
        }
        let mended = completed(&old).unwrap();
        assert_eq!(mended.added, names);
        assert_eq!(
            mended.policy.check(CheckName::LipSync),
            shipped.check(CheckName::LipSync)
        );
        let changed: Vec<String> = differences(&shipped, &mended.policy)
            .into_iter()
            .map(|c| c.key)
            .collect();
        assert_eq!(
            changed,
            ["thresholds.liveness_accept"],
            "what was set stays"
        );
        assert_eq!(mended.text.lines().count(), old.lines().count() + 3);
        // What is wrong beside that is told, not mended.
        assert!(matches!(
            completed(&old.replace("0.7", "7.0")),
            Err(PolicyError::OutOfRange { .. })
        ));
        assert!(matches!(
            completed("version = \"x\"\nchecks = {}\n"),
            Err(PolicyError::Syntax(_))
        ));
        assert!(completed("").is_err());
    }
}
