//! Base scores from CVSS vectors, versions 4.0, 3.1, 3.0 and 2.0.
//!
//! Source: the CVSS 3.1 specification, section 7.1 and appendix A (rounding); the CVSS 2.0 guide, section 3.2.1. Scores of
//! version 4 are looked up in a table of 270 values (CVSS 4.0 specification, section 8), which the crate `cvss` has.

/// The base score, 0 to 10 with one decimal; none for a vector that is incomplete or of another version.
#[must_use]
pub fn base_score(vector: &str) -> Option<f32> {
    let vector = vector.trim();
    match vector
        .strip_prefix("CVSS:3.1/")
        .or_else(|| vector.strip_prefix("CVSS:3.0/"))
    {
        Some(metrics) => version_3(metrics),
        None if vector.starts_with("CVSS:4.0/") => version_4(vector),
        None if vector.starts_with("CVSS:") => None,
        None => version_2(vector.trim_start_matches('(').trim_end_matches(')')),
    }
}

/// Longest vector of version 4 that is read, with every metric that there is, in bytes.
const MAX_VECTOR_BYTES: usize = 512;

#[expect(
    clippy::cast_possible_truncation,
    reason = "the score is between 0 and 10"
)]
fn version_4(vector: &str) -> Option<f32> {
    if vector.len() > MAX_VECTOR_BYTES {
        return None;
    }
    let vector: cvss::v4::Vector = vector.parse().ok()?;
    let score = vector.score().value() as f32;
    (0.0..=10.0).contains(&score).then_some(score)
}

/// The value of a metric; none when it is missing.
fn metric<'a>(vector: &'a str, name: &str) -> Option<&'a str> {
    vector.split('/').find_map(|part| {
        let (key, value) = part.split_once(':')?;
        (key == name).then_some(value)
    })
}

fn pick(vector: &str, name: &str, values: &[(&str, f64)]) -> Option<f64> {
    let value = metric(vector, name)?;
    values
        .iter()
        .find(|(word, _)| *word == value)
        .map(|&(_, weight)| weight)
}

fn version_3(vector: &str) -> Option<f32> {
    let changed = match metric(vector, "S")? {
        "C" => true,
        "U" => false,
        _ => return None,
    };
    let privileges: &[_] = if changed {
        &[("N", 0.85), ("L", 0.68), ("H", 0.5)]
    } else {
        &[("N", 0.85), ("L", 0.62), ("H", 0.27)]
    };
    let impact_values = [("H", 0.56), ("L", 0.22), ("N", 0.0)];
    let attack = pick(
        vector,
        "AV",
        &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)],
    )?;
    let complexity = pick(vector, "AC", &[("L", 0.77), ("H", 0.44)])?;
    let privileges = pick(vector, "PR", privileges)?;
    let interaction = pick(vector, "UI", &[("N", 0.85), ("R", 0.62)])?;
    let exploitability = 8.22 * attack * complexity * privileges * interaction;
    let lost = |name| pick(vector, name, &impact_values).map(|weight| 1.0 - weight);
    let sub_score = 1.0 - lost("C")? * lost("I")? * lost("A")?;
    let impact = if changed {
        7.52 * (sub_score - 0.029) - 3.25 * (sub_score - 0.02).powi(15)
    } else {
        6.42 * sub_score
    };
    if impact <= 0.0 {
        return Some(0.0);
    }
    let sum = impact + exploitability;
    Some(round_up(if changed { 1.08 * sum } else { sum }.min(10.0)))
}

/// The smallest tenth that is not below the value, computed in whole numbers as the specification demands.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the value is between 0 and 10"
)]
fn round_up(value: f64) -> f32 {
    let whole = (value * 100_000.0).round() as i64;
    let tenths = if whole % 10_000 == 0 {
        whole / 10_000
    } else {
        whole / 10_000 + 1
    };
    tenths as f32 / 10.0
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the value is between 0 and 10"
)]
fn version_2(vector: &str) -> Option<f32> {
    let impact_values = [("N", 0.0), ("P", 0.275), ("C", 0.660)];
    let kept = |name| pick(vector, name, &impact_values).map(|weight| 1.0 - weight);
    let impact = 10.41 * (1.0 - kept("C")? * kept("I")? * kept("A")?);
    let exploitability = 20.0
        * pick(vector, "AV", &[("L", 0.395), ("A", 0.646), ("N", 1.0)])?
        * pick(vector, "AC", &[("H", 0.35), ("M", 0.61), ("L", 0.71)])?
        * pick(vector, "Au", &[("M", 0.45), ("S", 0.56), ("N", 0.704)])?;
    let factor = if impact == 0.0 { 0.0 } else { 1.176 };
    let score = (0.6 * impact + 0.4 * exploitability - 1.5) * factor;
    Some(((score * 10.0).round() / 10.0).clamp(0.0, 10.0) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_published_vectors() {
        for (vector, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(9.8)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Some(10.0)),
            ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", Some(7.8)),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", Some(6.1)),
            ("CVSS:3.1/AV:L/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H", Some(5.1)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Some(0.0)),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", Some(10.0)),
            ("(AV:N/AC:M/Au:N/C:N/I:P/A:N)", Some(4.3)),
            ("CVSS:3.1/AV:N/AC:L", None),
            ("CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                Some(9.3),
            ),
            (
                "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N",
                Some(2.0),
            ),
            ("CVSS:4.0/AV:N/AC:L", None),
            ("CVSS:9.0/AV:N/AC:L", None),
            ("", None),
        ] {
            assert_eq!(base_score(vector), score, "{vector}");
        }
    }
}
