//! Arguments and results with a structure: types become schemas, errors become something that the model can read.
//!
//! `cargo run -p mcpwright-examples --bin structured`

use mcp_runtime::{Args, Json, ServeError, mcp_tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Route {
    /// Where it begins.
    from: Point,
    /// Where it ends.
    to: Point,
    #[serde(default)]
    unit: Unit,
}

#[derive(Deserialize, JsonSchema)]
struct Point {
    /// Degrees north.
    #[schemars(range(min = -90.0, max = 90.0))]
    latitude: f64,
    /// Degrees east.
    #[schemars(range(min = -180.0, max = 180.0))]
    longitude: f64,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    #[default]
    Kilometers,
    Miles,
}

#[derive(Serialize, JsonSchema)]
struct Distance {
    value: f64,
    unit: Unit,
}

#[derive(Debug, thiserror::Error)]
enum RouteError {
    #[error("latitude {0} is beyond the poles: it must be between -90 and 90")]
    BeyondThePoles(f64),
    #[error("the two points are the same")]
    SamePoint,
}

/// Measures how far two points of the earth are apart.
#[mcp_tool(read_only, idempotent, open_world = false)]
async fn distance(Args(route): Args<Route>) -> Result<Json<Distance>, RouteError> {
    let Route { from, to, unit } = route;
    if let Some(point) = [&from, &to].into_iter().find(|point| point.latitude.abs() > 90.0) {
        return Err(RouteError::BeyondThePoles(point.latitude));
    }
    if (from.latitude, from.longitude) == (to.latitude, to.longitude) {
        return Err(RouteError::SamePoint);
    }
    let (a, b) = (from.latitude.to_radians(), to.latitude.to_radians());
    let across = (to.longitude - from.longitude).to_radians();
    let angle = (a.sin() * b.sin() + a.cos() * b.cos() * across.cos()).clamp(-1.0, 1.0).acos();
    let radius = match unit {
        Unit::Kilometers => 6371.0,
        Unit::Miles => 3959.0,
    };
    Ok(Json(Distance { value: (angle * radius).round(), unit }))
}

#[tokio::main]
async fn main() -> Result<(), ServeError> {
    mcp_runtime::server!().tool::<distance>().serve_stdio().await
}
