use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// What a file lists, one `name version origin` a line, and its gaps.
fn read(path: &str, bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), AnalyzerError> {
    assert!(LockFiles.wants(path), "{path}");
    let analysis = LockFiles.analyze(path, &mut Content::from(bytes))?;
    let [Evidence::Packages { packages, .. }] = &analysis.evidence[..] else {
        panic!("one list of packages is wanted");
    };
    let lines = packages
        .iter()
        .map(|package| {
            assert!(package.purl.starts_with("pkg:"), "{package:?}");
            assert_eq!(package.path, path);
            let mark = match package.origin {
                PackageOrigin::Development => " (development)",
                _ => "",
            };
            format!("{} {}{mark}", package.name, package.version)
        })
        .collect();
    let gaps = analysis.gaps.into_iter().map(|gap| gap.detail).collect();
    Ok((lines, gaps))
}

#[rstest]
#[case::npm_3("package-lock.json", r#"{"lockfileVersion":3,"packages":{
    "":{"name":"app","version":"1.0.0"},
    "packages/own":{"name":"own","version":"1.0.0"},
    "node_modules/own":{"resolved":"packages/own","link":true},
    "node_modules/a":{"version":"1.0.0"},
    "node_modules/a/node_modules/@s/b":{"version":"2.0.0","dev":true},
    "node_modules/alias":{"name":"real","version":"3.0.0"}}}"#,
    &["a 1.0.0", "@s/b 2.0.0 (development)", "real 3.0.0"], 0)]
#[case::npm_optional("package-lock.json", r#"{"lockfileVersion":3,"packages":{
    "node_modules/a":{"version":"1.0.0","devOptional":true},
    "node_modules/b":{"version":"2.0.0","dev":true}}}"#,
    &["a 1.0.0", "b 2.0.0 (development)"], 0)]
#[case::npm_1("npm-shrinkwrap.json", r#"{"lockfileVersion":1,"dependencies":{
    "a":{"version":"1.0.0","dependencies":{"b":{"version":"2.0.0","dev":true}}},
    "own":{"version":"file:own"},
    "git":{"version":"git+https://x/y#abc"},
    "alias":{"version":"npm:@s/real@3.0.0"}}}"#,
    &["a 1.0.0", "b 2.0.0 (development)", "@s/real 3.0.0"], 1)]
#[case::yarn_1("yarn.lock", "# yarn lockfile v1\n\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\n  version \"1.1.0\"\n  dependencies:\n    version \"9\"\n\nb@~2.0.0:\n  version \"2.0.5\"\n",
    &["@s/a 1.1.0", "b 2.0.5"], 0)]
#[case::yarn_berry("yarn.lock", "__metadata:\n  version: 6\n\n\"@s/a@npm:^1.0.0\":\n  version: 1.1.0\n  resolution: \"@s/a@npm:1.1.0\"\n\n\"alias@npm:real@2\":\n  version: 2.0.0\n  resolution: \"real@npm:2.0.0\"\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n",
    &["@s/a 1.1.0", "real 2.0.0"], 0)]
#[case::pnpm_5("pnpm-lock.yaml", "lockfileVersion: 5.4\npackages:\n  /@s/a/1.0.0_peer@2.0.0:\n    dev: false\n  /b/2.0.0:\n    dev: true\n  github.com/x/y/abc:\n    name: yy\n    version: 3.0.0\n",
    &["@s/a 1.0.0", "b 2.0.0 (development)", "yy 3.0.0"], 0)]
#[case::pnpm_6("pnpm-lock.yaml", "lockfileVersion: '6.0'\npackages:\n  /@s/a@1.0.0(peer@2.0.0):\n    dev: false\n  /b@2.0.0:\n    dev: true\n",
    &["@s/a 1.0.0", "b 2.0.0 (development)"], 0)]
