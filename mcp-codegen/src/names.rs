//! Names: from the schema's to Rust's.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// Names of the prelude: a type of that name would hide what every Rust file expects.
const PRELUDE: &[&str] = &[
    "Box", "Clone", "Copy", "Default", "Drop", "Eq", "Err", "Fn", "From", "Into", "Iterator",
    "None", "Ok", "Option", "Ord", "Result", "Self", "Send", "Some", "String", "Sync", "ToString",
    "TryFrom", "TryInto", "Vec",
];

/// Type parameters and types inside the macros that generated code calls. Hygiene is for values: a type of that name would
/// be taken for them.
const IN_MACROS: &[&str] = &["A", "D", "E", "Kinds", "M", "S"];

/// A type's name: `JSONRPCRequest` becomes `JsonRpcRequest`.
pub fn type_name(name: &str) -> String {
    let name = camel(name);
    let taken = [PRELUDE, IN_MACROS].iter().any(|names| names.contains(&name.as_str()));
    if taken { format!("{name}Object") } else { name }
}

/// A variant's name.
pub fn variant(name: &str) -> String {
    let name = camel(name);
    if name == "Self" { "SelfValue".to_owned() } else { name }
}

fn camel(name: &str) -> String {
    // `heck` takes "JSONRPC" for one word; JSON-RPC are two.
    let name = ascii(&name.replace("JSONRPC", "JsonRpc")).to_upper_camel_case();
    legal(name, "V", "VEmpty")
}

/// A field's name: `inputSchema` becomes `input_schema`, `io.modelcontextprotocol/logLevel` `log_level`.
pub fn field(name: &str) -> String {
    let name = legal(base(name).to_snake_case(), "v", "v_empty");
    match name.as_str() {
        // These cannot be raw identifiers. `extra` is the field for what the schema does not name.
        "self" | "super" | "crate" | "extra" | "_" => format!("{name}_"),
        _ if is_keyword(&name) => format!("r#{name}"),
        _ => name,
    }
}

/// A setter's name.
pub fn setter(field: &str) -> String {
    format!("with_{}", field.trim_start_matches("r#"))
}

/// A constant's name.
pub fn constant(name: &str) -> String {
    legal(base(name).to_shouty_snake_case(), "V", "V_EMPTY")
}

/// A property's name without the namespace in front of it.
fn base(name: &str) -> String {
    let base = name.rsplit('/').next().filter(|base| !base.is_empty()).unwrap_or(name);
    ascii(base)
}

/// Only what identifiers can be made of.
fn ascii(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn legal(name: String, prefix: &str, empty: &str) -> String {
    match name.chars().next() {
        None => empty.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{prefix}{name}"),
        Some(_) => name,
    }
}

fn is_keyword(name: &str) -> bool {
    // `gen` is one since edition 2024, which syn does not know.
    name == "gen" || syn::parse_str::<syn::Ident>(name).is_err()
}
