//! Hives made by hand, byte by byte, and what is understood of them.

use schemas::inventory::{GapReason, InstallationType, UpdateState};

use super::*;

/// A value of a hand-made hive.
enum Data<'a> {
    Text(&'a str),
    Number(u32),
    Tombstone,
}

/// A key of a hand-made hive.
#[derive(Default)]
struct Node<'a> {
    name: String,
    layering: u8,
    values: Vec<(&'a str, Data<'a>)>,
    children: Vec<Node<'a>>,
}

impl<'a> Node<'a> {
    fn at(&mut self, path: &str) -> &mut Self {
        path.split('\\').fold(self, |node, part| {
            let at = node.children.iter().position(|child| child.name == part);
            let at = at.unwrap_or_else(|| {
                node.children.push(Node {
                    name: part.to_owned(),
                    ..Node::default()
                });
                node.children.len() - 1
            });
            &mut node.children[at]
        })
    }

    fn with(&mut self, path: &str, values: Vec<(&'a str, Data<'a>)>) -> &mut Self {
        self.at(path).values.extend(values);
        self
    }

    fn layered(&mut self, path: &str, layering: u8) -> &mut Self {
        self.at(path).layering = layering;
        self
    }
}

/// Cells of a hive as they are appended.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn cell(&mut self, data: &[u8]) -> u32 {
        let offset = u32::try_from(self.0.len()).unwrap();
        let size = (data.len() + 4).next_multiple_of(8);
        self.0
            .extend(i32::try_from(size).unwrap().wrapping_neg().to_le_bytes());
        self.0.extend(data);
        self.0.resize(offset as usize + size, 0);
        offset
    }

    fn value(&mut self, name: &str, data: &Data<'_>) -> u32 {
        let (size, place, kind, flags) = match data {
            Data::Text(text) => {
                let bytes: Vec<u8> = text
                    .encode_utf16()
                    .chain([0])
                    .flat_map(u16::to_le_bytes)
                    .collect();
                let place = self.cell(&bytes);
                (u32::try_from(bytes.len()).unwrap(), place, 1, 1)
            }
            Data::Number(number) => (0x8000_0004, *number, 4, 1),
            Data::Tombstone => (0, u32::MAX, 0, 3),
        };
        let mut vk = b"vk".to_vec();
        vk.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        for word in [size, place, kind, flags] {
            vk.extend(word.to_le_bytes());
        }
        vk.extend(name.as_bytes());
        self.cell(&vk)
    }

    fn key(&mut self, node: &Node<'_>) -> u32 {
        let children: Vec<u32> = node.children.iter().map(|child| self.key(child)).collect();
        let values: Vec<u32> = node.values.iter().map(|(n, d)| self.value(n, d)).collect();
        // Lists of more than two subkeys are split, as large keys have them.
        let leaf = |writer: &mut Self, offsets: &[u32]| {
            let mut list = b"lh".to_vec();
            list.extend(u16::try_from(offsets.len()).unwrap().to_le_bytes());
            for offset in offsets {
                list.extend(offset.to_le_bytes());
                list.extend([0; 4]);
            }
            writer.cell(&list)
        };
        let list = match children.len() {
            0 => u32::MAX,
            1 | 2 => leaf(self, &children),
            _ => {
                let leaves: Vec<u32> = children.chunks(2).map(|c| leaf(self, c)).collect();
                let mut list = b"ri".to_vec();
                list.extend(u16::try_from(leaves.len()).unwrap().to_le_bytes());
                list.extend(leaves.iter().flat_map(|offset| offset.to_le_bytes()));
                self.cell(&list)
            }
        };
        let value_list = match values.len() {
            0 => u32::MAX,
            _ => self.cell(
                &values
                    .iter()
                    .flat_map(|o| o.to_le_bytes())
                    .collect::<Vec<_>>(),
            ),
        };
        let mut nk = vec![0; 76];
        nk[..2].copy_from_slice(b"nk");
        nk[2] = 0x20;
        nk[13] = node.layering;
        for (at, word) in [
            (20, u32::try_from(children.len()).unwrap()),
            (28, list),
            (36, u32::try_from(values.len()).unwrap()),
            (40, value_list),
        ] {
            nk[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        nk[72..74].copy_from_slice(&u16::try_from(node.name.len()).unwrap().to_le_bytes());
        nk.extend(node.name.as_bytes());
        self.cell(&nk)
    }
}

fn hive(root: &Node<'_>) -> Vec<u8> {
    let mut bins = Writer(vec![0; 32]);
    bins.0[..4].copy_from_slice(b"hbin");
    let root = bins.key(root);
    bins.0.resize(bins.0.len().next_multiple_of(4096), 0);
    let mut block = vec![0; 4096];
    block[..4].copy_from_slice(b"regf");
    for (at, word) in [
        (4, 7),
        (8, 7),
        (20, 1),
        (24, 6),
        (32, 1),
        (36, root),
        (40, u32::try_from(bins.0.len()).unwrap()),
    ] {
        block[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    seal(&mut block);
    block.extend(bins.0);
    block
}

/// Writes the header's checksum.
fn seal(block: &mut [u8]) {
    let sum = block[..508].chunks_exact(4).fold(0, |sum, word| {
        sum ^ u32::from_le_bytes(word.try_into().unwrap())
    });
    block[508..512].copy_from_slice(&sum.to_le_bytes());
}

const PROGRAM: &str = r"Microsoft\Windows\CurrentVersion\Uninstall\{7Z}";
const ROLLUP: &str = r"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.2655.1.5";
const UPDATE: &str = r"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_for_KB5012170~31bf3856ad364e35~amd64~~10.0.1.2";
const PART: &str = r"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_3_for_KB5099999~31bf3856ad364e35~amd64~~10.0.1.2";

/// A base hive in the spelling of a machine, which differs in case from what is looked for.
fn base() -> Node<'static> {
    let mut root = Node::default();
    root.with(
        r"MICROSOFT\Windows NT\CurrentVersion",
        vec![
            ("ProductName", Data::Text("Windows Server 2022 Datacenter")),
            ("currentbuild", Data::Text("20348")),
            ("UBR", Data::Number(2655)),
            ("EditionID", Data::Text("ServerDatacenter")),
            ("InstallationType", Data::Text("Server Core")),
            ("DisplayVersion", Data::Text("21H2")),
        ],
    );
    let packages = root.at("MICROSOFT");
    packages.name = "Microsoft".to_owned();
    root.with(
        PROGRAM,
        vec![
            ("DisplayName", Data::Text("7-Zip 19.00 (x64)")),
            ("DisplayVersion", Data::Text("19.00")),
            ("Publisher", Data::Text("Igor Pavlov")),
        ],
    )
    .with(UPDATE, vec![("CurrentState", Data::Number(0x70))])
    .with(PART, vec![("CurrentState", Data::Number(0x70))])
    .with(
        ROLLUP,
        vec![
            ("CurrentState", Data::Number(0x70)),
            (
                "InstallLocation",
                Data::Text(r"\\?\C:\w\windows10.0-kb5041160-x64.cab\"),
            ),
        ],
    )
    .with(
        r"Microsoft\NET Framework Setup\NDP\v4\Full",
        vec![("Release", Data::Number(528_449))],
    );
    root
}

fn digest(byte: u8) -> Digest {
    Digest::from_sha256(&[byte; 32])
}

fn image(os_version: &str) -> ImageFacts {
    ImageFacts {
        id: digest(0),
        tags: vec![],
        repo_digests: vec![],
        os: "windows".to_owned(),
        os_version: Some(os_version.to_owned()),
        architecture: Some("amd64".to_owned()),
        created_at: None,
        user: String::new(),
        exposed_ports: vec![],
        labels: std::collections::BTreeMap::new(),
        layers: vec![],
        base: None,
    }
}

fn read(path: &str, bytes: &[u8]) -> (HiveForm, Vec<HiveKey>, Vec<CoverageGap>) {
    let analysis = hive_evidence(path, bytes).unwrap();
    match analysis.evidence.into_iter().next().unwrap() {
        Evidence::Hive { form, keys, .. } => (form, keys, analysis.gaps),
        other => panic!("{other:?}"),
    }
}

/// The facts of an image whose layers have these hives.
fn image_facts(os_version: &str, layers: &[(&str, Vec<u8>)]) -> WindowsFacts {
    let read: Vec<_> = layers
        .iter()
        .map(|(path, bytes)| read(path, bytes))
        .collect();
    let digests: Vec<Digest> = (1..=layers.len())
        .map(|n| digest(u8::try_from(n).unwrap()))
        .collect();
    let hives: Vec<LayerHive<'_>> = read
        .iter()
        .zip(&digests)
        .zip(layers)
        .map(|(((form, keys, gaps), layer), (path, _))| {
            assert_eq!(gaps, &[]);
            LayerHive {
                layer,
                path,
                form: *form,
                keys,
            }
        })
        .collect();
    merge_hives(&hives, Some(&image(os_version)))
}

#[test]
fn a_whole_hive_gives_system_updates_and_programs() {
    let facts = image_facts("10.0.20348.2655", &[(MACHINE_HIVE, hive(&base()))]);
    assert_eq!(facts.gaps, []);
    let os = facts.os.unwrap();
    assert_eq!(os.version_id.as_deref(), Some("10.0.20348.2655"));
    let windows = os.windows.unwrap();
    assert_eq!((windows.build, windows.ubr), (20348, Some(2655)));
    assert_eq!(
        windows.installation_type,
        Some(InstallationType::ServerCore)
    );
    assert_eq!(windows.edition.as_deref(), Some("ServerDatacenter"));
    assert!(windows.updates_complete);
    let updates: Vec<_> = windows
        .updates
        .iter()
        .map(|u| (u.kb.as_str(), u.state))
        .collect();
    assert_eq!(
        updates,
        [
            ("KB5012170", UpdateState::Installed),
            ("KB5041160", UpdateState::Installed)
        ]
    );
    let packages: Vec<_> = facts
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.version.as_str(), p.purl.as_str()))
        .collect();
    assert_eq!(
        packages,
        [
            (
                "7-Zip 19.00 (x64)",
                "19.00",
                "pkg:generic/7-Zip%2019.00%20%28x64%29@19.00?vendor=Igor%20Pavlov"
            ),
            (
                "Microsoft .NET Framework",
                "4.8",
                "pkg:generic/Microsoft%20.NET%20Framework@4.8?vendor=Microsoft%20Corporation"
            ),
        ]
    );
    assert_eq!(facts.packages[0].path, format!(r"HKLM\SOFTWARE\{PROGRAM}"));
    assert_eq!(facts.packages[0].layer, Some(digest(1)));
}

#[test]
fn a_delta_changes_adds_and_removes_and_keeps_the_rest() {
    let mut delta = Node::default();
    delta
        .with(
            wanted::CURRENT_VERSION,
            vec![("UBR", Data::Number(2700)), ("EditionID", Data::Tombstone)],
        )
        .layered(UPDATE, 1)
        .with(
            r"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\Git",
            vec![
                ("DisplayName", Data::Text("Git")),
                ("DisplayVersion", Data::Text("2.44.0")),
            ],
        );
    let facts = image_facts(
        "10.0.20348.2700",
        &[(BASE_HIVE, hive(&base())), (DELTA_HIVE, hive(&delta))],
    );
    assert_eq!(facts.gaps, []);
    let windows = facts.os.unwrap().windows.unwrap();
    assert_eq!((windows.ubr, windows.edition), (Some(2700), None));
    assert_eq!(
        windows.product_name.as_deref(),
        Some("Windows Server 2022 Datacenter")
    );
    assert_eq!(
        windows
            .updates
            .iter()
            .map(|u| u.kb.as_str())
            .collect::<Vec<_>>(),
        ["KB5041160"]
    );
    let layers: Vec<_> = facts
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.layer.clone().unwrap()))
        .collect();
    assert_eq!(
        layers,
        [
            ("7-Zip 19.00 (x64)", digest(1)),
            ("Git", digest(2)),
            ("Microsoft .NET Framework", digest(1))
        ]
    );
}