#[case::pnpm_9("pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: ^1, version: 1.0.0(p@1.0.0)}\n    devDependencies:\n      d: {specifier: ^1, version: 4.0.0}\npackages:\n  a@1.0.0: {}\n  b@2.0.0: {}\n  d@4.0.0: {}\nsnapshots:\n  a@1.0.0(p@1.0.0):\n    dependencies:\n      b: 2.0.0\n  b@2.0.0: {}\n  d@4.0.0:\n    dependencies:\n      b: 2.0.0\n",
    &["a 1.0.0", "b 2.0.0", "d 4.0.0 (development)"], 0)]
#[case::bun("bun.lock", "{\n  // text\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\"\": {\"dependencies\": {\"a\": \"1\"}, \"devDependencies\": {\"@s/d\": \"1\"},},},\n  \"packages\": {\n    \"a\": [\"a@1.0.0\", \"\", { \"dependencies\": { \"b\": \"~2\" } }, \"sha512-//,]\"],\n    \"a/b\": [\"b@2.0.0\", \"\", {}, \"x\"],\n    \"b\": [\"b@3.0.0\", \"\", {}, \"x\"],\n    \"@s/d\": [\"@s/d@4.0.0\", \"\", {}, \"x\"],\n  }\n}\n",
    &["a 1.0.0", "b 2.0.0", "b 3.0.0 (development)", "@s/d 4.0.0 (development)"], 0)]
#[case::poetry("poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1.0\"\ncategory = \"main\"\n[[package]]\nname = \"b\"\nversion = \"2.0\"\ngroups = [\"dev\"]\n[[package]]\nname = \"c\"\nversion = \"3.0\"\ngroups = [\"dev\", \"main\"]\n[[package]]\nname = \"d\"\nversion = \"4\"\ncategory = \"dev\"\n[metadata]\nlock-version = \"2.1\"\n",
    &["a 1.0", "b 2.0 (development)", "c 3.0", "d 4 (development)"], 0)]
#[case::poetry_groups("poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"deploy\"]\n[[package]]\nname = \"b\"\nversion = \"2\"\ngroups = [\"test\", \"docs\"]\n[metadata]\nlock-version = \"2.1\"\n",
    &["a 1", "b 2 (development)"], 0)]
#[case::uv_groups("uv.lock", "version = 1\n[[package]]\nname = \"app\"\nversion = \"0\"\nsource = { virtual = \".\" }\n[package.dev-dependencies]\ndev = [{ name = \"a\" }]\ndeploy = [{ name = \"b\" }]\n[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"b\"\nversion = \"2\"\n",
    &["a 1 (development)", "b 2"], 0)]
#[case::pylock_groups("pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nmarker = \"'deploy' in dependency_groups\"\n[[packages]]\nname = \"b\"\nversion = \"2\"\nmarker = \"'dev' in dependency_groups or 'web' in extras\"\n[[packages]]\nname = \"c\"\nversion = \"3\"\nmarker = \"('dev' in dependency_groups or \\\"test\\\" in dependency_groups) and python_version > '3'\"\n",
    &["a 1", "b 2", "c 3 (development)"], 0)]
#[case::pipfile_categories("Pipfile.lock", r#"{"_meta":{},"default":{},"docs":{"a":{"version":"==1"}},"workers":{"b":{"version":"==2"}}}"#,
    &["a 1 (development)", "b 2"], 0)]
#[case::uv("uv.lock", "version = 1\n[[package]]\nname = \"app\"\nversion = \"0\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"a\" }]\n[package.optional-dependencies]\nx = [{ name = \"c\" }]\n[package.dev-dependencies]\ndev = [{ name = \"b\" }]\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"r\" }\n[[package]]\nname = \"b\"\nversion = \"2\"\n[[package]]\nname = \"c\"\nversion = \"3\"\n",
    &["a 1", "b 2 (development)", "c 3"], 0)]
