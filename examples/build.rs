//! Generates types from a schema of one's own: all that it takes.

fn main() {
    let generated = mcp_codegen::Builder::new()
        .schema("schemas/greenhouse.json")
        .out("greenhouse.rs")
        .generate();
    if let Err(error) = generated {
        mcp_codegen::fail(&error);
    }
}
