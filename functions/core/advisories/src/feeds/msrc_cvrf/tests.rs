//! Small documents in the form of the real ones, with the traps that occur in them.

use super::*;

const OPEN: &str = r#"<cvrf:cvrfdoc
  xmlns:vuln="http://www.icasi.org/CVRF/schema/vuln/1.1"
  xmlns:prod="http://www.icasi.org/CVRF/schema/prod/1.1"
  xmlns:cvrf="http://www.icasi.org/CVRF/schema/cvrf/1.1">
  <cvrf:DocumentTitle>February 2018 Security Updates</cvrf:DocumentTitle>
  <cvrf:DocumentTracking>
    <cvrf:Identification><cvrf:ID>2018-FEB</cvrf:ID></cvrf:Identification>
    <cvrf:CurrentReleaseDate>2026-02-20T22:52:19</cvrf:CurrentReleaseDate>
  </cvrf:DocumentTracking>
  <cvrf:DocumentNotes><cvrf:Note>&lt;p&gt;<b>x</b>&lt;/p&gt;</cvrf:Note></cvrf:DocumentNotes>
  <prod:ProductTree>
    <prod:Branch Type="Vendor" Name="Microsoft"><prod:Branch Type="Product Family" Name="Windows">
      <prod:FullProductName
        ProductID="11572">Windows Server 2019  (Server Core installation)</prod:FullProductName>
      <prod:FullProductName ProductID="12437">Windows Server 2025 (Server Core installation)</prod:FullProductName>
      <prod:FullProductName ProductID="11650-11572">Microsoft .NET Framework 4.8 on Windows Server 2019 (Server Core installation)</prod:FullProductName>
      <prod:FullProductName ProductID="10384-11572">Adobe Flash Player on Windows Server 2019</prod:FullProductName>
      <prod:FullProductName ProductID="17220-16823">reaper on CBL Mariner 2.0</prod:FullProductName>
    </prod:Branch></prod:Branch>
  </prod:ProductTree>
"#;
const VULNERABILITY: &str = r#"
  <vuln:Vulnerability Ordinal="1">
    <vuln:Title>Windows &amp; TCP/IP &lt;b&gt;</vuln:Title>
    <vuln:Notes>
      <vuln:Note Title="Description" Type="Description" Ordinal="0" />
      <vuln:Note Title="FAQ" Type="FAQ" Ordinal="10">&lt;p&gt;Long&lt;/p&gt;</vuln:Note>
      <vuln:Note Title="Windows TCP/IP" Type="Tag" Ordinal="20">Windows TCP/IP</vuln:Note>
    </vuln:Notes>
    <vuln:CVE>CVE-2024-38063</vuln:CVE>
    <vuln:ProductStatuses><vuln:Status Type="Known Affected">
      <vuln:ProductID>11572</vuln:ProductID>
      <vuln:ProductID>12437</vuln:ProductID>
      <vuln:ProductID>11650-11572</vuln:ProductID>
      <vuln:ProductID>10384-11572</vuln:ProductID>
      <vuln:ProductID>17220-16823</vuln:ProductID>
    </vuln:Status></vuln:ProductStatuses>
    <vuln:Threats>
      <vuln:Threat Type="Impact"><vuln:Description>Spoofing</vuln:Description><vuln:ProductID>11572</vuln:ProductID></vuln:Threat>
      <vuln:Threat Type="Severity"><vuln:Description>Critical</vuln:Description><vuln:ProductID>11572</vuln:ProductID></vuln:Threat>
      <vuln:Threat Type="Severity"><vuln:Description /><vuln:ProductID>12437</vuln:ProductID></vuln:Threat>
      <vuln:Threat Type="Exploit Status"><vuln:Description>Publicly Disclosed:No;Exploited:Yes;Latest Software Release:Exploitation Detected</vuln:Description></vuln:Threat>
    </vuln:Threats>
    <vuln:CVSSScoreSets><vuln:ScoreSet>
      <vuln:BaseScore>9.8</vuln:BaseScore><vuln:TemporalScore>8.5</vuln:TemporalScore><vuln:Vector>CVSS:3.1/AV:N</vuln:Vector><vuln:ProductID>11572</vuln:ProductID>
    </vuln:ScoreSet></vuln:CVSSScoreSets>
    <vuln:Remediations>
      <vuln:Remediation Type="Vendor Fix">
        <vuln:Description>5043050</vuln:Description>
        <vuln:URL>https://catalog.update.microsoft.com/?q=KB5043050</vuln:URL>
        <vuln:Supercedence>MS16-065, 5041578; 5040430</vuln:Supercedence>
        <vuln:ProductID>11572</vuln:ProductID>
        <vuln:AffectedFiles />
        <vuln:RestartRequired>Yes</vuln:RestartRequired>
        <vuln:SubType>Security Update</vuln:SubType>
        <vuln:FixedBuild>10.0.17763.6293</vuln:FixedBuild>
      </vuln:Remediation>
      <vuln:Remediation Type="Known Issue"><vuln:Description>5043050</vuln:Description><vuln:ProductID>11572</vuln:ProductID></vuln:Remediation>
      <vuln:Remediation Type="Vendor Fix">
        <vuln:Description>5049608</vuln:Description><vuln:ProductID>11650-11572</vuln:ProductID><vuln:FixedBuild>4.8.1 &amp; 4.7.2</vuln:FixedBuild>
      </vuln:Remediation>
      <vuln:Remediation Type="Vendor Fix">
        <vuln:Description>Click to Run</vuln:Description><vuln:ProductID>12437</vuln:ProductID><vuln:SubType>Security HotPatch Update</vuln:SubType><vuln:FixedBuild>-</vuln:FixedBuild>
      </vuln:Remediation>
    </vuln:Remediations>
    <vuln:RevisionHistory>
      <vuln:Revision><cvrf:Number>1.1</cvrf:Number><cvrf:Date>2024-10-25T00:00:00</cvrf:Date><cvrf:Description>x</cvrf:Description></vuln:Revision>
      <vuln:Revision><cvrf:Number>1.0</cvrf:Number><cvrf:Date>2024-09-10T07:00:00Z</cvrf:Date></vuln:Revision>
    </vuln:RevisionHistory>
  </vuln:Vulnerability>"#;
