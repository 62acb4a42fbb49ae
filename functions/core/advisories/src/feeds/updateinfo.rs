//! `updateinfo.xml`: what the package managers of rpm distributions read beside a repository. Amazon Linux publishes its
//! advisories so; AlmaLinux, Rocky Linux and Oracle Linux do as well.
//!
//! Source: createrepo_c, "updateinfo.xml"; `https://alas.aws.amazon.com/` for the forms of Amazon's ids.

use super::{
    Document, Feed, FeedError, Sink,
    errata::{Build, Erratum, State, evr, is_other_processor, rows},
    is_cve, moment,
    rpm_names::el_major,
    xml::{self, Element},
};

/// The feed's name.
pub(super) const NAME: &str = "updateinfo";

/// `updateinfo.xml` of any distribution that is known.
pub(super) struct UpdateInfo;

/// Whose an advisory is, by its id.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    /// Amazon Linux of this release, and the topic of its extras in lower case.
    Amazon(&'a str, Option<String>),
    /// A rebuild of Red Hat's, whose releases are told by each build.
    Enterprise(&'static str),
    /// Those that patch a running kernel only, and packages of special interest groups.
    NotJudged(&'static str),
    Unknown,
}

/// `ALAS-2011-1`, `ALAS2-2018-939`, `ALAS2KERNEL-5.15-2022-001`, `ALAS2023LIVEPATCH-2023-001`, `ALSA-2023:7549`.
fn place(id: &str) -> Place<'_> {
    if let Some(rest) = id.strip_prefix("ALAS") {
        // The year and the number are the last two parts.
        let head = rest.rsplitn(3, '-').nth(2).unwrap_or_default();
        let (release, topic) = match head {
            "" => ("1", ""),
            _ => match ["2023", "2022", "2"]
                .iter()
                .find_map(|r| Some((*r, head.strip_prefix(r)?)))
            {
                Some(found) => found,
                None => return Place::Unknown,
            },
        };
        let topic = topic.trim_start_matches('-').to_ascii_lowercase();
        return Place::Amazon(release, Some(topic).filter(|topic| !topic.is_empty()));
    }
    match id.split('-').next().unwrap_or_default() {
        "ALSA" => Place::Enterprise("almalinux"),
        "RLSA" => Place::Enterprise("rocky"),
        "ELSA" => Place::Enterprise("oracle"),
        "RXSA" => Place::NotJudged("rocky special interest groups"),
        _ => Place::Unknown,
    }
}

impl Feed for UpdateInfo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognises(&self, document: &Document<'_>) -> bool {
        let head = document.bytes.get(..4096).unwrap_or(document.bytes);
        let head = String::from_utf8_lossy(head);
        let after = head.find("<updates");
        after.is_some_and(|at| {
            let before = head
                .get(..at)
                .unwrap_or_default()
                .trim_start_matches('\u{feff}');
            let only_prolog = before.trim().is_empty() || before.trim_start().starts_with("<?");
            let rest = head.get(at..).unwrap_or_default();
            only_prolog && (rest.contains("<update ") || rest.contains("<update>"))
        })
    }

    fn parse(&self, document: &Document<'_>, sink: &mut dyn Sink) -> Result<(), FeedError> {
        let mut count = 0u64;
        xml::each(document.bytes, &["update"], &mut |update| {
            count += 1;
            advisory(&update, sink);
        })?;
        match count {
            0 => Err(FeedError::Empty),
            _ => Ok(()),
        }
    }
}

