//! A notification as an event of the Open Cybersecurity Schema Framework: class 2002, Vulnerability Finding.
//! Source: OCSF 1.3, `events/findings/vulnerability_finding.json` and the objects it names.

use std::collections::BTreeSet;

use schemas::{
    Place, Severity,
    notification::{Notification, NotificationEvent, NotifiedVulnerability},
};
use serde_json::{Map, Value, json};

use crate::text;

/// The version of the schema.
const VERSION: &str = "1.3.0";
const CATEGORY: u32 = 2;
/// The class.
pub const OCSF_CLASS: u32 = 2002;
/// Most versions of the package that an event names for each vulnerability.
const MAX_VERSIONS: usize = 5;

/// The event. What is fixed closes a finding, everything else creates one.
pub fn ocsf(notification: &Notification) -> Value {
    let fixed = notification.event == NotificationEvent::FindingsFixed;
    let (activity, activity_name, status, status_name) = if fixed {
        (3, "Close", 4, "Resolved")
    } else {
        (1, "Create", 1, "New")
    };
    let vulnerabilities: Vec<Value> = notification
        .vulnerabilities
        .iter()
        .map(|known| vulnerability(notification, known))
        .collect();
    let resources: Vec<Value> = notification
        .places
        .iter()
        .map(|place| {
            let kind = match place.place {
                Place::Host(_) => "host",
                Place::Image(_) => "container_image",
            };
            json!({"uid": place.place.to_string(), "name": place.name, "type": kind})
        })
        .collect();
    let mut event = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": OCSF_CLASS,
        "class_name": "Vulnerability Finding",
        "type_uid": OCSF_CLASS * 100 + activity,
        "type_name": format!("Vulnerability Finding: {activity_name}"),
        "time": notification.at.as_ms(),
        "severity_id": severity_id(notification.severity),
        "severity": severity_word(notification.severity),
        "status_id": status,
        "status": status_name,
        "message": text::title(notification),
        "metadata": {
            "version": VERSION,
            "uid": notification.id,
            "tenant_uid": notification.tenant,
            "product": {"name": "Bulkhead", "vendor_name": "Bulkhead"},
        },
        "finding_info": {
            "uid": notification.id,
            "title": text::title(notification),
            "created_time": notification.at.as_ms(),
            "types": [notification.event.as_str()],
        },
        "vulnerabilities": vulnerabilities,
        "resources": resources,
    });
    // A test is no finding; whoever reads events can tell it by this.
    if notification.event == NotificationEvent::Test
        && let Some(metadata) = event.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.insert("labels".to_owned(), json!(["test"]));
    }
    event
}

fn vulnerability(notification: &Notification, known: &NotifiedVulnerability) -> Value {
    let mut object = Map::new();
    object.insert("cve".to_owned(), json!({"uid": known.id}));
    object.insert("severity".to_owned(), json!(severity_word(known.severity)));
    object.insert("is_fix_available".to_owned(), json!(known.fixable));
    // Whoever exploits it has an exploit; that none is known is not said.
    if known.kev {
        object.insert("is_exploit_available".to_owned(), json!(true));
    }
    if let Some(summary) = &known.summary {
        object.insert("title".to_owned(), json!(summary));
    }
    if let Some(fix) = &notification.fix {
        let versions: BTreeSet<&str> = notification
            .places
            .iter()
            .filter_map(|place| place.installed_version.as_deref())
            .collect();
        let packages: Vec<Value> = versions
            .iter()
            .take(MAX_VERSIONS)
            .map(|version| {
                let mut package = json!({"name": fix.package, "version": version});
                if let (Some(fixed), Some(package)) = (&fix.fixed_version, package.as_object_mut())
                {
                    package.insert("fixed_in_version".to_owned(), json!(fixed));
                }
                package
            })
            .collect();
        if !packages.is_empty() {
            object.insert("affected_packages".to_owned(), Value::Array(packages));
        }
        if let Some(kb) = &fix.kb {
            object.insert("kb_article_list".to_owned(), json!([{"uid": kb}]));
        }
    }
    Value::Object(object)
}

fn severity_id(severity: Severity) -> u8 {
    match severity {
        Severity::Unknown => 0,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "Unknown",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}
