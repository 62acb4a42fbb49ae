//! Privilege: what an attacker has who gets into the place, and how far it is from there to the host.

use schemas::risk::{Answer, PartGroup, PlaceFacts};

use crate::part::{AnswerPoints, Part};

/// A question, its answer in the facts of a place, and the sentence that yes stands for.
struct Question {
    name: &'static str,
    answer: fn(&PlaceFacts) -> Answer,
    points: AnswerPoints,
    what: &'static str,
}

/// Unknown lies between the answers.
const QUESTIONS: [Question; 7] = [
    Question {
        name: "root",
        answer: |place| place.root,
        points: AnswerPoints {
            yes: 40,
            unknown: 20,
        },
        what: "something in it runs as root or administrator",
    },
    Question {
        name: "privileged",
        answer: |place| place.privileged,
        points: AnswerPoints {
            yes: 30,
            unknown: 10,
        },
        what: "something in it runs privileged",
    },
    Question {
        name: "capabilities",
        answer: |place| place.capabilities,
        points: AnswerPoints {
            yes: 10,
            unknown: 5,
        },
        what: "something in it has capabilities that reach out of a container",
    },
    Question {
        name: "no_security_profile",
        answer: |place| place.no_security_profile,
        points: AnswerPoints {
            yes: 10,
            unknown: 5,
        },
        what: "something in it runs without seccomp, AppArmor or SELinux",
    },
    Question {
        name: "host_namespaces",
        answer: |place| place.host_namespaces,
        points: AnswerPoints {
            yes: 10,
            unknown: 5,
        },
        what: "something in it shares the host's network, process ids or memory",
    },
    Question {
        name: "host_mounts",
        answer: |place| place.host_mounts,
        points: AnswerPoints {
            yes: 10,
            unknown: 5,
        },
        what: "folders of the host that matter are mounted into it",
    },
    Question {
        name: "runtime_socket",
        answer: |place| place.runtime_socket,
        points: AnswerPoints {
            yes: 20,
            unknown: 10,
        },
        what: "a container runtime's socket is mounted into it",
    },
];

pub(crate) fn tenths(place: &PlaceFacts) -> u16 {
    let each = QUESTIONS
        .iter()
        .map(|question| question.points.tenths((question.answer)(place)));
    each.sum()
}

pub(crate) fn parts(place: &PlaceFacts) -> impl Iterator<Item = Part> {
    QUESTIONS.iter().map(|question| {
        let answer = (question.answer)(place);
        let Question { name, what, .. } = question;
        question
            .points
            .part(PartGroup::Privilege, name, answer, what)
    })
}
