//! The same months as JSON, which the API gives for `Accept: application/json`: the elements of the XML by other names,
//! and their types as numbers.
//!
//! Source: the API's Swagger description and its answers. Types are the positions of the words in CVRF's lists, or the
//! words themselves: of notes 2 is Description, 4 FAQ, 7 Tag, 8 CNA; of threats 0 is Impact, 1 Exploit Status, 3
//! Severity; of statuses 3 is Known Affected; of remediations 2 is Vendor Fix.

use std::{borrow::Cow, collections::HashSet};

use serde::{Deserialize, Deserializer, de::Visitor};

use super::{
    Entry, MAX_TEXT_BYTES, Parser, Remediation, ScoreSet, lines, moment, says_exploited, system_of,
};
use crate::{
    feeds::{FeedError, json_error},
    windows::{is_kb_number, kbs_in},
};

/// Branches of the product tree within one another.
const MAX_DEPTH: u32 = 32;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Month<'d> {
    #[serde(borrow, default)]
    document_tracking: Option<Tracking<'d>>,
    #[serde(borrow, default)]
    product_tree: Option<Tree<'d>>,
    #[serde(borrow, default)]
    vulnerability: Option<Vec<Vulnerability<'d>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tracking<'d> {
    #[serde(borrow, default)]
    identification: Option<Identification<'d>>,
    #[serde(borrow, default)]
    current_release_date: Option<Cow<'d, str>>,
}

#[derive(Deserialize)]
struct Identification<'d> {
    #[serde(rename = "ID", borrow, default)]
    id: Text<'d>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tree<'d> {
    #[serde(borrow, default)]
    full_product_name: Option<Vec<Product<'d>>>,
    #[serde(borrow, default)]
    branch: Option<Vec<Product<'d>>>,
}

/// A product, or a branch with products in it.
#[derive(Deserialize)]
struct Product<'d> {
    #[serde(rename = "ProductID", borrow, default)]
    id: Option<Cow<'d, str>>,
    #[serde(rename = "Value", borrow, default)]
    name: Option<Cow<'d, str>>,
    #[serde(rename = "Items", borrow, default)]
    items: Option<Vec<Product<'d>>>,
}

/// `{"Value": "…"}`, a plain text, or nothing.
#[derive(Default)]
struct Text<'d>(Option<Cow<'d, str>>);

impl<'de: 'd, 'd> Deserialize<'de> for Text<'d> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wrapped<'w> {
            #[serde(rename = "Value", borrow, default)]
            value: Option<Cow<'w, str>>,
        }
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or an object with a `Value`")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Text<'de>, A::Error> {
                let reader = serde::de::value::MapAccessDeserializer::new(map);
                Ok(Text(Wrapped::deserialize(reader)?.value))
            }
        }
        reader.deserialize_any(Any)
    }
}

/// A type: its number, or its word.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Kind(u64);

/// Positions in CVRF's lists of types.
const NOTE_TAG: Kind = Kind(7);
const KNOWN_AFFECTED: Kind = Kind(3);
const EXPLOIT_STATUS: Kind = Kind(1);
const SEVERITY: Kind = Kind(3);
const VENDOR_FIX: Kind = Kind(2);
const OTHER: Kind = Kind(u64::MAX);

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Kind;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a type")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Kind, E> {
                Ok(Kind(number))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Kind, E> {
                Ok(OTHER)
            }

            fn visit_unit<E>(self) -> Result<Kind, E> {
                Ok(OTHER)
            }

            fn visit_str<E>(self, word: &str) -> Result<Kind, E> {
                let plain: String = word.chars().filter(char::is_ascii_alphabetic).collect();
                Ok(match plain.to_ascii_lowercase().as_str() {
                    "tag" => NOTE_TAG,
                    "knownaffected" => KNOWN_AFFECTED,
                    "exploitstatus" => EXPLOIT_STATUS,
                    "severity" => SEVERITY,
                    "vendorfix" => VENDOR_FIX,
                    _ => OTHER,
                })
            }
        }
        reader.deserialize_any(Any)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vulnerability<'d> {
    #[serde(borrow, default)]
    title: Text<'d>,
    #[serde(rename = "CVE", borrow, default)]
    id: Option<Cow<'d, str>>,
    #[serde(borrow, default)]
    notes: Option<Vec<Note<'d>>>,
    #[serde(borrow, default)]
    product_statuses: Option<Vec<Status<'d>>>,
    #[serde(borrow, default)]
    threats: Option<Vec<Threat<'d>>>,
    #[serde(rename = "CVSSScoreSets", borrow, default)]
    score_sets: Option<Vec<Scores<'d>>>,
    #[serde(borrow, default)]
    remediations: Option<Vec<Fix<'d>>>,
    #[serde(borrow, default)]
    revision_history: Option<Vec<Revision<'d>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Note<'d> {
    #[serde(rename = "Type", default)]
    kind: Kind,
    #[serde(borrow, default)]
    value: Option<Cow<'d, str>>,
}