const CLOSE: &str = "</cvrf:cvrfdoc>\n";

#[derive(Default)]
struct Seen {
    rows: Vec<String>,
    exploited: Vec<String>,
    not_judged: u64,
    as_of: Option<Timestamp>,
    title: String,
    problems: Vec<String>,
}

impl Sink for Seen {
    fn advisory(&mut self, row: &Row<'_>) {
        let windows = row.windows.as_ref().unwrap();
        let ratings: Vec<_> = row
            .ratings
            .iter()
            .map(|r| (r.severity, r.word, r.cvss_score))
            .collect();
        self.rows.push(format!(
            "{} {} {} | {} | {:?} {:?} {:?} hotpatch={} {:?} | {:?} | {:?} | {:?} | {}",
            row.ecosystem.release.unwrap(),
            row.package,
            row.vulnerability,
            windows.product,
            windows.kb,
            windows.fixed_build,
            windows.supersedes,
            windows.hotpatch,
            windows.restart,
            windows.component,
            ratings,
            row.summary,
            row.modified_at.unwrap(),
        ));
    }
    fn intel(&mut self, row: &IntelRow<'_>) {
        self.exploited
            .push(format!("{} {:?}", row.vulnerability, row.exploited_by));
    }
    fn not_judged(&mut self, _: &str) {
        self.not_judged += 1;
    }
    fn as_of(&mut self, moment: Timestamp) {
        self.as_of = Some(moment);
    }
    fn title(&mut self, title: &str) {
        self.title = title.to_owned();
    }
    fn problem(&mut self, at: &str, what: &str) {
        self.problems.push(format!("{at}: {what}"));
    }
}

fn read(text: &str) -> (Result<(), FeedError>, Seen) {
    let document = Document {
        name: "any",
        bytes: text.as_bytes(),
    };
    let mut seen = Seen::default();
    let done = MsrcCvrf.parse(&document, &mut seen);
    (done, seen)
}

