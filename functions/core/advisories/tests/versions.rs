//! Version order against lists of known answers and against the tools that define it.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use advisories::version::VersionScheme;
use at_hand::{Need, has_peer, missing};

fn sign(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
}

#[test]
fn every_list_of_known_answers() {
    let Some(folder) = at_hand::data("versions") else {
        return;
    };
    let mut wrong = Vec::new();
    for scheme in VersionScheme::ALL {
        let path = folder.join(format!("{scheme}-versions.txt"));
        // Go's order is that of semantic versions, and has no list of its own.
        if scheme == VersionScheme::Go {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut judged = 0;
        for line in text.lines() {
            if line.trim().is_empty() || line.starts_with('#') || line.starts_with("//") {
                continue;
            }
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [a, expected, b] = fields[..] else {
                panic!("{}: not `a < b`: {line}", path.display());
            };
            judged += 1;
            let (found, back) = (scheme.order(a, b), scheme.order(b, a));
            if sign(found) != expected || back != found.reverse() {
                wrong.push(format!(
                    "{scheme}: {line}: found {} and {}",
                    sign(found),
                    sign(back)
                ));
            }
        }
        println!("{scheme}: {judged} pairs");
        assert!(judged > 10, "{scheme}: only {judged} pairs");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A small generator, so that a failure is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap_or_default()
    }

    fn text(&mut self, pieces: &[&str], most: usize) -> String {
        (0..self.roll(most + 1))
            .map(|_| pieces[self.roll(pieces.len())])
            .collect()
    }
}

/// A pair that often shares a beginning.
fn pair(
    dice: &mut Dice,
    pieces: &[&str],
    make: impl Fn(&mut Dice, &str) -> String,
) -> (String, String) {
    let start = dice.text(pieces, 2);
    (make(dice, &start), make(dice, &start))
}

#[test]
fn as_dpkg_orders() {
    if !has_peer("dpkg", &["--version"]) {
        return;
    }
    let pieces = [
        "0", "1", "2", "10", "01", ".", "~", "+", "a", "b", "Z", "deb", "rc",
    ];
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..400 {
        let (a, b) = pair(&mut dice, &pieces, |dice, start| {
            let epoch = ["", "", "", "0:", "1:"][dice.roll(5)];
            let middle = ["", "", "-", ":"][dice.roll(4)];
            let middle = if middle == ":" && epoch.is_empty() {
                ""
            } else {
                middle
            };
            let revision = match dice.roll(2) {
                0 => String::new(),
                _ => format!("-{}", dice.text(&pieces, 3) + "1"),
            };
            let (first, second) = (dice.text(&pieces, 3), dice.text(&pieces, 2));
            // A hyphen within the upstream version needs a revision after it.
            let middle = if revision.is_empty() {
                middle.trim_matches('-')
            } else {
                middle
            };
            format!("{epoch}1{start}{first}{middle}{second}{revision}")
        });
        let order = VersionScheme::Debian.compare(&a, &b).unwrap();
        let relation = match order {
            Ordering::Less => "lt",
            Ordering::Equal => "eq",
            Ordering::Greater => "gt",
        };
        let status = Command::new("dpkg")
            .args(["--compare-versions", &a, relation, &b])
            .status();
        assert!(
            status.unwrap().success(),
            "dpkg denies {a} {} {b}",
            sign(order)
        );
    }
}

#[test]
fn as_rpm_orders() {
    let pieces = [
        "0", "1", "2", "10", "01", ".", "~", "^", "+", "_", "a", "b", "Z", "el", "rc",
    ];
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    let pairs: Vec<(String, String)> = (0..3000)
        .map(|_| {
            pair(&mut dice, &pieces, |dice, start| {
                let epoch = ["", "", "", "0:", "1:", "01:"][dice.roll(6)];
                let release = match dice.roll(3) {
                    0 => String::new(),
                    _ => format!("-{}", dice.text(&pieces, 3)),
                };
                format!("{epoch}{start}{}{release}", dice.text(&pieces, 4) + "1")
            })
        })
        .collect();
    // Older ones do not compare whole labels.
    match rpm_answers(&[("1:1".to_owned(), "2".to_owned())]) {
        None => return missing(Need::Peers, "no rpm that evaluates Lua"),
        Some(answers) if answers != ["1"] => {
            return missing(Need::Peers, "an rpm that does not compare labels");
        }
        Some(_) => {}
    }
    // One call takes a script of limited length.
    for some in pairs.chunks(500) {
        let answers = rpm_answers(some).unwrap();
        assert_eq!(answers.len(), some.len());
        for ((a, b), answer) in some.iter().zip(answers) {
            let found = match VersionScheme::Redhat.order(a, b) {
                Ordering::Less => "-1",
                Ordering::Equal => "0",
                Ordering::Greater => "1",
            };
            assert_eq!(found, answer, "{a} {b}");
        }
    }
}

/// What rpm says about each pair; `None` when it cannot be run or fails.
fn rpm_answers(pairs: &[(String, String)]) -> Option<Vec<String>> {
    let mut script = String::from("%{lua: ");
    for (a, b) in pairs {
        let _ = writeln!(script, "print(rpm.vercmp('{a}','{b}')..'\\n')");
    }
    script.push('}');
    let output = Command::new("rpm")
        .args(["--eval", &script])
        .output()
        .ok()?;
    let lines = String::from_utf8(output.stdout).ok()?;
    let answers = lines.lines().filter(|line| !line.is_empty());
    output
        .status
        .success()
        .then(|| answers.map(str::to_owned).collect())
}

/// The answers of a program that reads pairs from standard input and writes one sign a line; none when it cannot be
/// run.
fn answers_of(program: &mut Command, pairs: &[(String, String)]) -> Option<Vec<String>> {
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    let text: String = pairs.iter().map(|(a, b)| format!("{a} {b}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let written = writer.join().ok()?;
    let lines = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && written.is_ok()).then(|| lines.lines().map(str::to_owned).collect())
}

fn agree(scheme: VersionScheme, pairs: &[(String, String)], answers: &[String]) {
    assert_eq!(answers.len(), pairs.len());
    for ((a, b), answer) in pairs.iter().zip(answers) {
        assert_eq!(sign(scheme.order(a, b)), answer, "{a} {b}");
    }
}

#[test]
fn as_rubygems_orders() {
    let parts = [
        "0", "0", "1", "2", "10", "01", "a", "rc1", "b2", "pre", "x1y",
    ];
    let mut dice = Dice(0xA24B_AED4_963E_E407);
    let pairs: Vec<(String, String)> = (0..5000)
        .map(|_| {
            pair(&mut dice, &["0.", "1.", "a."], |dice, start| {
                let rest: Vec<&str> = (0..=dice.roll(4))
                    .map(|_| parts[dice.roll(parts.len())])
                    .collect();
                let label = ["", "", "", "-1", "-x86.2", "-0"][dice.roll(6)];
                format!("1.{start}{}{label}", rest.join("."))
            })
        })
        .collect();
    let script = "STDIN.each_line { |l| a, b = l.split; \
                  puts ['=', '>', '<'][Gem::Version.new(a) <=> Gem::Version.new(b)] }";
    match answers_of(Command::new("ruby").args(["-e", script]), &pairs) {
        Some(answers) => agree(VersionScheme::RubyGems, &pairs, &answers),
        None => missing(Need::Peers, "no ruby"),
    }
}

#[test]
fn as_php_orders() {
    let parts = [
        "0", "1", "2", "10", "01", "a", "rc1", "b2", "dev", "pl1", "RC", "alpha", "foo",
    ];
    let mut dice = Dice(0x9FB2_1C65_1E98_DF25);
    let pairs: Vec<(String, String)> = (0..5000)
        .map(|_| {
            pair(&mut dice, &["0.", "1-", "a"], |dice, start| {
                let rest: Vec<&str> = (0..=dice.roll(4))
                    .map(|_| parts[dice.roll(parts.len())])
                    .collect();
                let label = ["", "", "-dev", "+x", "_p3", "-patch2"][dice.roll(6)];
                format!("1.{start}{}{label}", rest.join("."))
            })
        })
        .collect();
    let script = "while (($l = fgets(STDIN)) !== false) { [$a, $b] = explode(' ', trim($l)); \
                  echo ['<', '=', '>'][1 + version_compare($a, $b)], \"\\n\"; }";
    match answers_of(Command::new("php").args(["-r", script]), &pairs) {
        Some(answers) => agree(VersionScheme::Packagist, &pairs, &answers),
        None => missing(Need::Peers, "no php"),
    }
}

#[test]
fn as_maven_orders() {
    let words = [
        "alpha",
        "beta",
        "milestone",
        "rc",
        "CR",
        "SNAPSHOT",
        "Final",
        "GA",
        "sp",
        "jre",
        "RELEASE",
        "xyz",
    ];
    let mut dice = Dice(0x85EB_CA6B_C2B2_AE35);
    let versions: Vec<String> = (0..600)
        .map(|_| {
            let numbers: Vec<&str> = (0..=dice.roll(3))
                .map(|_| ["0", "1", "2", "10"][dice.roll(4)])
                .collect();
            // Where a dot stands before a qualifier that something follows, the tool is not transitive.
            let label = match dice.roll(5) {
                0 => String::new(),
                1 => format!("-{}", 1 + dice.roll(12)),
                2 => format!(".{}", words[dice.roll(words.len())]),
                3 => format!("-{}", words[dice.roll(words.len())]),
                _ => format!("-{}-{}", words[dice.roll(6)], 1 + dice.roll(12)),
            };
            format!("1.{}{label}", numbers.join("."))
        })
        .collect();
    // The tool compares each of its arguments with the next.
    let output = Command::new("java")
        .args(["-cp", "/usr/share/maven/lib/*"])
        .arg("org.apache.maven.artifact.versioning.ComparableVersion")
        .args(&versions)
        .output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        return missing(Need::Peers, "no java with Maven in /usr/share/maven");
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("   ")?.split(' ').nth(1))
        .map(|sign| sign.replace("==", "="))
        .collect();
    let pairs: Vec<(String, String)> = versions
        .windows(2)
        .map(|two| (two[0].clone(), two[1].clone()))
        .collect();
    agree(VersionScheme::Maven, &pairs, &answers);
}
