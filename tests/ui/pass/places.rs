//! In a function, from `macro_rules!`, without `async`, deprecated, and beside another crate path.
#![deny(warnings)]

use mcp_runtime::mcp_tool;

mod reexport {
    pub use mcp_runtime as framework;
}

macro_rules! tools {
    ($($name:ident: $ty:ty),*) => {
        $(
            #[doc = concat!("Tool ", stringify!($name))]
            #[mcp_tool]
            async fn $name(value: $ty) -> String {
                value.to_string()
            }
        )*
    };
}

tools!(number: u32, text: String);

macro_rules! lent {
    ($name:ident: $ty:ty) => {
        #[mcp_tool]
        async fn $name(cx: $ty, value: String) -> String {
            let _ = cx;
            value
        }
    };
}

lent!(borrowed: &mcp_runtime::Context);

#[mcp_tool(crate = reexport::framework)]
fn add(a: i32, b: i32) -> String {
    (a + b).to_string()
}

/// Old.
#[deprecated(note = "use `add`")]
#[mcp_tool]
async fn plus(a: i32) -> String {
    a.to_string()
}

fn used<T: mcp_runtime::__private::Tool>() {}

fn main() {
    #[mcp_tool]
    async fn inner(mut text: String) {
        text.clear();
    }
    used::<inner>();
    used::<number>();
    used::<text>();
    used::<borrowed>();
    used::<add>();
    #[allow(deprecated)]
    used::<plus>();
}
