//! A part of a score, and what the parts have in common.

use schemas::risk::{Answer, PartGroup, ScorePart};

/// Points in tenths, so that the parts add up exactly.
pub(crate) struct Part {
    pub(crate) group: PartGroup,
    pub(crate) name: &'static str,
    pub(crate) tenths: u16,
    pub(crate) max_tenths: u16,
    pub(crate) reason: String,
}

impl From<Part> for ScorePart {
    fn from(part: Part) -> Self {
        Self {
            group: part.group,
            name: part.name.to_owned(),
            points: from_tenths(part.tenths),
            max: from_tenths(part.max_tenths),
            reason: part.reason,
        }
    }
}

/// Tenths of a point as points.
pub(crate) fn from_tenths(tenths: u16) -> f32 {
    f32::from(tenths) / 10.0
}

/// Points in tenths for yes and for unknown.
pub(crate) struct AnswerPoints {
    pub(crate) yes: u16,
    pub(crate) unknown: u16,
}

impl AnswerPoints {
    pub(crate) fn tenths(&self, answer: Answer) -> u16 {
        match answer {
            Answer::Yes => self.yes,
            Answer::No => 0,
            Answer::Unknown => self.unknown,
        }
    }

    /// The part of a question that a sentence answers with yes.
    pub(crate) fn part(
        &self,
        group: PartGroup,
        name: &'static str,
        answer: Answer,
        what: &str,
    ) -> Part {
        Part {
            group,
            name,
            tenths: self.tenths(answer),
            max_tenths: self.yes,
            reason: match answer {
                Answer::Yes => what.to_owned(),
                Answer::No => format!("not so: {what}"),
                Answer::Unknown => format!("not known whether {what}"),
            },
        }
    }
}

/// `most` × a share from 0 to 1, in whole tenths. Not a number counts as nothing.
pub(crate) fn share(most: u16, share: f32) -> u16 {
    let share = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the product lies between 0 and `most`"
    )]
    let tenths = (f32::from(most) * share).round() as u16;
    tenths.min(most)
}
