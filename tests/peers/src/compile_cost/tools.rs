//! The same hundred tools in two dialects.
//!
//! Everything that a tool is (its arguments, their types, its body, its result) comes from one
//! description; a dialect only says how it is declared.

pub const TOOLS: usize = 100;

const KINDS: [&str; 6] = ["String", "u32", "f64", "bool", "Option<String>", "Vec<String>"];
const NAMES: [&str; 4] = ["subject", "amount", "place", "remark"];

/// In whose words the tools are declared.
#[derive(Clone, Copy)]
pub enum Flavour {
    Ours,
    Rmcp,
}

/// One tool, as every dialect has it.
struct Tool {
    number: usize,
    arguments: Vec<(&'static str, &'static str)>,
    /// The fields of its structured output; without any it returns text.
    output: Vec<(&'static str, &'static str)>,
}

impl Tool {
    fn numbered(number: usize) -> Self {
        // Steps without a common factor, so that kinds meet in many combinations.
        let kinds =
            move |step: usize| KINDS.iter().cycle().skip(number * step + number / 6).step_by(5);
        let fields = |count, step| {
            NAMES.into_iter().zip(kinds(step).copied()).take(count).collect::<Vec<_>>()
        };
        Self {
            number,
            arguments: fields(1 + number % 4, 7),
            output: if number % 10 == 3 { fields(2 + number % 3, 11) } else { Vec::new() },
        }
    }

    fn name(&self) -> String {
        format!("tool_{}", self.number)
    }

    /// How the tool is described, to whoever compiles it and to whoever calls it.
    fn doc(&self) -> String {
        format!("Does what tool number {} is for.", self.number)
    }

    /// The type that the tool returns.
    fn returned(&self) -> String {
        match self.output.is_empty() {
            true => "String".to_owned(),
            false => format!("Result<Json<Output{}>, String>", self.number),
        }
    }

    /// What the tool does: something with each of its arguments.
    fn body(&self) -> String {
        let shown: Vec<String> =
            self.arguments.iter().map(|(name, _)| format!("{name}: {{{name}:?}}")).collect();
        let said = format!("format!(\"{}\")", shown.join(", "));
        if self.output.is_empty() {
            return said;
        }
        let fields: Vec<String> = self
            .output
            .iter()
            .map(|(name, kind)| {
                let value = match *kind {
                    "String" => "said.clone()",
                    "u32" => "said.len() as u32",
                    "f64" => "said.len() as f64",
                    "bool" => "said.len() > 20",
                    "Option<String>" => "Some(said.clone())",
                    _ => "vec![said.clone()]",
                };
                format!("{name}: {value}")
            })
            .collect();
        format!(
            "let said = {said};\n    Ok(Json(Output{} {{ {} }}))",
            self.number,
            fields.join(", ")
        )
    }

    /// The type of its output, which both dialects derive alike.
    fn output_type(&self) -> String {
        match self.output.is_empty() {
            true => String::new(),
            false => {
                let name = format!("Output{}", self.number);
                structure("serde::Serialize, schemars::JsonSchema", &name, &self.output)
            }
        }
    }
}

/// A struct with documented fields.
fn structure(derives: &str, name: &str, fields: &[(&str, &str)]) -> String {
    let mut code = format!("#[derive({derives})]\nstruct {name} {{\n");
    for (name, kind) in fields {
        code += &format!("    /// {}\n    {name}: {kind},\n", explained(name));
    }
    code + "}\n\n"
}

fn explained(name: &str) -> String {
    format!("The {name} that this is about.")
}

impl Flavour {
    /// A program that serves all tools on stdio.
    pub fn program(self) -> String {
        let tools: Vec<Tool> = (0..TOOLS).map(Tool::numbered).collect();
        let outputs: String = tools.iter().map(Tool::output_type).collect();
        match self {
            Self::Ours => ours(&tools, &outputs),
            Self::Rmcp => rmcp(&tools, &outputs),
        }
    }
}

fn ours(tools: &[Tool], outputs: &str) -> String {
    let mut code = format!("use mcp_runtime::{{Json, mcp_tool}};\n\n{outputs}");
    for tool in tools {
        let arguments: Vec<String> = tool
            .arguments
            .iter()
            .map(|(name, kind)| format!("/** {} */ {name}: {kind}", explained(name)))
            .collect();
        let (doc, name, returned) = (tool.doc(), tool.name(), tool.returned());
        let (arguments, body) = (arguments.join(", "), tool.body());
        code += &format!(
            "/// {doc}\n#[mcp_tool]\nasync fn {name}({arguments}) -> {returned} {{\n    \
                 {body}\n}}\n\n"
        );
    }
    let registered: String =
        tools.iter().map(|tool| format!("        .tool::<{}>()\n", tool.name())).collect();
    code + &main(&format!("mcp_runtime::server!()\n{registered}        .serve_stdio().await?;"))
}

fn rmcp(tools: &[Tool], outputs: &str) -> String {
    let mut code = format!(
        "use rmcp::handler::server::wrapper::{{Json, Parameters}};\n\
         use rmcp::transport::stdio;\n\
         use rmcp::{{ServerHandler, ServiceExt, tool, tool_handler, tool_router}};\n\n{outputs}"
    );
    for tool in tools {
        let derives = "serde::Deserialize, schemars::JsonSchema";
        code += &structure(derives, &format!("Arguments{}", tool.number), &tool.arguments);
    }
    code += "struct Server;\n\n#[tool_router]\nimpl Server {\n";
    for tool in tools {
        let names: Vec<&str> = tool.arguments.iter().map(|(name, _)| *name).collect();
        let (doc, name, returned) = (tool.doc(), tool.name(), tool.returned());
        let (number, names, body) = (tool.number, names.join(", "), tool.body());
        code += &format!(
            "/// {doc}\n#[tool]\nasync fn {name}(&self, Parameters(Arguments{number} {{ \
                 {names} }}): Parameters<Arguments{number}>) -> {returned} {{\n    {body}\n}}\n\n"
        );
    }
    code += "}\n\n#[tool_handler]\nimpl ServerHandler for Server {}\n\n";
    code + &main("Server.serve(stdio()).await?.waiting().await?;")
}

fn main(served: &str) -> String {
    format!(
        "#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
         {served}\n    Ok(())\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{Flavour, KINDS, TOOLS, Tool};

    #[test]
    fn the_tools_are_varied() {
        let tools: Vec<Tool> = (0..TOOLS).map(Tool::numbered).collect();
        for count in 1..=4 {
            assert!(tools.iter().any(|tool| tool.arguments.len() == count), "{count} arguments");
        }
        for kind in KINDS {
            let used = |tool: &&Tool| tool.arguments.iter().any(|argument| argument.1 == kind);
            assert!(tools.iter().filter(used).count() >= 20, "{kind}");
        }
        assert_eq!(tools.iter().filter(|tool| !tool.output.is_empty()).count(), 10);
    }

    #[test]
    fn both_dialects_have_all_tools_with_the_same_bodies() {
        let (ours, rmcp) = (Flavour::Ours.program(), Flavour::Rmcp.program());
        for tool in (0..TOOLS).map(Tool::numbered) {
            for program in [&ours, &rmcp] {
                assert_eq!(program.matches(&format!("async fn {}(", tool.name())).count(), 1);
                assert!(program.contains(&tool.body()), "{}", tool.name());
            }
        }
    }
}
