//! How the estate stood, day by day.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use records::PostureDays;
use schemas::{
    Timestamp,
    api::{
        Problem,
        posture::{Trend, TrendDay, TrendQuery},
    },
    posture::Posture,
};

use super::DAY_MS;
use crate::{
    auth::{Scoped, needs},
    extract::FromQuery,
    problem::{ApiError, Kind},
    scoped::Sight,
    state::ApiState,
};

/// Days that are told where nothing else is asked for.
const DEFAULT_DAYS: u32 = 30;
/// Most days that are told, as many as are kept.
const MAX_DAYS: u32 = 400;

/// How the estate stood at the end of each day, and stands today. Whoever is limited to collections is told of today alone.
#[utoipa::path(
    get,
    path = "/api/v1/trend",
    tag = "vulnerabilities",
    operation_id = "get_trend",
    params(TrendQuery),
    responses(
        (status = 200, description = "Day by day", body = Trend),
        (status = 400, description = "Too many days", body = Problem),
    ),
    security(("session" = ["vulnerabilities.read"]))
)]
pub(crate) async fn get(
    caller: Scoped<needs::ReadVulnerabilities>,
    State(state): State<ApiState>,
    FromQuery(query): FromQuery<TrendQuery>,
) -> Result<Json<Trend>, ApiError> {
    let count = query.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&count) {
        return Err(ApiError::new(
            Kind::BadRequest,
            format!("`days` is 1 to {MAX_DAYS}."),
        ));
    }
    let as_of = state.now();
    let sight = Sight::of(&state, caller.tenant(), caller.scope()).await?;
    let today = sight.aside(|view| view.posture()).await?;
    let limited = !caller.scope().is_everything();
    let days = if limited {
        Vec::new()
    } else {
        // From the first that is kept: a day on which nothing changed is as the one before.
        let from = as_of.plus_ms(-DAY_MS * i64::from(MAX_DAYS));
        let kept = PostureDays(state.platform());
        kept.between(caller.tenant(), from, as_of).await?
    };
    let kept = days.into_iter().map(|day| (day.at.day(), day.posture));
    Ok(Json(Trend {
        as_of,
        limited,
        days: filled(as_of, count, kept.collect(), today),
    }))
}

/// The days up to today without gaps, from the first that is known.
fn filled(
    now: Timestamp,
    count: u32,
    kept: BTreeMap<String, Posture>,
    today: Posture,
) -> Vec<TrendDay> {
    let mut days = Vec::new();
    for back in (1..count).rev() {
        let day = now.plus_ms(-DAY_MS * i64::from(back)).day();
        if let Some((_, posture)) = kept.range(..=day.clone()).next_back() {
            let posture = *posture;
            days.push(TrendDay { day, posture });
        }
    }
    days.push(TrendDay {
        day: now.day(),
        posture: today,
    });
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_change_is_as_the_one_before() {
        let posture = |findings| Posture {
            findings,
            ..Posture::default()
        };
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let kept = [("2026-02-27", 5), ("2026-02-28", 6), ("2025-11-01", 1)];
        let kept: BTreeMap<_, _> = kept
            .into_iter()
            .map(|(day, findings)| (day.to_owned(), posture(findings)))
            .collect();
        let told = |count| {
            let days = filled(now, count, kept.clone(), posture(9));
            let days = days.into_iter();
            days.map(|day| (day.day, day.posture.findings))
                .collect::<Vec<_>>()
        };
        let all = |days: &[(&str, u64)]| {
            let days = days.iter();
            days.map(|(day, findings)| ((*day).to_owned(), *findings))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(1), all(&[("2026-03-02", 9)]));
        assert_eq!(
            told(5),
            all(&[
                ("2026-02-26", 1),
                ("2026-02-27", 5),
                ("2026-02-28", 6),
                ("2026-03-01", 6),
                ("2026-03-02", 9)
            ])
        );
        assert!(filled(now, 3, BTreeMap::new(), posture(0)).len() == 1);
    }
}
