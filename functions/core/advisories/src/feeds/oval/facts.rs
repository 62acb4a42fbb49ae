//! What the tests of an OVAL document compare: the package, and the version or architecture it is compared with.

use std::collections::HashMap;

use super::super::{FeedError, xml};

/// Tests by their id, as far as they are about packages.
#[derive(Debug, Default)]
pub(super) struct Facts {
    tests: HashMap<String, (String, String)>,
    objects: HashMap<String, String>,
    states: HashMap<String, State>,
}

/// What a state demands.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The comparison and the version of the package.
    pub(super) evr: Option<(Compare, String)>,
    /// Architectures as a pattern, such as `(aarch64|x86_64)`.
    pub(super) architectures: Option<String>,
}

/// How versions are compared. Source: OVAL, `OperationEnumeration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    LessThan,
    LessOrEqual,
    /// Anything else.
    Other,
}

/// What one test is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Test<'f> {
    pub(super) package: &'f str,
    pub(super) state: Option<&'f State>,
}

impl Facts {
    /// Reads the tests, objects and states, which stand behind the definitions that use them.
    ///
    /// # Errors
    /// A document that is cut or malformed.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, FeedError> {
        let mut facts = Self::default();
        let names = ["rpminfo_test", "rpminfo_object", "rpminfo_state"];
        xml::each(bytes, &names, &mut |element| {
            let Some(id) = element.attribute("id").map(str::to_owned) else {
                return;
            };
            match element.name.as_str() {
                "rpminfo_test" => {
                    let reference = |child: &str, name: &str| {
                        let child = element.child(child)?;
                        child.attribute(name).map(str::to_owned)
                    };
                    let object = reference("object", "object_ref").unwrap_or_default();
                    let state = reference("state", "state_ref").unwrap_or_default();
                    facts.tests.insert(id, (object, state));
                }
                "rpminfo_object" => {
                    if let Some(name) = element.text_of("name") {
                        facts.objects.insert(id, name.to_owned());
                    }
                }
                _ => {
                    let evr = element.child("evr").map(|evr| {
                        let compare = match evr.attribute("operation") {
                            Some("less than") => Compare::LessThan,
                            Some("less than or equal") => Compare::LessOrEqual,
                            _ => Compare::Other,
                        };
                        (compare, evr.text().to_owned())
                    });
                    let architectures = element.text_of("arch").map(str::to_owned);
                    facts.states.insert(id, State { evr, architectures });
                }
            }
        })?;
        Ok(facts)
    }

    /// The test of this id.
    pub(super) fn test(&self, id: &str) -> Option<Test<'_>> {
        let (object, state) = self.tests.get(id)?;
        Some(Test {
            package: self.objects.get(object)?,
            state: self.states.get(state),
        })
    }
}
