//! The criteria of a definition: which builds of which packages, on which products, architectures and module streams.

use super::{
    super::{
        errata::{State, plain_evr},
        xml::Element,
    },
    Vendor,
    facts::{Compare, Facts},
};

/// One package that the criteria name, with what leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named<'f> {
    pub(super) package: &'f str,
    pub(super) version: Option<String>,
    pub(super) state: State,
    /// Architectures it is limited to; empty for all.
    pub(super) architectures: Vec<String>,
    pub(super) platforms: Vec<String>,
    pub(super) stream: Option<String>,
}

/// What holds for everything below.
#[derive(Clone, Debug, Default)]
struct Within {
    platforms: Vec<String>,
    architecture: Option<String>,
    stream: Option<String>,
}

/// What one criterion says.
enum Said<'f> {
    Platform(String),
    Architecture(String),
    Stream(String),
    Package(Named<'f>),
    /// Who signed it, and what is not understood here.
    Nothing,
}

/// The packages that a definition names. Its depth is bounded by that of the document.
pub(super) fn packages<'f>(
    definition: &Element,
    facts: &'f Facts,
    vendor: Vendor,
) -> Vec<Named<'f>> {
    let mut found = Vec::new();
    for criteria in definition.all("criteria") {
        walk(criteria, &Within::default(), facts, vendor, &mut found);
    }
    found
}

fn walk<'f>(
    criteria: &Element,
    within: &Within,
    facts: &'f Facts,
    vendor: Vendor,
    found: &mut Vec<Named<'f>>,
) {
    let any = criteria.attribute("operator") == Some("OR");
    let mut within = within.clone();
    let mut below: Vec<&Element> = Vec::new();
    let mut named: Vec<Named<'f>> = Vec::new();
    for child in &criteria.children {
        match child.name.as_str() {
            "criterion" => match said(child, facts, vendor) {
                Said::Package(package) => named.push(package),
                // In a choice of products and packages nothing tells what belongs together.
                _ if any => {}
                Said::Platform(platform) => within.platforms.push(platform),
                Said::Architecture(architecture) => within.architecture = Some(architecture),
                Said::Stream(stream) => within.stream = Some(stream),
                Said::Nothing => {}
            },
            "criteria" => match only_platforms(child, facts, vendor) {
                Some(platforms) if !any => within.platforms.extend(platforms),
                _ => below.push(child),
            },
            _ => {}
        }
    }
    for mut package in named {
        package.platforms.clone_from(&within.platforms);
        package.stream.clone_from(&within.stream);
        if let Some(architecture) = &within.architecture {
            package.architectures = vec![architecture.clone()];
        }
        found.push(package);
    }
    for child in below {
        walk(child, &within, facts, vendor, found);
    }
}

/// The products of a choice of nothing else.
fn only_platforms(criteria: &Element, facts: &Facts, vendor: Vendor) -> Option<Vec<String>> {
    let mut platforms = Vec::new();
    for child in &criteria.children {
        match child.name.as_str() {
            "criterion" => match said(child, facts, vendor) {
                Said::Platform(platform) => platforms.push(platform),
                _ => return None,
            },
            "criteria" => platforms.extend(only_platforms(child, facts, vendor)?),
            _ => {}
        }
    }
    Some(platforms).filter(|platforms| !platforms.is_empty())
}

fn said<'f>(criterion: &Element, facts: &'f Facts, vendor: Vendor) -> Said<'f> {
    let comment = criterion.attribute("comment").unwrap_or_default();
    let test = criterion
        .attribute("test_ref")
        .and_then(|id| facts.test(id));
    if comment.contains(" is signed with ") {
        return Said::Nothing;
    }
    if let Some(stream) = comment
        .strip_prefix("Module ")
        .and_then(|rest| rest.strip_suffix(" is enabled"))
    {
        return Said::Stream(stream.to_owned());
    }
    if let Some((_, architecture)) = comment.split_once(" arch is ") {
        return Said::Architecture(architecture.trim().to_owned());
    }
    let state = test.and_then(|test| test.state);
    let compared = state.and_then(|state| state.evr.as_ref());
    let verdict = match (compared, vendor) {
        (_, Vendor::Suse) if comment.ends_with(" is not affected") => {
            Some((State::NotAffected, None))
        }
        (_, Vendor::Suse) if comment.ends_with(" is affected") => Some((State::Open, None)),
        (Some((Compare::LessThan, version)), _) => Some((State::Fixed, Some(version))),
        (Some((Compare::LessOrEqual, version)), _) => Some((State::LastAffected, Some(version))),
        _ => None,
    };
    match (verdict, test) {
        (Some((state_of, version)), Some(test)) => Said::Package(Named {
            package: test.package,
            version: version.map(|version| plain_evr(version).to_owned()),
            state: state_of,
            architectures: state
                .and_then(|state| state.architectures.as_deref())
                .map(alternatives)
                .unwrap_or_default(),
            platforms: Vec::new(),
            stream: None,
        }),
        (None, _) => match comment.strip_suffix(" is installed") {
            Some(platform) => Said::Platform(platform.to_owned()),
            None => Said::Nothing,
        },
        (Some(_), None) => Said::Nothing,
    }
}

/// The words of `(aarch64|x86_64)`.
fn alternatives(pattern: &str) -> Vec<String> {
    pattern
        .trim_start_matches(['^', '('])
        .trim_end_matches(['$', ')'])
        .split('|')
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}