#[case::pdm("pdm.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"default\", \"dev\"]\ndependencies = [\"x>=1\"]\n[[package]]\nname = \"b\"\nversion = \"2\"\ngroups = [\"test\"]\n[[package]]\nname = \"c\"\nversion = \"3\"\ngroups = [\"s3\"]\n",
    &["a 1", "b 2 (development)", "c 3"], 0)]
#[case::pylock("pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\n[[packages]]\nname = \"own\"\ndirectory = {path = \".\"}\n[[packages]]\nname = \"b\"\nversion = \"2\"\nmarker = \"'dev' in dependency_groups\"\n[[packages]]\nname = \"c\"\nvcs = {type = \"git\"}\n",
    &["a 1", "b 2 (development)"], 1)]
#[case::pipfile("Pipfile.lock", r#"{"_meta":{"hash":{"sha256":"x"},"pipfile-spec":6},"default":{"a":{"version":"==1.0"},"own":{"editable":true,"path":"."}},"develop":{"b":{"version":"==2.0"},"g":{"git":"https://x"}}}"#,
    &["a 1.0", "b 2.0 (development)"], 1)]
#[case::requirements("app/requirements.txt", "# all\na==1.0 # why\n-r other.txt\n--hash=x\nB[x,y] == 2.0 ; python_version < \"3\"\nc>=3\nd==4.*\ne==5.0 \\\n    --hash=sha256:x \\\n    --hash=sha256:y\nf @ https://x/f.whl#sha=1\n-e git+https://x#egg=g\n-e .\n",
    &["a 1.0", "B 2.0", "e 5.0"], 5)]
#[case::requirements_in_a_folder("app/requirements/prod.txt", "-r base.txt\n-r ../requirements-x.txt\na==1.0\n", &["a 1.0"], 0)]
#[case::requirements_elsewhere("requirements.txt", "-r requirements/base.txt\n-rbase.txt\n--requirement=deps/x.txt\n-c constraints.txt\n-r ../requirements.txt\n-r https://x/requirements.txt\n-c requirements-lock.txt\n", &[], 5)]
#[case::requirements_folder_dev("requirements/dev.txt", "a==1.0\n", &["a 1.0 (development)"], 0)]
#[case::requirements_dev("requirements-dev.txt", "a==1.0\n", &["a 1.0 (development)"], 0)]
#[case::nuget_lock("packages.lock.json", r#"{"version":1,"dependencies":{"net6.0":{"A":{"type":"Direct","resolved":"1.0.0"},"Own":{"type":"Project"}},"net8.0":{"A":{"type":"Transitive","resolved":"1.0.0"}}}}"#,
    &["A 1.0.0"], 0)]
#[case::nuget_config("web/packages.config", "<?xml version=\"1.0\"?><packages>\n<package id=\"A\" version=\"1.0.0\" targetFramework=\"net48\" /><package id=\"B\" version=\"2.0.0\" developmentDependency=\"true\"/><package id=\"C\"/></packages>",
    &["A 1.0.0", "B 2.0.0 (development)"], 1)]
#[case::nuget_central("Directory.Packages.props", "<Project><ItemGroup><PackageVersion Include=\"A\" Version=\"[1.0.0]\"/><PackageVersion Include=\"B\" Version=\"$(V)\"/></ItemGroup></Project>",
    &["A 1.0.0"], 1)]
#[case::gradle("gradle.lockfile", "# comment\ng:a:1.0=compileClasspath,runtimeClasspath\ng:b:2.0=testCompileClasspath,testRuntimeClasspath\nempty=annotationProcessor\nnonsense\n",
    &["g:a 1.0", "g:b 2.0 (development)"], 1)]
#[case::gradle_words("gradle.lockfile", "g:a:1.0=latestRuntimeClasspath\ng:b:2.0=debugUnitTestCompileClasspath,jvmTest\ng:c:3=attestation\ng:d:4=testedApi\n",
    &["g:a 1.0", "g:b 2.0 (development)", "g:c 3", "g:d 4"], 0)]
