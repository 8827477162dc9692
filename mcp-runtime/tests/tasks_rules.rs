//! Rules of tasks that show only when things come together: a call that becomes a task while it runs, two servers with one
//! store, the log, the clock. The numbers are those of `docs/task-rules.md`.

#[path = "tasks_peer/mod.rs"]
mod tasks_peer;

#[path = "tasks_rules/audit.rs"]
mod audit;
#[path = "tasks_rules/bounds.rs"]
mod bounds;
#[path = "tasks_rules/promotion.rs"]
mod promotion;
#[path = "tasks_rules/races.rs"]
mod races;
#[path = "tasks_rules/room.rs"]
mod room;
#[path = "tasks_rules/shapes.rs"]
mod shapes;
#[path = "tasks_rules/sides.rs"]
mod sides;