#[test]
fn removed_and_superseded_trees_hide_what_is_below() {
    let programs = |delta: &Node<'_>| {
        let facts = image_facts(
            "10.0.20348.2655",
            &[(BASE_HIVE, hive(&base())), (DELTA_HIVE, hive(delta))],
        );
        let names: Vec<String> = facts.packages.into_iter().map(|p| p.name).collect();
        names
    };
    let mut removed = Node::default();
    removed.layered(r"Microsoft\Windows\CurrentVersion", 1);
    assert_eq!(programs(&removed), ["Microsoft .NET Framework"]);

    let mut replaced = Node::default();
    replaced
        .layered(r"Microsoft\Windows\CurrentVersion\Uninstall", 3)
        .with(
            r"Microsoft\Windows\CurrentVersion\Uninstall\New",
            vec![("DisplayName", Data::Text("New"))],
        );
    assert_eq!(programs(&replaced), ["Microsoft .NET Framework", "New"]);

    let mut local = Node::default();
    local
        .layered(PROGRAM, 2)
        .with(PROGRAM, vec![("Publisher", Data::Text("?"))]);
    assert_eq!(programs(&local), ["Microsoft .NET Framework"]);
}

#[test]
fn a_whole_hive_under_a_deltas_name_erases_nothing_and_owns_only_what_it_changes() {
    let mut other = base();
    other.with(
        r"Microsoft\Windows\CurrentVersion\Uninstall\Added",
        vec![("DisplayName", Data::Text("Added"))],
    );
    let mut bottom = base();
    bottom.with(
        r"Microsoft\Windows\CurrentVersion\Uninstall\Below",
        vec![("DisplayName", Data::Text("Below"))],
    );
    let facts = image_facts(
        "10.0.20348.2655",
        &[(BASE_HIVE, hive(&bottom)), (DELTA_HIVE, hive(&other))],
    );
    let layers: Vec<_> = facts
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.layer.clone().unwrap()))
        .collect();
    assert_eq!(
        layers,
        [
            ("7-Zip 19.00 (x64)", digest(1)),
            ("Added", digest(2)),
            ("Below", digest(1)),
            ("Microsoft .NET Framework", digest(1))
        ]
    );
}

