//! Executables made in code, and real ones where their tools are on the machine.

use std::{io::Write as _, process::Command};

use proptest::prelude::*;
use schemas::inventory::PackageKind;

use super::*;

/// A 64-bit ELF file with these sections, the first of them also a writable segment at address 0x1000.
pub(crate) fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = b"\0".to_vec();
    let mut body = Vec::new();
    let mut headers = vec![0; 64];
    let base = 64 + 56;
    let mut put = |name: &str, bytes: &[u8], names: &mut Vec<u8>, body: &mut Vec<u8>| {
        let mut header = [0; 64];
        header[..4].copy_from_slice(&u32::try_from(names.len()).unwrap().to_le_bytes());
        header[4] = 1;
        header[24..32].copy_from_slice(&((base + body.len()) as u64).to_le_bytes());
        header[32..40].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        body.extend_from_slice(bytes);
        body.resize(body.len().next_multiple_of(16) + 8, 0);
        headers.extend_from_slice(&header);
    };
    for (name, bytes) in sections {
        put(name, bytes, &mut names, &mut body);
    }
    let mut strings = names.clone();
    strings.extend_from_slice(b".shstrtab\0");
    put(".shstrtab", &strings, &mut names, &mut body);
    let mut file = vec![0; 64];
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    file[16] = 2;
    file[32..40].copy_from_slice(&64_u64.to_le_bytes());
    file[40..48].copy_from_slice(&((base + body.len()) as u64).to_le_bytes());
    for (at, value) in [
        (54, 56_u16),
        (56, 1),
        (58, 64),
        (60, u16::try_from(headers.len() / 64).unwrap()),
        (62, u16::try_from(headers.len() / 64 - 1).unwrap()),
    ] {
        file[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    let mut segment = [0; 56];
    segment[0] = 1;
    segment[4] = 6;
    segment[8..16].copy_from_slice(&(base as u64).to_le_bytes());
    segment[16..24].copy_from_slice(&0x1000_u64.to_le_bytes());
    let first = sections.first().map_or(0, |(_, bytes)| bytes.len() as u64);
    segment[32..40].copy_from_slice(&first.to_le_bytes());
    file.extend_from_slice(&segment);
    file.extend_from_slice(&body);
    file.extend_from_slice(&headers);
    file.resize(file.len().max(8 << 10), 0);
    file
}

/// A 64-bit PE file with these sections, at addresses of 0x1000, 0x2000 and so on.
pub(crate) fn pe(sections: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; 1024];
    file[..2].copy_from_slice(b"MZ");
    file[0x3c] = 0x40;
    file[0x40..0x44].copy_from_slice(b"PE\0\0");
    file[0x44 + 2] = u8::try_from(sections.len()).unwrap();
    file[0x44 + 16] = 112;
    file[0x44 + 20..0x44 + 22].copy_from_slice(&0x20b_u16.to_le_bytes());
    file[0x44 + 44..0x44 + 52].copy_from_slice(&0x1_4000_0000_u64.to_le_bytes());
    for (index, (name, flags, bytes)) in sections.iter().enumerate() {
        let at = 0x44 + 20 + 112 + index * 40;
        file[at..at + name.len()].copy_from_slice(name.as_bytes());
        let size = u32::try_from(bytes.len()).unwrap();
        let offset = u32::try_from(file.len()).unwrap();
        let address = u32::try_from(index + 1).unwrap() * 0x1000;
        for (field, value) in [
            (8, size),
            (12, address),
            (16, size),
            (20, offset),
            (36, *flags),
        ] {
            file[at + field..at + field + 4].copy_from_slice(&value.to_le_bytes());
        }
        file.extend_from_slice(bytes);
    }
    file.resize(file.len().max(8 << 10), 0);
    file
}

fn version_block(key: &str, is_text: bool, value: &[u8], children: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 6];
    block.extend(key.encode_utf16().flat_map(u16::to_le_bytes));
    block.extend([0, 0]);
    block.resize(block.len().next_multiple_of(4), 0);
    block.extend_from_slice(value);
    block.resize(block.len().next_multiple_of(4), 0);
    block.extend_from_slice(children);
    let length = u16::try_from(block.len()).unwrap();
    let value_length = u16::try_from(if is_text {
        value.len() / 2
    } else {
        value.len()
    })
    .unwrap();
    block[..2].copy_from_slice(&length.to_le_bytes());
    block[2..4].copy_from_slice(&value_length.to_le_bytes());
    block[4] = u8::from(is_text);
    block.resize(block.len().next_multiple_of(4), 0);
    block
}

