//! An example of every body of JSON: a type's own where it has one, otherwise made of its properties.
//!
//! A type says an example by `#[schema(example = json!(…))]`, and so does a property. Requests that are more than the sum of
//! their properties have one of their own; tests send it.

use serde_json::{Map, Value, json};
use utoipa::openapi::{Content, OpenApi, RefOr, Response};

use super::{each_operation, requests};

/// Types of which a schema within schemas is not followed further, so that an example ends.
const MAX_DEPTH: usize = 12;

/// Properties that are there only in some states, which an ordinary thing is not in.
const RARE: &[&str] = &[
    "accepted_by",
    "broken",
    "disabled_at",
    "disabled_reason",
    "failing_since",
    "ignored",
    "last_error",
    "next_attempt_at",
    "old_secret_until",
    "problem",
    "revoked_at",
];

/// What is so, where nothing else is said.
const YES: &[&str] = &[
    "answers",
    "builtin",
    "confirmed",
    "current",
    "enabled",
    "fix_available",
    "in_base_image",
    "intact",
    "kev",
    "known_exploited",
    "loaded",
    "feeds_loaded",
    "ok",
    "password",
    "queued",
    "ready",
    "whole",
];

/// Examples of texts by the name of the property, or of the type and its property.
const TEXTS: &[(&str, &str)] = &[
    (
        "AdvisorySource.url",
        "https://www.cisa.gov/known-exploited-vulnerabilities-catalog",
    ),
    ("AuditActor.id", "ada"),
    ("AuditActor.name", "ada"),
    ("AuditActor.role", "admin"),
    ("AuditTarget.kind", "collection"),
    (
        "BaseImage.name",
        "mcr.microsoft.com/windows/servercore:ltsc2022",
    ),
    ("Ecosystem.name", "debian"),
    ("Ecosystem.release", "12"),
    ("HostFacts.name", "web-1"),
    ("HostRow.name", "web-1"),
    ("ImageFacts.tag", "registry.example.org/shop/web:1.4.2"),
    ("ImageFacts.user", "nginx"),
    ("ImageRow.name", "registry.example.org/shop/web:1.4.2"),
    ("LayerRef.created_by", "RUN apt-get install -y nginx"),
    ("Package.name", "openssl"),
    ("Part.name", "table"),
    ("Person.name", "Ada Lovelace"),
    ("PersonDetail.name", "Ada Lovelace"),
    ("PreviewHost.name", "web-1"),
    ("PreviewImage.name", "registry.example.org/shop/web:1.4.2"),
    ("RegistrySettings.address", "registry.example.org"),
    ("RegistrySettings.name", "Ours"),
    ("SignInWay.name", "Entra ID"),
    ("Target.name", "registry.example.org/shop/web:1.4.2"),
    ("Version.version", "0.1.0"),
    ("access_token", "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl"),
    ("address", "192.0.2.10"),
    ("advisory", "DSA-5678-1"),
    ("agent_api", "1"),
    ("api", "1"),
    ("architecture", "amd64"),
    ("audience", "https://bulkhead.example.org"),
    ("authorization", "Bearer listener-secret"),
    ("boot_id", "0f5b2c1e-8a4d-4c55-9a41-6c2f7d3b9e10"),
    ("build", "20348.2700"),
    ("client_id", "0oa1b2c3d4"),
    ("code", "492039"),
    ("codename", "bookworm"),
    ("comparison", "3.0.11-1~deb12u1 < 3.0.11-1~deb12u2"),
    ("created_by", "ada"),
    ("current", "correct horse battery staple"),
    (
        "cvss_vector",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    ),
    ("data", "C:\\Program Files\\nodejs"),
    ("description", "What the shop needs."),
    ("detail", "The layer's archive ends before its last entry."),
    (
        "digest",
        "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    ),
    ("display_version", "21H2"),
    ("document", "known_exploited_vulnerabilities.json"),
    ("edition", "ServerDatacenter"),
    ("email", "ada@example.org"),
    ("email_domain", "example.org"),
    ("exposed_port", "443/tcp"),
    ("exposure_reason", "port 443 is published"),
    ("feed", "cisa-kev"),
    ("fixed", "3.0.11-1~deb12u2"),
    ("fixed_version", "3.0.11-1~deb12u2"),
    ("host", "web-1"),
    ("host_name", "web-1"),
    ("id", "7c339fb38fb3345c"),
    ("installed_version", "3.0.11-1~deb12u1"),
    ("introduced", "3.0.0"),
    ("issuer", "https://issuer.example.org"),
    ("kb", "KB5041160"),
    ("kernel", "6.1.0-25-amd64"),
    (
        "key",
        "bhk_0123456789abcdef_0000000000000000000000000000000000000000000000000000000000000000",
    ),
    ("last_affected", "3.0.11"),
    ("last_used_from", "192.0.2.10"),
    ("login", "ada"),
    ("machine", "4c4c4544-0042-3510-8057-b4c04f4e3732"),
    ("matched_name", "openssl"),
    ("matched_version", "3.0.11-1~deb12u1"),
    ("media_type", "application/vnd.oci.image.layer.v1.tar+gzip"),
    ("message", "The registry answers."),
    ("name", "Web servers"),
    ("new", "a longer horse battery staple"),
    ("next_cursor", "c2VhbGVkLXBvc2l0aW9uLW9mLXRoaXMtbGlzdA"),
    ("note", "nightly report"),
    ("operation", "create_collection"),
    ("one_time_password", "kv72-k6kk-kz4t-snb7-m95f-x7ky"),
    ("os", "Debian GNU/Linux 12 (bookworm)"),
    ("os_version", "10.0.20348.2700"),
    ("package", "openssl"),
    ("password", "correct horse battery staple"),
    ("path", "var/lib/dpkg/status"),
    ("permission", "hosts.read"),
    ("platform", "linux/amd64"),
    ("pretty_name", "Debian GNU/Linux 12 (bookworm)"),
    ("process", "/usr/sbin/nginx"),
    ("product_name", "Windows Server 2022 Datacenter"),
    ("protocol", "tcp"),
    (
        "purl",
        "pkg:deb/debian/openssl@3.0.11-1~deb12u1?arch=amd64&distro=debian-12",
    ),
    ("queue", "scan"),
    ("reason", "The registry does not answer."),
    (
        "repo_digest",
        "registry.example.org/shop/web@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    ),
    ("reference", "registry.example.org/shop/web:1.4.2"),
    ("refresh_token", "bhr_0123456789abcdef"),
    ("release", "1.4.2"),
    ("repository", "shop/web"),
    ("request_id", "1b7f0c9e5d3a8264"),
    ("requested_by", "ada"),
    ("seed", "JBSWY3DPEHPK3PXP"),
    ("sent_by", "build repo:shop/web"),
    ("signing_secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ("software", "0.1.0"),
    ("source_name", "openssl"),
    ("source_version", "3.0.11-1~deb12u1"),
    ("status", "open"),
    ("subject", "repo:shop/web:ref:refs/heads/main"),
    (
        "summary",
        "OpenSSL: use after free while a session is resumed",
    ),
    ("tag", "1.4.2"),
    ("title", "There is no such thing"),
    ("token", "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl"),
    ("top_place_name", "web-1"),
    ("type", "/problems/not-found"),
    ("updated_by", "ada"),
    (
        "uri",
        "otpauth://totp/Bulkhead:ada?secret=JBSWY3DPEHPK3PXP&issuer=Bulkhead",
    ),
    ("url", "https://hooks.example.org/bulkhead"),
    ("user", "ada"),
    ("user_agent", "curl/8.9.1"),
    ("value", "shop"),
    ("version", "3.0.11-1~deb12u1"),
    ("version_id", "12"),
    ("word", "hosts.read"),
];

/// Examples of numbers by the name of the property.
const NUMBERS: &[(&str, f64)] = &[
    ("cvss_score", 9.8),
    ("epss", 0.871),
    ("epss_percentile", 0.987),
    ("score", 87.4),
];

pub(super) fn complete(openapi: &mut OpenApi) {
    // The tests say so if this could not be: then there would be no example at all.
    let schemas = openapi.components.as_ref().map(|parts| &parts.schemas);
    let schemas = serde_json::to_value(schemas).unwrap_or_default();
    let making = Making { schemas: &schemas };
    each_operation(openapi, |_, _, operation| {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content
                .values_mut()
                .for_each(|content| making.give(content));
        }
        let responses = operation.responses.responses.iter_mut();
        let good = responses.filter(|(status, _)| status.starts_with('2'));
        for (_, response) in good {
            if let RefOr::T(Response { content, .. }) = response {
                content
                    .values_mut()
                    .for_each(|content| making.give(content));
            }
        }
    });
}

struct Making<'a> {
    /// Every schema by its name.
    schemas: &'a Value,
}

/// Where a value is: the property of a type.
#[derive(Clone, Copy)]
struct At<'a> {
    of: &'a str,
    name: &'a str,
    /// How much deeper it may go.
    depth: usize,
}