#[test]
fn rows_of_windows_are_kept_with_all_that_judging_needs() {
    let (done, seen) = read(&format!("{OPEN}{VULNERABILITY}{CLOSE}"));
    assert_eq!(done, Ok(()));
    assert_eq!(seen.title, "2018-FEB");
    assert_eq!(seen.as_of, Some("2026-02-20T22:52:19Z".parse().unwrap()));
    assert_eq!(seen.exploited, ["CVE-2024-38063 Some(\"msrc\")"]);
    assert_eq!(seen.not_judged, 2);
    assert_eq!(seen.problems, none());
    let tail = "Some(\"Windows TCP/IP\") | RATINGS | Some(\"Windows & TCP/IP <b>\") | 2024-10-25T00:00:00.000Z";
    assert_eq!(
        seen.rows,
        [
            format!(
                "17763 11572 CVE-2024-38063 | Windows Server 2019 (Server Core installation) | Some(\"KB5043050\") \
                 Some(\"10.0.17763.6293\") [\"KB5041578\", \"KB5040430\"] hotpatch=false Some(\"Yes\") | {}",
                tail.replace(
                    "RATINGS",
                    "[(Critical, Some(\"Critical\"), None), (Critical, None, Some(9.8))]"
                )
            ),
            format!(
                "17763 11572 CVE-2024-38063 | Microsoft .NET Framework 4.8 on Windows Server 2019 (Server Core installation) | \
                 Some(\"KB5049608\") Some(\"4.8.1 & 4.7.2\") [] hotpatch=false None | {}",
                tail.replace("RATINGS", "[]")
            ),
            format!(
                "26100 12437 CVE-2024-38063 | Windows Server 2025 (Server Core installation) | None Some(\"-\") [] hotpatch=true \
                 None | {}",
                tail.replace("RATINGS", "[]")
            ),
        ]
    );
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_document_without_vulnerabilities_is_well_and_gives_nothing() {
    let (done, seen) = read(&format!("\u{feff}{OPEN}{CLOSE}"));
    assert_eq!((done, seen.rows), (Ok(()), none()));
}

#[test]
fn a_cut_document_is_said_to_be_cut_wherever_it_ends() {
    let whole = format!("{OPEN}{VULNERABILITY}{CLOSE}");
    for end in (OPEN.len()..whole.trim_end().len()).filter(|end| whole.is_char_boundary(*end)) {
        let (done, _) = read(&whole[..end]);
        assert!(
            matches!(done, Err(FeedError::Cut { .. })),
            "{end}: {done:?}"
        );
    }
}

#[test]
fn other_forms_are_refused_and_other_documents_are_not_ours() {
    let later = format!("{OPEN}{CLOSE}").replace("schema/cvrf/1.1", "schema/cvrf/2.0");
    assert!(
        matches!(read(&later).0, Err(FeedError::OtherVersion { found, .. }) if found == "CVRF 2.0")
    );
    let ours = |text: &str| {
        MsrcCvrf.recognises(&Document {
            name: "2024-Aug.xml",
            bytes: text.as_bytes(),
        })
    };
    assert!(ours(OPEN) && ours(&later));
    assert!(!ours("<?xml version=\"1.0\"?><oval_definitions/>") && !ours(""));
    let mismatched = format!("{OPEN}<a></b>{CLOSE}");
    assert!(matches!(
        read(&mismatched).0,
        Err(FeedError::Malformed { .. } | FeedError::Cut { .. })
    ));
    let mut bytes = format!("{OPEN}{CLOSE}").into_bytes();
    bytes[500] = 0xff;
    let document = Document {
        name: "x",
        bytes: &bytes,
    };
    assert!(matches!(
        MsrcCvrf.parse(&document, &mut Seen::default()),
        Err(FeedError::Malformed { .. })
    ));
}

#[test]
fn a_vulnerability_without_an_id_is_a_problem_and_the_rest_is_read() {
    let nameless = VULNERABILITY.replace("<vuln:CVE>CVE-2024-38063</vuln:CVE>", "");
    let withdrawn =
        VULNERABILITY.replace("CVE-2024-38063<", "CVE-2024-38063 - do not use this one<");
    let (done, seen) = read(&format!(
        "{OPEN}{nameless}{withdrawn}{VULNERABILITY}{CLOSE}"
    ));
    assert_eq!((done, seen.rows.len(), seen.problems.len()), (Ok(()), 3, 2));
}

/// The XML of a month as the API's JSON has it.
pub(in crate::feeds) mod as_json {
    use quick_xml::{Reader, events::Event};
    use serde_json::{Map, Value, json};

    /// An element with its attributes, text and children.
    #[derive(Default)]
    struct Node {
        name: String,
        attributes: Vec<(String, String)>,
        text: String,
        children: Vec<Node>,
    }

    impl Node {
        fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node> {
            self.children.iter().filter(move |child| child.name == name)
        }

        fn one(&self, name: &str) -> Option<&Node> {
            self.children.iter().find(|child| child.name == name)
        }

        fn texts(&self, name: &str) -> Value {
            self.all(name).map(|child| json!(child.text)).collect()
        }

        fn attribute(&self, name: &str) -> &str {
            let found = self.attributes.iter().find(|(key, _)| key == name);
            found.map_or("", |(_, value)| value)
        }

        /// The position of the element's type in CVRF's list.
        fn kind(&self, words: &[&str]) -> Value {
            let word = self.attribute("Type");
            json!(words.iter().position(|known| *known == word).unwrap_or(99))
        }
    }

    fn tree(xml: &str) -> Node {
        let mut reader = Reader::from_str(xml);
        let mut open = vec![Node::default()];
        loop {
            let event = reader.read_event().unwrap();
            match event {
                Event::Start(ref element) | Event::Empty(ref element) => {
                    let attributes = element.attributes().map(|attribute| {
                        let attribute = attribute.unwrap();
                        (
                            attribute.key.as_ref().to_owned(),
                            attribute.value.into_owned(),
                        )
                    });
                    let node = Node {
                        name: element.local_name().as_ref().to_owned(),
                        attributes: attributes.collect(),
                        ..Node::default()
                    };
                    if matches!(event, Event::Empty(_)) {
                        open.last_mut().unwrap().children.push(node);
                    } else {
                        open.push(node);
                    }
                }
                Event::End(_) => {
                    let node = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(node);
                }
                Event::Text(text) => open.last_mut().unwrap().text.push_str(&text),
                Event::CData(text) => open.last_mut().unwrap().text.push_str(&text),
                Event::GeneralRef(entity) => {
                    let text = &mut open.last_mut().unwrap().text;
                    match quick_xml::escape::resolve_predefined_entity(&entity) {
                        Some(known) => text.push_str(known),
                        None => text.extend(entity.resolve_char_ref().unwrap()),
                    }
                }
                Event::Eof => return open.remove(0).children.remove(0),
                _ => {}
            }
        }
    }

    fn value(node: Option<&Node>) -> Value {
        node.map_or(Value::Null, |node| json!({ "Value": node.text }))
    }

    fn plain(node: Option<&Node>) -> Value {
        node.map_or(Value::Null, |node| json!(node.text))
    }

    fn list(parent: Option<&Node>, name: &str, each: impl Fn(&Node) -> Value) -> Value {
        parent
            .into_iter()
            .flat_map(|parent| parent.all(name))
            .map(each)
            .collect()
    }

    fn branch(node: &Node) -> Value {
        let items = node
            .children
            .iter()
            .filter_map(|child| match child.name.as_str() {
                "Branch" => Some(branch(child)),
                "FullProductName" => Some(product(child)),
                _ => None,
            });
        json!({ "Items": items.collect::<Vec<_>>(), "Type": 1, "Name": node.attribute("Name") })
    }

    fn product(node: &Node) -> Value {
        json!({ "ProductID": node.attribute("ProductID"), "Value": node.text })
    }

    fn vulnerability(node: &Node) -> Value {
        json!({
            "Title": value(node.one("Title")),
            "CVE": plain(node.one("CVE")),
            "Notes": list(node.one("Notes"), "Note", |note| json!({
                "Type": note.kind(&["", "", "Description", "", "FAQ", "", "", "Tag", "CNA"]), "Value": note.text,
            })),
            "ProductStatuses": list(node.one("ProductStatuses"), "Status", |status| json!({
                "Type": status.kind(&["", "", "", "Known Affected"]), "ProductID": status.texts("ProductID"),
            })),
            "Threats": list(node.one("Threats"), "Threat", |threat| json!({
                "Type": threat.kind(&["Impact", "Exploit Status", "Target Set", "Severity"]),
                "Description": value(threat.one("Description")), "ProductID": threat.texts("ProductID"),
                "DateSpecified": false,
            })),
            "CVSSScoreSets": list(node.one("CVSSScoreSets"), "ScoreSet", |set| {
                let number = |name| set.one(name).and_then(|n| n.text.trim().parse::<f64>().ok());
                json!({ "BaseScore": number("BaseScore"), "TemporalScore": number("TemporalScore"),
                    "Vector": plain(set.one("Vector")), "ProductID": set.texts("ProductID") })
            }),
            "Remediations": list(node.one("Remediations"), "Remediation", |fix| json!({
                "Type": fix.kind(&["Workaround", "Mitigation", "Vendor Fix", "None Available", "Will Not Fix", "Known Issue"]),
                "Description": value(fix.one("Description")), "URL": plain(fix.one("URL")),
                "Supercedence": plain(fix.one("Supercedence")), "RestartRequired": value(fix.one("RestartRequired")),
                "SubType": plain(fix.one("SubType")), "FixedBuild": plain(fix.one("FixedBuild")),
                "ProductID": fix.texts("ProductID"),
            })),
            "RevisionHistory": list(node.one("RevisionHistory"), "Revision", |revision| json!({
                "Number": plain(revision.one("Number")), "Date": plain(revision.one("Date")),
            })),
        })
    }

    pub(in crate::feeds) fn month(xml: &str) -> String {
        let root = tree(xml);
        let tracking = root.one("DocumentTracking").unwrap();
        let tree = root.one("ProductTree");
        let mut month = Map::new();
        month.insert("DocumentTitle".into(), value(root.one("DocumentTitle")));
        month.insert("DocumentType".into(), value(root.one("DocumentType")));
        month.insert(
            "DocumentTracking".into(),
            json!({
                "Identification": { "ID": value(tracking.one("Identification").and_then(|id| id.one("ID"))) },
                "CurrentReleaseDate": plain(tracking.one("CurrentReleaseDate")),
            }),
        );
        month.insert(
            "ProductTree".into(),
            json!({ "Branch": list(tree, "Branch", branch), "FullProductName": list(tree, "FullProductName", product) }),
        );
        let all = root.all("Vulnerability").map(vulnerability).collect();
        month.insert("Vulnerability".into(), all);
        Value::Object(month).to_string()
    }
}

/// Everything that a document gives, without where in the document it is.
fn everything(bytes: &[u8]) -> Vec<String> {
    struct All(Vec<String>);
    impl Sink for All {
        fn advisory(&mut self, row: &Row<'_>) {
            self.0.push(format!("{row:?}"));
        }
        fn intel(&mut self, row: &IntelRow<'_>) {
            self.0.push(format!("{row:?}"));
        }
        fn not_judged(&mut self, ecosystem: &str) {
            self.0.push(ecosystem.to_owned());
        }
        fn as_of(&mut self, moment: Timestamp) {
            self.0.push(moment.to_string());
        }
        fn title(&mut self, title: &str) {
            self.0.push(title.to_owned());
        }
        fn problem(&mut self, _: &str, what: &str) {
            self.0.push(what.to_owned());
        }
    }
    let document = Document {
        name: "month",
        bytes,
    };
    assert!(MsrcCvrf.recognises(&document));
    let mut all = All(Vec::new());
    MsrcCvrf.parse(&document, &mut all).unwrap();
    all.0
}

#[test]
fn both_forms_of_a_real_month_give_the_same_rows() {
    let Some(folder) = at_hand::data("microsoft/cvrf") else {
        return;
    };
    let mut months = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !(name.contains("2018-Feb")
            || name.contains("2018-FEB")
            || name.contains("2024-Sep")
            || name.contains("2026-Mar"))
        {
            continue;
        }
        let packed = std::fs::read(&path).unwrap();
        let xml = if packed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            zstd::decode_all(packed.as_slice()).unwrap()
        } else {
            packed
        };
        let json = as_json::month(std::str::from_utf8(&xml).unwrap());
        let (a, b) = (everything(&xml), everything(json.as_bytes()));
        assert!(a.len() > 50, "{name}: {} rows", a.len());
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a, b, "{name}");
        }
        assert_eq!(a.len(), b.len(), "{name}");
        months += 1;
    }
    assert!(months > 0);
}