/// The resources of a file of this version, product and company, for a section at address 0x1000.
pub(crate) fn resources(version: [u16; 4], product: &str, company: &str) -> Vec<u8> {
    let text = |text: &str| -> Vec<u8> {
        text.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect()
    };
    let strings = [
        ("CompanyName", company),
        ("ProductName", product),
        ("ProductVersion", "x"),
    ]
    .map(|(key, value)| version_block(key, true, &text(value), &[]))
    .concat();
    let table = version_block("040904b0", true, &[], &strings);
    let info = version_block("StringFileInfo", true, &[], &table);
    let mut fixed = vec![0; 52];
    fixed[..4].copy_from_slice(&0xfeef_04bd_u32.to_le_bytes());
    for (at, number) in [
        (10, version[0]),
        (8, version[1]),
        (14, version[2]),
        (12, version[3]),
    ] {
        fixed[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    let version = version_block("VS_VERSION_INFO", false, &fixed, &info);
    let mut section = Vec::new();
    for (id, below) in [
        (16_u32, 0x8000_0000_u32 + 24),
        (1, 0x8000_0000 + 48),
        (1033, 72),
    ] {
        let mut directory = [0; 24];
        directory[14] = 1;
        directory[16..20].copy_from_slice(&id.to_le_bytes());
        directory[20..24].copy_from_slice(&below.to_le_bytes());
        section.extend_from_slice(&directory);
    }
    for number in [0x1000 + 88, u32::try_from(version.len()).unwrap(), 0, 0] {
        section.extend_from_slice(&number.to_le_bytes());
    }
    section.extend_from_slice(&version);
    section
}

fn analyze(path: &str, bytes: &[u8]) -> Analysis {
    Executable.analyze(path, &mut Content::from(bytes)).unwrap()
}

fn purls(analysis: &Analysis) -> Vec<&str> {
    assert!(analysis.gaps.is_empty(), "{:?}", analysis.gaps);
    analysis
        .evidence
        .iter()
        .flat_map(|evidence| match evidence {
            Evidence::Packages { packages, .. } => packages.iter().map(|p| p.purl.as_str()),
            other => panic!("packages are wanted, not {other:?}"),
        })
        .collect()
}

const MODULES: &str =
    "path\tx\nmod\texample.org/x\tv1.2.3\th1:a\ndep\tgolang.org/x/net\tv0.7.0\th1:b\n";
const OF_MODULES: [&str; 3] = [
    "pkg:golang/stdlib@1.20.1",
    "pkg:golang/example.org/x@v1.2.3",
    "pkg:golang/golang.org/x/net@v0.7.0",
];

fn marked() -> Vec<u8> {
    [&[7; 16][..], MODULES.as_bytes(), &[9; 16]].concat()
}

pub(crate) fn inline_info() -> Vec<u8> {
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    info.extend_from_slice(b"\x08go1.20.1");
    let modules = marked();
    let length = u8::try_from(modules.len()).unwrap();
    info.extend([length & 0x7f | 0x80, length >> 7]);
    info.extend(modules);
    info
}

/// The form with addresses, for a segment at this address.
fn pointed_info(base: u64) -> Vec<u8> {
    let mut info = b"\xff Go buildinf:\x08\x00".to_vec();
    let modules = marked();
    for word in [
        base + 32,
        base + 48,
        base + 64,
        8,
        base + 72,
        modules.len() as u64,
    ] {
        info.extend(word.to_le_bytes());
    }
    info.extend_from_slice(b"go1.20.1");
    info.extend(modules);
    info
}

#[test]
fn go_says_its_modules_in_both_forms_and_all_formats() {
    let writable = 0xc000_0040;
    for (what, file) in [
        ("inline ELF", elf(&[(".go.buildinfo", &inline_info())])),
        (
            "ELF without the section's name",
            elf(&[(".data", &inline_info())]),
        ),
        (
            "older ELF",
            elf(&[(".go.buildinfo", &pointed_info(0x1000))]),
        ),
        ("PE", pe(&[(".data", writable, &inline_info())])),
        (
            "older PE",
            pe(&[(".data", writable, &pointed_info(0x1_4000_1000))]),
        ),
    ] {
        assert_eq!(purls(&analyze("app", &file)), OF_MODULES, "{what}");
    }
    let broken = elf(&[(".go.buildinfo", &pointed_info(0x9000))]);
    let analysis = analyze("app", &broken);
    assert!(analysis.evidence.is_empty());
    assert_eq!(analysis.gaps[0].reason, GapReason::Corrupt);
    assert!(purls(&analyze("app", &elf(&[(".data", b"nothing of Go")]))).is_empty());
}

fn deflated(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn auditable_rust_says_its_crates_but_not_what_only_built_it() {
    let list = deflated(
        r#"{"packages":[
        {"name":"app","version":"0.1.0","source":"local","root":true,"dependencies":[1]},
        {"name":"time","version":"0.1.43","source":"crates.io"},
        {"name":"utils","version":"0.1.0","source":"local"},
        {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"}],"format":1}"#,
    );
    let found = ["pkg:cargo/app@0.1.0", "pkg:cargo/time@0.1.43"];
    assert_eq!(purls(&analyze("app", &elf(&[(".dep-v0", &list)]))), found);
    assert_eq!(
        purls(&analyze("app.exe", &pe(&[(".dep-v0", 0, &list)]))),
        found
    );
    let bomb = deflated(&" ".repeat(20 << 20));
    let analysis = analyze("app", &elf(&[(".dep-v0", &bomb)]));
    assert_eq!(analysis.gaps[0].reason, GapReason::LimitExceeded);
    let analysis = analyze("app", &elf(&[(".dep-v0", b"no zlib")]));
    assert_eq!(analysis.gaps[0].reason, GapReason::Corrupt);
}

#[test]
fn windows_programs_say_their_product_and_the_framework_its_file_version() {
    let program = pe(&[(
        ".rsrc",
        0,
        &resources([2, 43, 0, 1], "Git for Windows", "The Git Project"),
    )]);
    assert_eq!(
        purls(&analyze("Program Files/Git/git.exe", &program)),
        ["pkg:generic/Git%20for%20Windows@2.43.0.1?vendor=The%20Git%20Project"]
    );
    let clr = "windows/microsoft.net/Framework64/v4.0.30319/clr.dll";
    let file = pe(&[(
        ".rsrc",
        0,
        &resources(
            [4, 8, 4654, 0],
            "Microsoft\u{ae} .NET Framework",
            "Microsoft Corporation",
        ),
    )]);
    assert!(Executable.wants(clr));
    let analysis = analyze(clr, &file);
    let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
        panic!("one list is wanted: {analysis:?}");
    };
    assert_eq!(packages[0].kind, PackageKind::Dotnet);
    assert_eq!(
        (packages[0].name.as_str(), packages[0].version.as_str()),
        (".NET Framework", "4.8.4654.0")
    );
    // A part of Windows in the same folder dates nothing of the Framework.
    let other = pe(&[(
        ".rsrc",
        0,
        &resources(
            [10, 0, 17763, 1],
            "Microsoft\u{ae} Windows\u{ae}",
            "Microsoft",
        ),
    )]);
    assert!(analyze(clr, &other).evidence.is_empty());
}

#[test]
fn programs_are_looked_into_and_other_files_are_not() {
    let may = |path: &str, size: u64, executable: bool| Executable.may_want(path, size, executable);
    for path in [
        "usr/local/bin/kubectl",
        "app/server-1.2",
        "node_exporter-1.5.0.linux-amd64",
    ] {
        assert!(may(path, 1 << 20, true), "{path}");
        assert!(!may(path, 1 << 20, false), "{path}");
        assert!(!may(path, 100, true), "{path}");
    }
    assert!(may("Program Files/x/X.EXE", 1 << 20, false));
    for path in [
        "Windows/System32/cmd.exe",
        "app/index.js",
        "usr/lib/libc.so.6",
        "a/x.DLL",
    ] {
        assert!(!may(path, 1 << 20, path.starts_with("app")), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn programs_of_a_folder_are_found_by_mode_and_the_framework_has_its_newest_files_version() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, bytes: &[u8], mode: u32| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let go = elf(&[(".go.buildinfo", &inline_info())]);
    put("opt/tool", &go, 0o755);
    put("opt/data", &go, 0o644);
    put("opt/script", &[b'#'; 9000], 0o755);
    for (name, build) in [("clr", 9), ("mscorlib", 4654), ("System", 4110)] {
        let file = resources(
            [4, 8, build, 0],
            "Microsoft\u{ae} .NET Framework",
            "Microsoft",
        );
        let path = format!("Windows/Microsoft.NET/Framework64/v4.0.30319/{name}.dll");
        put(&path, &pe(&[(".rsrc", 0, &file)]), 0o644);
    }
    let inventory = crate::folder::read_folder(folder.path(), &crate::Limits::default()).unwrap();
    let found: Vec<_> = inventory
        .packages
        .iter()
        .map(|package| (package.path.as_str(), package.version.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "Windows/Microsoft.NET/Framework64/v4.0.30319/mscorlib.dll",
                "4.8.4654.0"
            ),
            ("opt/tool", "v1.2.3"),
            ("opt/tool", "v0.7.0"),
            ("opt/tool", "1.20.1"),
        ]
    );
}

#[test]
fn packed_executables_are_a_gap() {
    let mut file = elf(&[(".data", b"x")]);
    file[200..204].copy_from_slice(b"UPX!");
    let analysis = analyze("app", &file);
    assert_eq!(analysis.gaps[0].reason, GapReason::UnsupportedFormat);
}

#[test]
fn real_executables_of_go_and_with_an_added_section_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    std::fs::write(
        folder.path().join("go.mod"),
        "module example.org/hello\n\ngo 1.18\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("main.go"),
        "package main\n\nfunc main() {}\n",
    )
    .unwrap();
    let built = run(Command::new("go")
        .args([
            "build",
            "-buildvcs=false",
            "-o",
            "hello",
            "-ldflags=-X main.version=1.4.2",
            ".",
        ])
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .current_dir(folder.path()));
    if built {
        let bytes = std::fs::read(folder.path().join("hello")).unwrap();
        let analysis = analyze("hello", &bytes);
        let found = purls(&analysis);
        assert!(found[0].starts_with("pkg:golang/stdlib@1."), "{found:?}");
        assert_eq!(found[1], "pkg:golang/example.org/hello@v1.4.2");
    } else {
        at_hand::missing(at_hand::Need::Peers, "no Go that builds");
    }
    let list = folder.path().join("list");
    std::fs::write(
        &list,
        deflated(r#"{"packages":[{"name":"a","version":"1.0.0","source":"crates.io"}]}"#),
    )
    .unwrap();
    let program = folder.path().join("program");
    let added = run(Command::new("objcopy")
        .arg(format!("--add-section=.dep-v0={}", list.display()))
        .arg("/bin/true")
        .arg(&program));
    if added {
        let bytes = std::fs::read(&program).unwrap();
        assert_eq!(purls(&analyze("program", &bytes)), ["pkg:cargo/a@1.0.0"]);
    } else {
        at_hand::missing(at_hand::Need::Peers, "no objcopy");
    }
}

proptest! {
    #[test]
    fn damaged_executables_never_panic(
        which in 0_usize..4,
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6),
        cut in any::<u16>(),
    ) {
        use std::sync::LazyLock;
        static FILES: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| [
            elf(&[(".go.buildinfo", &inline_info())]),
            elf(&[(".data", &pointed_info(0x1000))]),
            pe(&[(".data", 0xc000_0040, &pointed_info(0x1_4000_1000))]),
            pe(&[(".rsrc", 0, &resources([1, 2, 3, 4], "a", "b"))]),
        ]);
        let mut bytes = FILES[which].clone();
        for (at, to) in changes {
            // Headers are hit as often as all the rest.
            let at = if to % 2 == 0 { usize::from(at) % 600 } else { usize::from(at) % bytes.len() };
            bytes[at] = to;
        }
        bytes.truncate(usize::from(cut).max(64));
        let _ = Executable.analyze("x", &mut Content::from(bytes));
    }

    #[test]
    fn arbitrary_bytes_never_panic(kind in 0_usize..3, bytes in proptest::collection::vec(any::<u8>(), 60..400)) {
        let magic: [&[u8]; 3] = [b"\x7fELF\x02\x01", b"MZ", b"\xcf\xfa\xed\xfe"];
        let bytes = [magic[kind], &bytes].concat();
        let _ = Executable.analyze("x", &mut Content::from(bytes));
    }
}