#[test]
fn a_layer_that_has_its_hive_twice_is_read_once() {
    let (bytes, layer) = (hive(&base()), digest(1));
    let (form, keys, _) = read(MACHINE_HIVE, &bytes);
    let (_, linked, _) = read(BASE_HIVE, &bytes);
    let hives = [
        LayerHive {
            layer: &layer,
            path: BASE_HIVE,
            form,
            keys: &linked,
        },
        LayerHive {
            layer: &layer,
            path: MACHINE_HIVE,
            form,
            keys: &keys,
        },
    ];
    assert_eq!(merge_hives(&hives, None).packages.len(), 2);
    assert_eq!(merge_hives(&hives, None), merge_hives(&hives[..1], None));
}

#[test]
fn the_images_version_wins_over_its_registry_and_says_so() {
    let facts = image_facts("10.0.20348.2700", &[(BASE_HIVE, hive(&base()))]);
    assert_eq!(facts.os.unwrap().windows.unwrap().ubr, Some(2700));
    assert_eq!(facts.gaps.len(), 1);
    assert_eq!(facts.gaps[0].reason, GapReason::Disagreement);
    assert!(
        facts.gaps[0].detail.contains("20348.2655"),
        "{}",
        facts.gaps[0].detail
    );

    let only_version = merge_hives(&[], Some(&image("10.0.17763.6293")));
    let os = only_version.os.unwrap();
    assert_eq!(os.pretty_name.as_deref(), Some("Windows Server 2019"));
    assert!(!os.windows.unwrap().updates_complete);
    assert_eq!(merge_hives(&[], Some(&image("nonsense"))).os, None);
    assert_eq!(merge_hives(&[], None).os, None);
}