#[test]
fn a_cut_or_empty_month_in_json_is_an_error() {
    for text in [
        r#"{"DocumentType":{"Value":"x"},"DocumentTracking":{"Identification":{"ID":{"Value":"2024-Aug"#,
        r#"{"DocumentType":{"Value":"x"},"DocumentTracking":null}"#,
    ] {
        let document = Document {
            name: "month",
            bytes: text.as_bytes(),
        };
        let mut seen = Seen::default();
        assert!(MsrcCvrf.parse(&document, &mut seen).is_err());
    }
}

#[test]
fn numbers_of_types_mean_what_they_do_in_the_answers_of_the_api() {
    let text = r#"{
      "DocumentTitle": {"Value": "August 2024 Security Updates"}, "DocumentType": {"Value": "Security Update"},
      "DocumentTracking": {"Identification": {"ID": {"Value": "2024-Aug"}}, "CurrentReleaseDate": "2024-08-20T07:00:00"},
      "ProductTree": {"FullProductName": [{"ProductID": "11572", "Value": "Windows Server 2019  (Server Core installation)"}]},
      "Vulnerability": [{
        "Title": {}, "CVE": "CVE-2024-38063", "Ordinal": "0", "DiscoveryDateSpecified": false,
        "Notes": [{"Title": "Description", "Type": 2, "Ordinal": "0"},
          {"Title": "FAQ", "Type": 4, "Ordinal": "10", "Value": "<p>x</p>"},
          {"Title": "Windows TCP/IP", "Type": 7, "Ordinal": "20", "Value": "Windows TCP/IP"},
          {"Title": "Microsoft", "Type": 8, "Ordinal": "30", "Value": "Microsoft"}],
        "ProductStatuses": [{"ProductID": ["11572"], "Type": 3}],
        "Threats": [{"Description": {"Value": "Remote Code Execution"}, "ProductID": ["11572"], "Type": 0, "DateSpecified": false},
          {"Description": {"Value": "Critical"}, "ProductID": ["11572"], "Type": 3, "DateSpecified": false},
          {"Description": {"Value": "Publicly Disclosed:No;Exploited:Yes"}, "Type": 1, "DateSpecified": false}],
        "CVSSScoreSets": [{"BaseScore": 9.8, "TemporalScore": 8.5, "Vector": "CVSS:3.1/AV:N", "ProductID": ["11572"]}],
        "Remediations": [{"Description": {"Value": "5043050"}, "URL": "", "ProductID": ["11572"], "Type": 2,
          "DateSpecified": false, "AffectedFiles": [], "RestartRequired": {}, "SubType": "Security Update",
          "FixedBuild": "10.0.17763.6293"},
          {"Description": {"Value": "5000000"}, "ProductID": ["11572"], "Type": 5, "RestartRequired": {}}],
        "RevisionHistory": [{"Number": "1.0", "Date": "2024-08-13T07:00:00", "Description": {"Value": "x"}}]
      }]
    }"#;
    let (done, seen) = read(text);
    assert_eq!(done, Ok(()));
    assert_eq!(
        seen.rows,
        [
            "17763 11572 CVE-2024-38063 | Windows Server 2019 (Server Core installation) | Some(\"KB5043050\") \
             Some(\"10.0.17763.6293\") [] hotpatch=false None | Some(\"Windows TCP/IP\") | \
             [(Critical, Some(\"Critical\"), None), (Critical, None, Some(9.8))] | None | 2024-08-13T07:00:00.000Z"
        ]
    );
    assert_eq!(seen.exploited, ["CVE-2024-38063 Some(\"msrc\")"]);
}
