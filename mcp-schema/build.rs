//! Generates the moving draft, if the feature `draft` asks for it; everything else is committed.

fn main() {
    #[cfg(feature = "draft")]
    draft();
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "draft")]
fn draft() {
    use mcp_codegen::Workspace;

    println!("cargo::rerun-if-env-changed={}", Workspace::DRAFT_SCHEMA);
    let instead = std::env::var_os(Workspace::DRAFT_SCHEMA).map(std::path::PathBuf::from);
    let generated = Workspace::new(".")
        .and_then(|workspace| workspace.draft(instead.as_deref()))
        .and_then(|builder| builder.out("draft.rs").generate());
    match generated {
        Ok(generated) => generated.notes.iter().for_each(|note| println!("cargo::warning={note}")),
        Err(error) => mcp_codegen::fail(&error),
    }
}
