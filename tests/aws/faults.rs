//! What was acknowledged is not lost, and is not there twice, whatever fails on the way.

use bulkhead_tests::aws::{Fault, Rule};

use crate::{OF_UPLOADS, known_host, nothing_given_up, run, settled, site};

const fn rule(function: &'static str, operation: &'static str, fault: Fault, times: usize) -> Rule {
    Rule {
        function,
        operation,
        fault,
        times,
    }
}

#[test]
fn a_function_that_ends_in_the_middle_is_run_again() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    for queue in OF_UPLOADS {
        stack.shorten_visibility(queue, 5).unwrap();
    }
    let agent = site.enrol(None).unwrap();
    // Before anything is written, between two writes, and when all is written but not yet told.
    stack
        .gateway
        .fail(rule("ingest", "s3:GetObject", Fault::KilledBefore, 1));
    stack
        .gateway
        .fail(rule("scan", "s3:PutObject", Fault::KilledAfter, 1));
    stack
        .gateway
        .fail(rule("scan", "sqs:SendMessage", Fault::KilledAfter, 1));
    run(&agent);
    known_host(&site);
    settled(&site);
    assert_eq!(
        stack.gateway.failed(),
        3,
        "every function was ended as planned"
    );
    nothing_given_up(&site);
}

#[test]
fn messages_twice_and_out_of_order_change_nothing() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    let agent = site.enrol(None).unwrap();
    for function in ["api", "ingest", "scan"] {
        stack
            .gateway
            .fail(rule(function, "sqs:SendMessage", Fault::Twice, usize::MAX));
    }
    run(&agent);
    let before = known_host(&site);
    settled(&site);
    run(&agent);
    run(&agent);
    settled(&site);
    assert!(stack.gateway.failed() > 0, "something was delivered twice");
    let after = known_host(&site);
    assert_eq!(before["id"], after["id"]);
    assert_eq!(before["standing"]["counts"], after["standing"]["counts"]);
    nothing_given_up(&site);
}

#[test]
fn services_that_are_asked_too_often_or_break_lose_nothing() {
    let Some(site) = site() else {
        return;
    };
    let stack = site.stack().unwrap();
    let agent = site.enrol(None).unwrap();
    // More than one call tries by itself, and less than a message is tried.
    stack
        .gateway
        .fail(rule("ingest", "dynamodb:", Fault::Throttled, 6));
    stack
        .gateway
        .fail(rule("scan", "dynamodb:", Fault::Throttled, 6));
    stack.gateway.fail(rule("scan", "s3:", Fault::Broken, 4));
    stack
        .gateway
        .fail(rule("api", "sqs:SendMessage", Fault::AnswerLost, 1));
    stack
        .gateway
        .fail(rule("score", "dynamodb:", Fault::AnswerLost, 2));
    run(&agent);
    known_host(&site);
    settled(&site);
    assert!(stack.gateway.failed() >= 17, "{}", stack.gateway.failed());
    nothing_given_up(&site);
}
