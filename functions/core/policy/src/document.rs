//! Policy files: what is written in TOML or YAML, read strictly, because a mistyped key must not weaken a gate.

use schemas::inventory::{CoverageGap, GapReason};
use serde::Deserialize;

use crate::{
    error::{PolicyError, shown},
    exceptions::Exception,
    glob::Glob,
    rules::{BaseImage, Conditions, GraceDays, Rule},
    words::{Day, Gap, Said, SeverityWord},
};

/// The largest policy that is read.
pub const MAX_POLICY_BYTES: usize = 4 << 20;
/// The most exceptions of a policy.
pub const MAX_EXCEPTIONS: usize = 20_000;
/// The most rules of a policy, and the most allowed gaps.
pub const MAX_RULES: usize = 200;

/// The forms that policies are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// TOML 1.
    Toml,
    /// YAML 1.2, and so JSON.
    Yaml,
}

impl Form {
    /// The form that a file's name tells: `.toml`, `.yaml`, `.yml` or `.json`.
    pub fn of(file: &str) -> Option<Self> {
        let (_, ending) = file.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" | "json" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// A policy: what fails, what does not count, and how much must have been scanned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) rules: Vec<Rule>,
    pub(crate) unjudged: Unjudged,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) allowed_gaps: Vec<AllowedGap>,
    pub(crate) accept: Option<Vec<Accept>>,
}

/// What of the rows that cannot be judged violates a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unjudged {
    /// Nothing; they are shown.
    #[default]
    Ignore,
    /// Those that are known to be exploited.
    KnownExploited,
    /// Any.
    Any,
}

/// What whoever runs a scan may add to a policy that is not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Accept {
    /// Statements of VEX documents.
    Vex,
    /// Leaving out what has no fix.
    IgnoreUnfixed,
    /// Counting only what an earlier report does not have.
    NewSince,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyForm {
    #[serde(rename = "version")]
    _version: Version,
    #[serde(default)]
    name: Option<Said>,
    #[serde(default)]
    only_fixable: bool,
    #[serde(default)]
    base_image: BaseImage,
    #[serde(default)]
    accept: Option<Vec<Accept>>,
    #[serde(default)]
    fail_on: FailOn,
    #[serde(default)]
    grace_days: GraceDays,
    #[serde(default)]
    rules: Vec<RuleForm>,
    #[serde(default)]
    coverage: CoverageForm,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// The version of the form.
#[derive(Deserialize)]
#[serde(try_from = "u32")]
struct Version;

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self),
            _ => Err(format!(
                "policy version {version} is not known, only 1: use a newer Bulkhead or write version = 1"
            )),
        }
    }
}

/// `[fail_on]`: each key is a rule. Written out, because flattened keys are not checked for being known.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FailOn {
    severity: Option<SeverityWord>,
    unrated: bool,
    score: Option<crate::words::Points>,
    cvss: Option<crate::words::Cvss>,
    kev: bool,
    epss: Option<crate::words::Share>,
    epss_percentile: Option<crate::words::Share>,
    unjudged: Unjudged,
}

/// One of `[[rules]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    name: Said,
    when: Conditions,
    only_fixable: Option<bool>,
    base_image: Option<BaseImage>,
    grace_days: Option<GraceDays>,
}

/// `[coverage]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CoverageForm {
    allow: Vec<AllowedGap>,
}

/// A gap that does not keep a scan from passing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowedGap {
    gap: Gap,
    path: Option<Glob>,
    pub(crate) reason: Said,
    expires: Option<Day>,
}

impl AllowedGap {
    /// Whether it allows a gap at a moment.
    pub(crate) fn allows(&self, gap: &CoverageGap, now: schemas::Timestamp) -> bool {
        let path = gap.path.as_deref().unwrap_or_default();
        self.gap.0 == gap.reason
            && gap.reason != GapReason::Unknown
            && self.path.as_ref().is_none_or(|glob| glob.matches(path))
            && self.expires.is_none_or(|day| now < day.end)
    }
}

