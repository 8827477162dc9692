//! The code blocks of the README and of the pages under `docs/`, compiled and run.

/// A failure then names the page.
#[cfg(doctest)]
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[doc = include_str!($path)]
            struct $name;
        )*
    };
}

#[cfg(doctest)]
pages! {
    Readme: "../../README.md",
    Tools: "../../docs/tools.md",
    Asking: "../../docs/asking.md",
    Tasks: "../../docs/tasks.md",
    Durability: "../../docs/durability.md",
    Client: "../../docs/client.md",
    Testing: "../../docs/testing.md",
    Security: "../../docs/security.md",
    Observability: "../../docs/observability.md",
    Deploying: "../../docs/deploying.md",
    Console: "../../docs/console.md",
    FromRmcp: "../../docs/from-rmcp.md",
}
