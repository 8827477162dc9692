//! Generates types from the extension's schema.

fn main() {
    let generated = mcp_codegen::Builder::new()
        .schema("schema/shelf.json")
        .crate_path("::mcp_runtime::schema")
        .out("shelf.rs")
        .generate();
    if let Err(error) = generated {
        mcp_codegen::fail(&error);
    }
}
