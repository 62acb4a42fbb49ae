//! What the template makes.

use bulkhead_tests::aws::{self, Stack};

#[test]
fn the_template_makes_a_stack_of_every_function() {
    let Some(endpoint) = aws::endpoint() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::deploy(&endpoint, folder.path()).unwrap();
    let functions: Vec<&str> = stack.functions().collect();
    for name in ["api", "setup", "ingest", "scan", "score", "feed", "fold"] {
        assert!(functions.contains(&name), "{functions:?}");
    }
    assert_eq!(stack.depth("scan").unwrap(), (0, 0));
}
