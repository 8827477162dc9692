//! Generates the moving draft, if the feature `draft` asks for it; everything else is committed.

fn main() {
    #[cfg(feature = "draft")]
    draft();
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "draft")]
fn draft() {
    const OVERRIDE: &str = "MCP_DRAFT_SCHEMA";
    println!("cargo::rerun-if-env-changed={OVERRIDE}");
    let schema = std::env::var_os(OVERRIDE).unwrap_or_else(|| "schemas/draft.json".into());
    let generated = mcp_codegen::Builder::new()
        .schema(schema)
        .same_as("schemas/2026-07-28.json", "crate::v2026_07_28")
        .docs("docs")
        .crate_path("crate")
        .out("draft.rs")
        .generate();
    match generated {
        Ok(generated) => generated.notes.iter().for_each(|note| println!("cargo::warning={note}")),
        Err(error) => mcp_codegen::fail(&error),
    }
}