impl Making<'_> {
    /// Gives a body its example, unless it has one.
    fn give(&self, content: &mut RefOr<Content>) {
        let RefOr::T(content) = content else {
            return;
        };
        if content.example.is_some() || !content.examples.is_empty() {
            return;
        }
        if let Ok(schema) = serde_json::to_value(&content.schema) {
            let at = At {
                of: "",
                name: "",
                depth: MAX_DEPTH,
            };
            content.example = Some(self.value(&schema, at));
        }
    }

    /// An example of a schema.
    fn value(&self, schema: &Value, at: At<'_>) -> Value {
        if let Some(to) = schema["$ref"].as_str() {
            let of = to.rsplit('/').next().unwrap_or_default();
            return requests::of(of).unwrap_or_else(|| {
                let is_text = self.schemas[of]["type"] == "string";
                let at = if is_text { at } else { At { of, ..at } };
                self.value(&self.schemas[of], at)
            });
        }
        if let Some(own) = own(schema) {
            return own.clone();
        }
        let forms = ["oneOf", "anyOf"].iter();
        if let Some(forms) = forms.filter_map(|word| schema[word].as_array()).next() {
            let form = forms.iter().find(|form| form["type"] != "null");
            return form.map_or(Value::Null, |form| self.value(form, at));
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let parts = parts.iter().map(|part| self.value(part, at));
            let parts = parts.filter_map(|part| match part {
                Value::Object(part) => Some(part),
                _ => None,
            });
            return Value::Object(parts.flatten().collect());
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null"),
            kind => Some(kind),
        };
        match kind.and_then(Value::as_str).unwrap_or_default() {
            "object" => Value::Object(self.object(schema, at)),
            "array" => self.array(schema, at),
            "string" => text(schema, at),
            "integer" => json!(integer(schema)),
            "number" => json!(number(schema, at.name)),
            "boolean" => json!(YES.contains(&at.name)),
            _ => json!({}),
        }
    }

    fn object(&self, schema: &Value, at: At<'_>) -> Map<String, Value> {
        let mut made = Map::new();
        let Some(depth) = at.depth.checked_sub(1) else {
            return made;
        };
        let is_required = |name: &String| {
            let mut required = schema["required"].as_array().into_iter().flatten();
            required.any(|one| one == name)
        };
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if is_required(name) || !RARE.contains(&name.as_str()) {
                let of = at.of;
                made.insert(name.clone(), self.value(property, At { of, name, depth }));
            }
        }
        let more = &schema["additionalProperties"];
        if more.is_object() {
            let at = At {
                name: "value",
                depth,
                ..at
            };
            made.insert("team".to_owned(), self.value(more, at));
        }
        made
    }

    fn array(&self, schema: &Value, at: At<'_>) -> Value {
        // What recurs ends with an empty one.
        let Some(depth) = at.depth.checked_sub(1) else {
            return json!([]);
        };
        let name = at.name.strip_suffix("ies").map(|name| format!("{name}y"));
        let name = name.as_deref().or_else(|| at.name.strip_suffix('s'));
        let name = name.unwrap_or(at.name);
        json!([self.value(&schema["items"], At { name, depth, ..at })])
    }
}

/// The example that a schema has itself.
fn own(schema: &Value) -> Option<&Value> {
    let first = |word: &str| schema[word].as_array().and_then(|all| all.first());
    let own = schema.get("example").or_else(|| schema.get("const"));
    own.or_else(|| first("examples")).or_else(|| first("enum"))
}

fn text(schema: &Value, at: At<'_>) -> Value {
    if schema["format"] == "date-time" {
        return json!("2026-11-30T09:15:00.000Z");
    }
    let property = format!("{}.{}", at.of, at.name);
    let known = |wanted: &str| TEXTS.iter().find(|(of, _)| *of == wanted);
    let text = known(&property).or_else(|| known(at.name));
    json!(text.map_or_else(|| at.name.replace('_', " "), |(_, text)| (*text).to_owned()))
}

fn integer(schema: &Value) -> i64 {
    schema["minimum"].as_i64().unwrap_or_default().max(1)
}

fn number(schema: &Value, name: &str) -> f64 {
    let known = NUMBERS.iter().find(|(of, _)| *of == name);
    known.map_or_else(
        || schema["minimum"].as_f64().unwrap_or(1.0).max(1.0),
        |(_, number)| *number,
    )
}