#[derive(Deserialize)]
struct Status<'d> {
    #[serde(rename = "Type", default)]
    kind: Kind,
    #[serde(rename = "ProductID", borrow, default)]
    products: Option<Vec<Cow<'d, str>>>,
}

#[derive(Deserialize)]
struct Threat<'d> {
    #[serde(rename = "Type", default)]
    kind: Kind,
    #[serde(rename = "Description", borrow, default)]
    description: Text<'d>,
    #[serde(rename = "ProductID", borrow, default)]
    products: Option<Vec<Cow<'d, str>>>,
}

#[derive(Deserialize)]
struct Scores<'d> {
    #[serde(rename = "BaseScore", default)]
    score: Option<f32>,
    #[serde(rename = "Vector", borrow, default)]
    vector: Option<Cow<'d, str>>,
    #[serde(rename = "ProductID", borrow, default)]
    products: Option<Vec<Cow<'d, str>>>,
}

#[derive(Deserialize)]
struct Fix<'d> {
    #[serde(rename = "Type", default)]
    kind: Kind,
    #[serde(rename = "Description", borrow, default)]
    description: Text<'d>,
    #[serde(rename = "Supercedence", borrow, default)]
    supersedes: Option<Cow<'d, str>>,
    #[serde(rename = "RestartRequired", borrow, default)]
    restart: Text<'d>,
    #[serde(rename = "SubType", borrow, default)]
    sub_type: Option<Cow<'d, str>>,
    #[serde(rename = "FixedBuild", borrow, default)]
    fixed_build: Option<Cow<'d, str>>,
    #[serde(rename = "ProductID", borrow, default)]
    products: Option<Vec<Cow<'d, str>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Revision<'d> {
    #[serde(borrow, default)]
    date: Option<Cow<'d, str>>,
}

/// Reads a month.
pub(super) fn read(bytes: &[u8]) -> Result<Month<'_>, FeedError> {
    serde_json::from_slice(bytes).map_err(|error| json_error(&error))
}

/// The text without white space around it and of bounded length; none when nothing is left.
fn tidy<'d>(text: &Option<Cow<'d, str>>) -> Option<Cow<'d, str>> {
    let text = text.as_ref()?;
    let trimmed = text.trim();
    let end = trimmed.floor_char_boundary(MAX_TEXT_BYTES);
    match trimmed.get(..end).unwrap_or_default() {
        "" => None,
        whole if whole.len() == text.len() => Some(text.clone()),
        part => Some(Cow::Owned(part.to_owned())),
    }
}