#[test]
fn a_missing_revision_is_taken_from_the_newest_cumulative_update() {
    let mut root = base();
    root.at(wanted::CURRENT_VERSION)
        .values
        .retain(|(name, _)| *name != "UBR");
    let facts = image_facts("10.0.20348", &[(BASE_HIVE, hive(&root))]);
    assert_eq!(facts.os.unwrap().windows.unwrap().ubr, Some(2655));
}

#[test]
fn versions_of_images_parse() {
    assert_eq!(
        parse_os_version("10.0.20348.2700"),
        Some((20348, Some(2700)))
    );
    assert_eq!(parse_os_version("10.0.20348"), Some((20348, None)));
    for bad in [
        "",
        "10.0",
        "10.0.x.1",
        "10.0.1.2.3",
        "10.0.99999999999.1",
        "10.0.1.-2",
    ] {
        assert_eq!(parse_os_version(bad), None, "{bad}");
    }
}

#[test]
fn damage_is_said_and_the_rest_is_read() {
    let good = hive(&base());
    let gaps_of = |bytes: &[u8]| hive_evidence(MACHINE_HIVE, bytes).unwrap().gaps;
    let mut dirty = good.clone();
    dirty[4] = 8;
    seal(&mut dirty);
    assert_eq!(gaps_of(&dirty)[0].reason, GapReason::UnsupportedFormat);
    let mut changed = good.clone();
    changed[100] ^= 1;
    assert_eq!(gaps_of(&changed)[0].reason, GapReason::Corrupt);

    for (bytes, reason) in [
        (&b"regf"[..], GapReason::Corrupt),
        (&[0; 5000], GapReason::Corrupt),
        (&good[..4096], GapReason::Corrupt),
    ] {
        assert_eq!(
            hive_evidence(MACHINE_HIVE, bytes).unwrap_err().reason(),
            reason
        );
    }
    let mut later = good.clone();
    later[20] = 2;
    assert_eq!(
        hive_evidence(MACHINE_HIVE, &later).unwrap_err().reason(),
        GapReason::UnsupportedFormat
    );
}