impl Policy {
    /// Reads a policy. `source` says where it was read, for reports; it is also its name where it gives none.
    ///
    /// # Errors
    /// When it is too large, is not of the form, or says something that is not known; the text names line and key.
    pub fn parse(source: &str, form: Form, bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::TooLarge {
                found: bytes.len(),
                most: MAX_POLICY_BYTES,
            });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| PolicyError::NotText(error.valid_up_to()))?;
        let read: PolicyForm = match form {
            Form::Toml => toml::from_str(text)
                .map_err(|error| PolicyError::Policy(shown(error.to_string().trim())))?,
            Form::Yaml => serde_saphyr::from_str(text)
                .map_err(|error| PolicyError::Policy(shown(error.to_string().trim())))?,
        };
        Self::of(source, read)
    }

    fn of(source: &str, read: PolicyForm) -> Result<Self, PolicyError> {
        for (what, found, most) in [
            ("exceptions", read.exceptions.len(), MAX_EXCEPTIONS),
            ("rules", read.rules.len(), MAX_RULES),
            ("allowed gaps", read.coverage.allow.len(), MAX_RULES),
        ] {
            if found > most {
                return Err(PolicyError::TooMany { what, most });
            }
        }
        let fail_on = Conditions {
            severity: read.fail_on.severity,
            unrated: read.fail_on.unrated,
            score: read.fail_on.score,
            cvss: read.fail_on.cvss,
            kev: read.fail_on.kev,
            epss: read.fail_on.epss,
            epss_percentile: read.fail_on.epss_percentile,
        };
        let mut rules: Vec<Rule> = fail_on
            .apart()
            .into_iter()
            .map(|(name, conditions)| Rule {
                name: name.to_owned(),
                conditions,
                only_fixable: read.only_fixable,
                base_image: read.base_image,
                grace_days: read.grace_days,
            })
            .collect();
        for rule in read.rules {
            if rule.when.is_empty() {
                return Err(PolicyError::Policy(format!(
                    "rule `{}` has no condition and would be violated by everything: add one under `when`, such as \
                     kev = true",
                    rule.name.0
                )));
            }
            rules.push(Rule {
                name: rule.name.0,
                conditions: rule.when,
                only_fixable: rule.only_fixable.unwrap_or(read.only_fixable),
                base_image: rule.base_image.unwrap_or(read.base_image),
                grace_days: rule.grace_days.unwrap_or(read.grace_days),
            });
        }
        Ok(Self {
            name: read.name.map_or_else(|| source.to_owned(), |name| name.0),
            source: source.to_owned(),
            rules,
            unjudged: read.fail_on.unjudged,
            exceptions: read.exceptions,
            allowed_gaps: read.coverage.allow,
            accept: read.accept,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether anything can violate it. One that holds exceptions only is of use beside others.
    pub fn has_rules(&self) -> bool {
        !self.rules.is_empty() || self.unjudged != Unjudged::Ignore
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WHOLE: &str = r#"
version = 1
name = "payments"
only_fixable = true
base_image = "ignore"
accept = ["vex"]

[fail_on]
severity = "high"
kev = true
epss = 0.5
cvss = 9
unjudged = "known_exploited"

[grace_days]
critical = 7
high = 30

[[rules]]
name = "likely and bad"
when = { severity = "medium", epss_percentile = 0.95 }
only_fixable = false

[[coverage.allow]]
gap = "foreign_layer"
reason = "Microsoft's base layers are not in this registry"

[[exceptions]]
vulnerability = "CVE-2026-1001"
package = "spam*"
reason = "not reachable: the port is closed"
expires = 2026-12-31

[[exceptions]]
package = "pkg:npm/left-pad"
reason = "replaced in the next release"
until = "fixable"
"#;

    fn toml(text: &str) -> Result<Policy, String> {
        Policy::parse("test", Form::Toml, text.as_bytes()).map_err(|error| error.to_string())
    }

    fn yaml(text: &str) -> Result<Policy, String> {
        Policy::parse("test", Form::Yaml, text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn toml_and_yaml_say_the_same() {
        let policy = toml(WHOLE).unwrap();
        let names: Vec<_> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["kev", "severity", "cvss", "epss", "likely and bad"]);
        assert_eq!(policy.exceptions.len(), 2);
        let same = yaml(
            r#"
version: 1
name: payments
only_fixable: true
base_image: ignore
accept: [vex]
fail_on: {severity: high, kev: true, epss: 0.5, cvss: 9, unjudged: known_exploited}
grace_days: {critical: 7, high: 30}
rules:
  - name: likely and bad
    when: {severity: medium, epss_percentile: 0.95}
    only_fixable: false
coverage:
  allow:
    - gap: foreign_layer
      reason: Microsoft's base layers are not in this registry
exceptions:
  - vulnerability: CVE-2026-1001
    package: spam*
    reason: "not reachable: the port is closed"
    expires: 2026-12-31
  - package: pkg:npm/left-pad
    reason: replaced in the next release
    until: fixable
"#,
        )
        .unwrap();
        assert_eq!(policy, same);
    }

    #[test]
    fn errors_name_the_line_and_what_to_do() {
        let exception = |rest: &str| format!("version = 1\n\n[[exceptions]]\n{rest}\n");
        for (text, expected) in [
            ("version = 1\nfail_no = 1\n".to_owned(), "line 2"),
            ("version = 2\n".to_owned(), "policy version 2 is not known"),
            (
                "version = 1\n[fail_on]\nseverity = \"hihg\"\n".to_owned(),
                "line 3",
            ),
            (
                "version = 1\n[fail_on]\nepss = 50\n".to_owned(),
                "50 is not between 0 and 1",
            ),
            ("version = 1\n[fail_on]\nepss = 50\n".to_owned(), "line 3"),
            ("[fail_on]\nkev = true\n".to_owned(), "version"),
            (
                exception("vulnerability = \"CVE-2026-1\"\nexpires = \"2026-12-31\""),
                "missing field `reason`",
            ),
            (
                exception("vulnerability = \"CVE-2026-1\"\nreason = \"x\""),
                "never ends",
            ),
            (
                exception("vulnerability = \"CVE-2026-1\"\nreason = \"x\""),
                "line 3",
            ),
            (
                exception("reason = \"x\"\nuntil = \"fixable\""),
                "names nothing",
            ),
            (
                exception("package = \"a\"\nreason = \" \"\nuntil = \"fixable\""),
                "say why",
            ),
            (
                exception("package = \"a\"\nreason = \"b\"\nexpires = \"2026-13-31\""),
                "line 6",
            ),
            (
                exception("package = \"a\"\nreason = \"b\"\nexpires = \"soon\""),
                "write it as 2026-12-31",
            ),
            (
                "version = 1\n[[coverage.allow]]\ngap = \"foreign\"\nreason = \"x\"\n".to_owned(),
                "foreign_layer",
            ),
            (
                "version = 1\n[[rules]]\nname = \"all\"\nwhen = {}\n".to_owned(),
                "has no condition",
            ),
        ] {
            let error = toml(&text).unwrap_err();
            assert!(error.contains(expected), "{expected:?} is not in\n{error}");
        }
        for (text, expected) in [
            ("version: 1\nfail_no: 1\n", "line 2"),
            ("version: 1\nfail_on:\n  severity: hihg\n", "line 3"),
            (
                "version: 1\nexceptions:\n  - package: a\n    until: fixable\n",
                "reason",
            ),
            (
                "version: 1\nfail_on:\n  epss: 50\n",
                "50 is not between 0 and 1",
            ),
        ] {
            let error = yaml(text).unwrap_err();
            assert!(error.contains(expected), "{expected:?} is not in\n{error}");
        }
    }

    proptest! {
        #[test]
        fn cut_and_changed_policies_never_panic(at in 0usize..900, byte in any::<u8>()) {
            let mut bytes = WHOLE.as_bytes().to_vec();
            let at = at.min(bytes.len() - 1);
            bytes[at] = byte;
            for form in [Form::Toml, Form::Yaml] {
                let _ = Policy::parse("test", form, &bytes);
                let _ = Policy::parse("test", form, &bytes[..at]);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for form in [Form::Toml, Form::Yaml] {
                let _ = Policy::parse("test", form, &bytes);
            }
        }
    }
}