#[case::sbt("build.sbt.lock", r#"{"lockVersion":1,"dependencies":[{"org":"g","name":"a","version":"1","configurations":["compile","test"]},{"org":"g","name":"b","version":"2","configurations":["test"]},{"org":"g"}]}"#,
    &["g:a 1", "g:b 2 (development)"], 1)]
#[case::pom("pom.xml", "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><groupId>x</groupId><artifactId>app</artifactId><version>1</version><properties><v>2.${w}</v><w>7</w></properties>\
    <dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>m</artifactId><version>3</version></dependency></dependencies></dependencyManagement>\
    <dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version><exclusions><exclusion><groupId>no</groupId></exclusion></exclusions></dependency>\
    <dependency><groupId>g</groupId><artifactId>m</artifactId></dependency>\
    <dependency><groupId>g</groupId><artifactId>t</artifactId><version>4</version><scope>test</scope></dependency>\
    <dependency><groupId>g</groupId><artifactId>s</artifactId><version>5</version><scope>system</scope></dependency>\
    <dependency><groupId>g</groupId><artifactId>open</artifactId><version>[1,2)</version></dependency></dependencies></project>",
    &["g:a 2.7", "g:m 3", "g:t 4 (development)", "g:s 5"], 2)]
#[case::go_mod("go.mod", "module x/y\n\ngo 1.21\n\nrequire a/b v1.0.0\nrequire (\n\tc/d v2.0.0+incompatible // indirect\n\te/f v3.0.0\n\tg/h v4.0.0\n)\n\nreplace e/f => ../f\nreplace (\n\tg/h v4.0.0 => i/j v5.0.0\n)\nexclude k/l v1.0.0\n",
    &["a/b v1.0.0", "c/d v2.0.0+incompatible", "i/j v5.0.0"], 0)]
#[case::go_sum("go.sum", "a/b v1.9.0 h1:x=\na/b v1.10.0 h1:x=\na/b v1.10.0-rc.1 h1:x=\na/b v2.0.0/go.mod h1:x=\nnonsense\n",
    &["a/b v1.10.0"], 1)]
#[case::cargo("Cargo.lock", "version = 3\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    &["a 1.0.0"], 0)]
#[case::gemfile("Gemfile.lock", "PATH\n  remote: .\n  specs:\n    own (0.1)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    a (1.0.0)\n      b (>= 1)\n    b (2.0.0-x86_64-linux)\n\nDEPENDENCIES\n  a\n  own!\n\nBUNDLED WITH\n   2.4\n",
    &["a 1.0.0", "b 2.0.0"], 0)]
#[case::composer("composer.lock", r#"{"packages":[{"name":"v/a","version":"v1.0"},{"name":"v/x","version":"dev-main"}],"packages-dev":[{"name":"v/b","version":"2.0"}]}"#,
    &["v/a v1.0", "v/b 2.0 (development)"], 1)]
#[case::conan_1("conan.lock", r#"{"graph_lock":{"nodes":{"0":{"ref":"app/1","requires":["1"]},"1":{"ref":"a/1.0@u/c#r","context":"host"},"2":{"ref":"cmake/3","context":"build"}}}}"#,
    &["a 1.0", "cmake 3 (development)"], 0)]
#[case::conan_2("conan.lock", r#"{"version":"0.5","requires":["a/1.0#r%123"],"build_requires":["b/2.0#r"]}"#,
    &["a 1.0", "b 2.0 (development)"], 0)]
#[case::pubspec("pubspec.lock", "packages:\n  a:\n    dependency: \"direct main\"\n    source: hosted\n    version: \"1.0.0\"\n  b:\n    dependency: \"direct dev\"\n    source: hosted\n    version: \"2.0.0\"\n  flutter:\n    source: sdk\n    version: \"0.0.0\"\n",
    &["a 1.0.0", "b 2.0.0 (development)"], 0)]
