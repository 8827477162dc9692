//! Items and tables to one formatted Rust file.

use crate::error::{Error, Problems};

/// One piece of a file.
pub enum Chunk {
    /// Rust items, to be formatted.
    Items(String),
    /// A call of one of our macros, a row a line, printed as it is.
    Table(String),
}

/// Prints a file. Text that is no Rust is a mistake of the generator, reported and never written.
pub fn file(name: &str, preamble: &str, chunks: &[Chunk]) -> Result<String, Error> {
    let mut out = preamble.to_owned();
    for chunk in chunks {
        out.push('\n');
        match chunk {
            Chunk::Items(text) => {
                let items = syn::parse_file(text).map_err(|error| broken(name, text, &error))?;
                out.push_str(&prettyplease::unparse(&items));
            }
            Chunk::Table(text) => {
                syn::parse_file(text).map_err(|error| broken(name, text, &error))?;
                out.push_str(text);
            }
        }
    }
    Ok(out)
}

fn broken(name: &str, text: &str, error: &syn::Error) -> Error {
    let mut problems = Problems::default();
    let shown: String = text.chars().take(200).collect();
    problems.report(
        "",
        None,
        format!("the generated code is no Rust ({error}): {shown}"),
        "this is a defect of mcp-codegen: please report it with the schema",
    );
    Error::Schema { name: name.to_owned(), problems }
}