fn advisory(update: &Element, sink: &mut dyn Sink) {
    let Some(id) = update.text_of("id") else {
        sink.problem("an update", "it has no id");
        return;
    };
    let date = |name: &str| {
        let element = update.child(name)?;
        moment(&element.attribute("date")?.replacen(' ', "T", 1))
            .or_else(|| moment(element.attribute("date")?.get(..10)?))
    };
    let updated = date("updated").or_else(|| date("issued"));
    if let Some(moment) = updated {
        sink.as_of(moment);
    }
    if update
        .attribute("type")
        .is_some_and(|kind| kind != "security")
    {
        return;
    }
    let (ecosystem, release, topic) = match place(id) {
        Place::Amazon(release, topic) => ("amazon", Some(release), topic),
        Place::Enterprise(ecosystem) => (ecosystem, None, None),
        Place::NotJudged(what) => {
            sink.not_judged(what);
            return;
        }
        Place::Unknown => {
            sink.not_judged(id.split('-').next().unwrap_or(id));
            return;
        }
    };
    let references: Vec<&Element> = update
        .all("references")
        .flat_map(|references| references.all("reference"))
        .collect();
    let own = references
        .iter()
        .find(|reference| reference.attribute("type") == Some("self"))
        .and_then(|reference| reference.attribute("href"))
        .filter(|url| url.starts_with("https://"));
    let builds: Vec<Build<'_>> = update
        .all("pkglist")
        .flat_map(|list| list.all("collection"))
        .flat_map(|collection| {
            let module = collection.child("module");
            collection
                .all("package")
                .map(move |package| (module, package))
        })
        .filter_map(|(module, package)| {
            let rpm_release = package.attribute("release")?;
            let stream = module.and_then(|module| {
                let (name, stream) = (module.attribute("name")?, module.attribute("stream")?);
                Some(format!("{name}:{stream}"))
            });
            Some(Build {
                release: Some(release.or_else(|| el_major(rpm_release))?),
                package: package.attribute("name")?,
                stream: stream.or_else(|| topic.clone()),
                version: Some(evr(
                    package.attribute("epoch").unwrap_or_default(),
                    package.attribute("version")?,
                    rpm_release,
                )),
                state: State::Fixed,
                architecture: package.attribute("arch").unwrap_or_default(),
            })
        })
        .collect();
    let erratum = Erratum {
        ecosystem,
        id,
        cves: references
            .iter()
            .filter_map(|reference| reference.attribute("id"))
            .filter(|id| is_cve(id))
            .collect(),
        severity: update.text_of("severity"),
        title: update.text_of("title"),
        // Those of Amazon follow from their ids.
        url: own.filter(|_| ecosystem != "amazon"),
        issued: date("issued"),
        updated,
        // A repository is of one architecture, and an advisory that names no other says nothing of others.
        limited: builds
            .iter()
            .any(|build| is_other_processor(build.architecture))
            && builds.iter().any(|build| build.architecture == "x86_64"),
        ..Erratum::default()
    };
    rows(&erratum, builds, sink);
}

/// The page of an advisory of Amazon's.
pub(super) fn page(release: &str, id: &str) -> String {
    match release {
        "1" => format!("https://alas.aws.amazon.com/{id}.html"),
        release => format!("https://alas.aws.amazon.com/AL{release}/{id}.html"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_the_release_and_the_topic() {
        let amazon =
            |release, topic: Option<&str>| Place::Amazon(release, topic.map(str::to_owned));
        for (id, expected) in [
            ("ALAS-2011-1", amazon("1", None)),
            ("ALAS2-2018-939", amazon("2", None)),
            (
                "ALAS2KERNEL-5.15-2022-001",
                amazon("2", Some("kernel-5.15")),
            ),
            (
                "ALAS2NITRO-ENCLAVES-2021-001",
                amazon("2", Some("nitro-enclaves")),
            ),
            ("ALAS2PHP8.0-2022-001", amazon("2", Some("php8.0"))),
            ("ALAS2022-2021-001", amazon("2022", None)),
            ("ALAS2023-2023-001", amazon("2023", None)),
            (
                "ALAS2023LIVEPATCH-2023-001",
                amazon("2023", Some("livepatch")),
            ),
            ("ALSA-2023:7549", Place::Enterprise("almalinux")),
            ("FEDORA-2023-1", Place::Unknown),
        ] {
            assert_eq!(place(id), expected, "{id}");
        }
    }
}