#[case::mix("mix.lock", "%{\n  \"alias\": {:hex, :a, \"1.0.0\", \"x\", [:mix], [{:b, \"~> 1\", [hex: :b]}], \"hexpm\", \"y\"},\n  \"g\": {:git, \"https://x\", \"abc\", []},\n}\n",
    &["a 1.0.0"], 1)]
#[case::swift_1("Package.resolved", r#"{"object":{"pins":[{"package":"a","repositoryURL":"https://github.com/x/a.git","state":{"branch":null,"version":"1.0.0"}}]},"version":1}"#,
    &["github.com/x/a 1.0.0"], 0)]
#[case::swift_2("Package.resolved", r#"{"pins":[{"identity":"a","kind":"remoteSourceControl","location":"git@github.com:x/a.git","state":{"version":"1.0.0"}},{"identity":"b","location":"https://github.com/x/b","state":{"branch":"main"}}],"version":2}"#,
    &["github.com/x/a 1.0.0"], 1)]
#[case::cocoapods("Podfile.lock", "PODS:\n  - A (1.0):\n    - A/Core (= 1.0)\n  - A/Core (1.0)\n  - \"B+C (2.0)\"\n\nDEPENDENCIES:\n  - A (~> 1)\n\nCOCOAPODS: 1.12.1\n",
    &["A 1.0", "A/Core 1.0", "B+C 2.0"], 0)]
#[case::conda("environment.yml", "dependencies:\n  - conda-forge::a=1.0=h1_0\n  - b==2.0\n  - c\n  - d>=3\n  - pip:\n      - e==4.0\n      - f\n",
    &["a 1.0", "b 2.0", "e 4.0"], 3)]
#[case::julia("Manifest.toml", "julia_version = \"1.9.0\"\nmanifest_format = \"2.0\"\n[[deps.A]]\nuuid = \"u\"\nversion = \"1.0.0\"\n[[deps.Std]]\nuuid = \"v\"\n",
    &["A 1.0.0"], 0)]
fn what_a_lock_file_says_is_listed(
    #[case] path: &str,
    #[case] text: &str,
    #[case] expected: &[&str],
    #[case] gaps: usize,
) {
    let (found, said) = read(path, text.as_bytes()).unwrap();
    assert_eq!(found, expected);
    assert_eq!(said.len(), gaps, "{said:#?}");
}

#[test]
fn names_of_other_files_and_other_peoples_packages_are_left_alone() {
    for path in [
        "app/node_modules/x/package-lock.json",
        "usr/lib/python3/site-packages/x/requirements.txt",
        "root/go/pkg/mod/x@v1/go.mod",
        "root/.cargo/registry/src/x/a-1.0/Cargo.lock",
        "notes.txt",
        "my-requirements.md",
        "app/package.json",
    ] {
        assert!(!LockFiles.wants(path), "{path}");
    }
    for path in [
        "requirements.txt",
        "requirements-prod.txt",
        "dev-requirements.txt",
        "requirements_lock.txt",
        "a/pylock.prod.toml",
        "a/PACKAGES.config",
    ] {
        assert!(LockFiles.wants(path), "{path}");
    }
}

#[test]
fn what_is_no_lock_file_is_said_and_never_an_empty_list() {
    for (path, text) in [
        ("package-lock.json", "{\"packages\":"),
        ("yarn.lock", "nonsense"),
        ("poetry.lock", "[[package"),
        ("pylock.toml", "lock-version = \"2.0\""),
        ("pom.xml", "<project><artifactId>x"),
        ("pom.xml", "<html></html>"),
        ("go.mod", "nonsense"),
        ("Gemfile.lock", "   nonsense"),
        ("mix.lock", "nonsense"),
        ("packages.config", "not xml"),
    ] {
        assert!(read(path, text.as_bytes()).is_err(), "{path}");
    }
}