#[test]
fn no_damage_panics_or_hangs() {
    let good = hive(&base());
    for cut in (0..good.len()).step_by(61) {
        let _ = hive_evidence(MACHINE_HIVE, &good[..cut]);
    }
    // A fixed sequence of pseudo-random damage (xorshift), also of whole words.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..3000 {
        let mut bytes = good.clone();
        for _ in 0..4 {
            let at = 4096 + usize::try_from(next() % 4000).unwrap();
            let word = [0, u32::MAX, 0x20, u32::try_from(next() % 5000).unwrap()]
                [usize::try_from(next() % 4).unwrap()];
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        let _ = hive_evidence(MACHINE_HIVE, &bytes);
    }
}

#[test]
fn a_list_that_contains_itself_ends() {
    let mut bytes = hive(&base());
    // Every list of lists now lists itself.
    let lists: Vec<usize> = (4096..bytes.len() - 8)
        .filter(|&at| &bytes[at..at + 2] == b"ri")
        .collect();
    assert!(!lists.is_empty());
    for at in lists {
        let own = u32::try_from(at - 4096 - 4).unwrap().to_le_bytes();
        bytes[at + 4..at + 8].copy_from_slice(&own);
    }
    let gaps = hive_evidence(MACHINE_HIVE, &bytes).unwrap().gaps;
    assert!(
        gaps.iter().any(|gap| gap.reason == GapReason::Corrupt),
        "{gaps:?}"
    );
}