impl<'d> Parser<'d, '_> {
    /// Hands over the rows of a month.
    pub(super) fn month(mut self, month: &Month<'d>) -> Result<(), FeedError> {
        if month.product_tree.is_none() && month.vulnerability.is_none() {
            return Err(FeedError::Empty);
        }
        if let Some(tracking) = &month.document_tracking {
            let id = tracking.identification.as_ref();
            if let Some(id) = id.and_then(|id| tidy(&id.id.0)) {
                self.sink.title(&id);
            }
            if let Some(moment) = tidy(&tracking.current_release_date).and_then(|d| moment(&d)) {
                self.sink.as_of(moment);
            }
        }
        if let Some(tree) = &month.product_tree {
            for list in [&tree.branch, &tree.full_product_name]
                .into_iter()
                .flatten()
            {
                self.products(list, 0)?;
            }
        }
        for vulnerability in month.vulnerability.iter().flatten() {
            let entry = self.entry(vulnerability);
            self.emit(entry);
        }
        Ok(())
    }

    fn products(&mut self, list: &[Product<'d>], depth: u32) -> Result<(), FeedError> {
        if depth > MAX_DEPTH {
            return Err(FeedError::Malformed {
                at: "ProductTree".to_owned(),
                what: "branches are nested too deeply".to_owned(),
            });
        }
        for product in list {
            if let (Some(id), Some(name)) = (&product.id, tidy(&product.name)) {
                self.product(id.clone(), &name);
            }
            self.products(product.items.as_deref().unwrap_or_default(), depth + 1)?;
        }
        Ok(())
    }

    /// Takes note of a product whose rows are kept.
    pub(in crate::feeds) fn product(&mut self, id: Cow<'d, str>, name: &str) {
        if lines::product(system_of(&id)).is_none() {
            return;
        }
        if id.contains('-') && name.contains(".NET Framework") {
            self.net_framework.insert(id.clone());
        }
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        self.products.insert(id, name);
    }

    /// Those of the ids that are kept.
    fn kept(&self, ids: &Option<Vec<Cow<'d, str>>>) -> Vec<Cow<'d, str>> {
        let ids = ids.iter().flatten();
        ids.filter(|id| self.is_kept(id)).cloned().collect()
    }

    fn entry(&mut self, said: &Vulnerability<'d>) -> Entry<'d> {
        let mut entry = Entry {
            id: tidy(&said.id),
            title: tidy(&said.title.0),
            ..Entry::default()
        };
        let mut tags = said
            .notes
            .iter()
            .flatten()
            .filter(|note| note.kind == NOTE_TAG);
        entry.component = tags.find_map(|note| tidy(&note.value));
        let statuses = said.product_statuses.iter().flatten();
        for status in statuses.filter(|status| status.kind == KNOWN_AFFECTED) {
            let kept = self.kept(&status.products);
            let all = status.products.as_ref().map_or(0, Vec::len);
            for _ in kept.len()..all {
                self.sink.not_judged("microsoft");
            }
            entry.affected.extend(kept);
        }
        for threat in said.threats.iter().flatten() {
            let Some(text) = tidy(&threat.description.0) else {
                continue;
            };
            if threat.kind == SEVERITY {
                for id in self.kept(&threat.products) {
                    entry.words.insert(id, text.clone());
                }
            } else if threat.kind == EXPLOIT_STATUS {
                entry.exploited |= says_exploited(&text);
            }
        }
        for set in said.score_sets.iter().flatten() {
            let kept = self.kept(&set.products);
            if kept.is_empty() {
                continue;
            }
            let index = entry.score_sets.len();
            entry.scores.extend(kept.into_iter().map(|id| (id, index)));
            entry.score_sets.push(ScoreSet {
                score: set.score.filter(|score| *score > 0.0 && *score <= 10.0),
                vector: tidy(&set.vector),
            });
        }
        let fixes = said.remediations.iter().flatten();
        for fix in fixes.filter(|fix| fix.kind == VENDOR_FIX) {
            let products = self.kept(&fix.products);
            if products.is_empty() {
                continue;
            }
            let kb = tidy(&fix.description.0).and_then(|text| {
                let digits = text.trim_start_matches("KB");
                is_kb_number(digits).then(|| format!("KB{digits}"))
            });
            let sub_type = tidy(&fix.sub_type).unwrap_or_default();
            let supersedes = tidy(&fix.supersedes).map(|text| kbs_in(&text).collect());
            entry.remediations.push(Remediation {
                kb,
                supersedes: supersedes.unwrap_or_default(),
                restart: tidy(&fix.restart.0),
                hotpatch: sub_type.to_ascii_lowercase().contains("hotpatch"),
                fixed_build: tidy(&fix.fixed_build),
                products,
            });
        }
        let dates = said.revision_history.iter().flatten();
        entry.revised = dates
            .filter_map(|revision| moment(&tidy(&revision.date)?))
            .max();
        entry
    }
}

/// An empty parser to hand rows over with.
pub(in crate::feeds) fn parser<'d, 's>(sink: &'s mut dyn crate::feeds::Sink) -> Parser<'d, 's> {
    Parser {
        reader: quick_xml::Reader::from_str(""),
        products: std::collections::HashMap::new(),
        net_framework: HashSet::new(),
        sink,
    }
}