#[test]
fn a_module_before_go_1_17_is_told_from_later_ones() {
    let name = |text: &str| {
        let mut content = Content::from(text.as_bytes());
        let analysis = LockFiles.analyze("go.mod", &mut content).unwrap();
        match &analysis.evidence[0] {
            Evidence::Packages { analyzer, .. } => analyzer.clone(),
            _ => panic!("packages are wanted"),
        }
    };
    assert_eq!(name("module x\ngo 1.16\n"), GO_MOD_UNPRUNED);
    assert_eq!(name("module x\n"), GO_MOD_UNPRUNED);
    assert_eq!(name("module x\ngo 1.17\n"), "go-mod");
    assert_eq!(name("module x\ngo 1.22.3\n"), "go-mod");
}

/// What is of no real size is refused to cost more than its size: one name many times, and places within places.
#[test]
fn names_that_repeat_cost_no_more_than_their_number() {
    let mut uv = String::from(
        "version = 1\n[[package]]\nname = \"app\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"a\" }]\n",
    );
    for index in 0..3_000 {
        uv.push_str(&format!("[[package]]\nname = \"a\"\nversion = \"{index}\"\ndependencies = [{{ name = \"a\" }}, {{ name = \"b\" }}]\n"));
    }
    let (found, _) = read("uv.lock", uv.as_bytes()).unwrap();
    assert_eq!(found.len(), 3_000);
    assert!(found.iter().all(|line| !line.contains("development")));
    let deep = "a/".repeat(400);
    let names: Vec<String> = (0..14_000)
        .map(|index| format!("\"n{index}\":\"1\""))
        .collect();
    let bun = format!(
        "{{\"workspaces\":{{\"\":{{\"dependencies\":{{\"{deep}x\":\"1\"}}}}}},\"packages\":{{\"{deep}x\":[\"x@1.0.0\",\"\",{{\"dependencies\":{{{}}}}}],\"d\":[\"d@1.0.0\"]}}}}",
        names.join(",")
    );
    // Too long to tell: then nothing is taken for development.
    let (found, _) = read("bun.lock", bun.as_bytes()).unwrap();
    assert_eq!(found, ["x 1.0.0", "d 1.0.0"]);
}

/// A monorepo's lock file has tens of thousands of packages; whole and quickly is what counts.
#[test]
fn large_files_are_read_whole() {
    let mut text = String::from("lockfileVersion: '6.0'\npackages:\n");
    for index in 0..4_000 {
        text.push_str(&format!(
            "  /p{index}@1.0.0:\n    resolution: {{integrity: sha512-x}}\n    engines: {{node: '>=6'}}\n    dependencies:\n      a: 1.0.0\n      b: 1.0.0\n    dev: false\n"
        ));
    }
    let (found, gaps) = read("pnpm-lock.yaml", text.as_bytes()).unwrap();
    assert_eq!((found.len(), gaps.len()), (4_000, 0));
}

const PATHS: &[&str] = &[
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "pylock.toml",
    "Pipfile.lock",
    "requirements.txt",
    "packages.lock.json",
    "packages.config",
    "Directory.Packages.props",
    "gradle.lockfile",
    "build.sbt.lock",
    "pom.xml",
    "go.mod",
    "go.sum",
    "Cargo.lock",
    "Gemfile.lock",
    "composer.lock",
    "conan.lock",
    "pubspec.lock",
    "mix.lock",
    "Package.resolved",
    "Podfile.lock",
    "environment.yml",
    "Manifest.toml",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for path in PATHS {
            let _ = LockFiles.analyze(path, &mut Content::from(&bytes[..]));
        }
    }

    #[test]
    fn arbitrary_words_never_panic(text in "([ \n:@/\"'{}\\[\\](),=#-]|a|ß|1\\.0|npm:|packages|PODS:|GEM|specs:|version|replace|=>|go|\\$\\{a\\}|==|<|>|\\\\){0,60}") {
        for path in PATHS {
            let _ = LockFiles.analyze(path, &mut Content::from(text.as_bytes()));
        }
    }
}
