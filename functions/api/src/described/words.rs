//! Summaries, descriptions, groups of operations, and what optional properties are.

use utoipa::Number;
use utoipa::openapi::{
    Content, OpenApi, RefOr,
    schema::{ArrayItems, KnownFormat, Object, Schema, SchemaFormat},
    tag::TagBuilder,
};

use super::each_operation;

/// The groups of operations, as they are shown.
const TAGS: &[(&str, &str)] = &[
    (
        "session",
        "Signing in and out, and one's own second factor.",
    ),
    (
        "sign-in",
        "Signing in by an identity provider of the tenant, and how each of them is set up.",
    ),
    (
        "people",
        "The people of the tenant: their roles, invitations, and how they sign in.",
    ),
    (
        "settings",
        "How the tenant's people sign in, and for how long.",
    ),
    (
        "tokens",
        "API keys, and builds that exchange the token of their own system.",
    ),
    (
        "vulnerabilities",
        "What is vulnerable in the tenant, and what first.",
    ),
    (
        "images",
        "Container images: their findings and packages, and reading one from its registry.",
    ),
    (
        "hosts",
        "Hosts that have an agent: their findings and packages.",
    ),
    (
        "containers",
        "Containers of all hosts: what the engine says of each, and how its image stands.",
    ),
    ("scans", "Scans of builds, judged by the tenant's policy."),
    ("policies", "What a scan of a build has to hold against."),
    (
        "registries",
        "Registries whose images are read, and the webhooks they tell of pushes by.",
    ),
    (
        "collections",
        "Which images and hosts a role, a rule or a view is about.",
    ),
    ("alerts", "What was noticed on hosts."),
    (
        "notifications",
        "Channels that people are told by, and what became of each message.",
    ),
    ("agents", "Enrolled agents."),
    ("enrolment tokens", "Tokens that agents enrol with."),
    (
        "feeds",
        "Where advisories come from, and how fresh they are.",
    ),
    ("audit", "Who did what."),
    ("exports", "Everything that is kept of the tenant."),
    (
        "dead letters",
        "Messages that were given up, to be read and replayed.",
    ),
    (
        "health",
        "Whether the service lives and can answer, and what it offers.",
    ),
    (
        "agent",
        "What agents call; each request is signed by the agent's key.",
    ),
    ("webhooks", "What registries call."),
];

/// What the property that tells the forms of a thing apart is.
const WHICH_FORM: &str = "Which of the forms this is.";

pub(super) fn complete(openapi: &mut OpenApi) {
    let mut used = Vec::new();
    each_operation(openapi, |_, _, operation| {
        used.extend(operation.tags.iter().flatten().cloned());
        let whole = [operation.summary.take(), operation.description.take()];
        let paragraphs: Vec<_> = whole
            .iter()
            .flatten()
            .flat_map(|text| text.split("\n\n"))
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|text| !text.is_empty())
            .collect();
        let text = paragraphs.join("\n\n");
        operation.summary = Some(first_sentence(&text).to_owned());
        operation.description = Some(text);
    });
    each_operation(openapi, |_, _, operation| {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content.values_mut().for_each(present);
        }
    });
    let known = TAGS
        .iter()
        .filter(|(name, _)| used.iter().any(|tag| tag == name));
    let tags = known.map(|(name, what)| TagBuilder::new().name(*name).description(Some(*what)));
    openapi.tags = Some(tags.map(TagBuilder::build).collect());
    let schemas = openapi
        .components
        .get_or_insert_default()
        .schemas
        .values_mut();
    schemas.for_each(|schema| properties(schema, false));
}

/// A body that may be left out is described as one that may be null, which it may not: `required` says that it may be left out.
fn present(content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else {
        return;
    };
    if let Some(RefOr::T(Schema::OneOf(forms))) = &content.schema {
        let mut present = forms
            .items
            .iter()
            .filter(|form| matches!(form, RefOr::Ref(_)));
        if let (Some(form), None) = (present.next().cloned(), present.next()) {
            content.schema = Some(form);
        }
    }
}

/// Numbers that are never negative have formats of their own: `int32` ends at half of what they can be.
/// Source: the format registry of OpenAPI.
fn unsigned(number: &mut Object) {
    let never_negative = match number.minimum {
        Some(Number::UInt(_)) => true,
        Some(Number::Int(least)) => least >= 0,
        Some(Number::Float(least)) => least >= 0.0,
        None => false,
    };
    let format = match number.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::Int32)) if never_negative => "uint32",
        Some(SchemaFormat::KnownFormat(KnownFormat::Int64)) if never_negative => "uint64",
        _ => return,
    };
    number.format = Some(SchemaFormat::Custom(format.to_owned()));
}

/// The longest summary that is shown in one line, in bytes.
const SHORT: usize = 80;

/// The first sentence of a text, without its full stop; of a long one what it begins with.
fn first_sentence(text: &str) -> &str {
    let line = text.split('\n').next().unwrap_or_default();
    let sentence = line.split_once(". ").map_or(line, |(sentence, _)| sentence);
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    if sentence.len() <= SHORT {
        return sentence;
    }
    let marks = sentence.match_indices([':', ';', ',']);
    let ends = marks.filter(|(at, mark)| {
        // Not within a word or a name in code.
        let rest = sentence.get(at + mark.len()..).unwrap_or_default();
        *at > 24 && rest.starts_with(' ')
    });
    let end = ends.map(|(at, _)| at).next();
    end.and_then(|end| sentence.get(..end)).unwrap_or(sentence)
}

/// Gives properties the description that is only within one of their forms.
fn properties(schema: &mut RefOr<Schema>, is_form: bool) {
    let RefOr::T(schema) = schema else {
        return;
    };
    match schema {
        Schema::Object(object) => {
            unsigned(object);
            for property in object.properties.values_mut() {
                if let RefOr::T(Schema::OneOf(one_of)) = property {
                    let inner = one_of.items.iter_mut().find_map(|item| match item {
                        RefOr::Ref(to) if !to.description.is_empty() => Some(to),
                        _ => None,
                    });
                    if let (None, Some(inner)) = (&one_of.description, inner) {
                        one_of.description = Some(std::mem::take(&mut inner.description));
                    }
                }
                if let (true, RefOr::T(Schema::Object(tag))) = (is_form, &mut *property)
                    && tag
                        .enum_values
                        .as_ref()
                        .is_some_and(|words| words.len() == 1)
                {
                    tag.description.get_or_insert_with(|| WHICH_FORM.to_owned());
                }
                properties(property, false);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(item) = &mut array.items {
                properties(item, false);
            }
        }
        Schema::OneOf(forms) => forms
            .items
            .iter_mut()
            .for_each(|form| properties(form, true)),
        Schema::AllOf(parts) => parts
            .items
            .iter_mut()
            .for_each(|part| properties(part, true)),
        Schema::AnyOf(forms) => forms
            .items
            .iter_mut()
            .for_each(|form| properties(form, true)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_first_sentence() {
        for (text, summary) in [
            (
                "Hosts, highest score first. One is listed once it was judged.",
                "Hosts, highest score first",
            ),
            ("What the agent is to do.", "What the agent is to do"),
            ("Is it there? Yes", "Is it there? Yes"),
            ("One\n\nTwo. Three", "One"),
            (
                "Sends a message that says that it is a test, at once and once, also where the channel is switched off.",
                "Sends a message that says that it is a test",
            ),
        ] {
            assert_eq!(first_sentence(text), summary);
        }
    }
}
