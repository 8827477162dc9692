//! What the compiler says about mistakes under the attributes: one mistake a file, named for it, with the message as it
//! has to be. `TRYBUILD=overwrite cargo test -p mcpwright-tests --test macro_errors` renews the messages: read them.

#[test]
fn mistakes_and_what_is_none() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*.rs");
    cases.pass("ui/pass/*.rs");
}
