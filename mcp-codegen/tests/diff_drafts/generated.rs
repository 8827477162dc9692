//! What is told of the changes that also have to generate and compile.

/// What is told of the changes that also have to generate and compile.
pub const GENERATED: &[(&str, &[&str])] = &[
    ("unchanged", &[]),
    (
        "new_type",
        &[
            "type-added Receipt: compatible",
            "field-added CallToolResult receipt (- -> `Receipt`): compatible",
        ],
    ),
    (
        "new_method",
        &[
            "method-added brew/start (- -> brew/start): compatible",
            "type-added BrewRequestParams: compatible",
            "type-added BrewResult: compatible",
            "type-added BrewResultResponse: compatible",
            "member-added ServerResult (- -> `BrewResult`): compatible",
        ],
    ),
    (
        "new_notification",
        &["method-added notifications/brewed (- -> notifications/brewed): compatible"],
    ),
    (
        "field_made_optional",
        &["field-optional TextContent text: readers", "field-optional Tool inputSchema: readers"],
    ),
    (
        "field_made_required",
        &["field-required Root name: writers", "field-required Tool description: writers"],
    ),
    ("enum_value_added", &["value-added Role (- -> \"system\"): readers"]),
    ("enum_value_removed", &["value-removed ElicitResult action (\"cancel\" -> -): writers"]),
    (
        "new_kind_of_content",
        &[
            "type-added VideoContent: compatible",
            "member-added ContentBlock (- -> `VideoContent`): readers",
        ],
    ),
    (
        "new_kind_of_resource",
        &[
            "type-added LinkedResourceContents: compatible",
            "member-added EmbeddedResource resource (- -> `LinkedResourceContents`): readers",
        ],
    ),
    (
        "new_kind_of_input",
        &[
            "method-added confirmation/create (- -> confirmation/create): readers",
            "type-added ConfirmResult: compatible",
            "member-added InputResponse (- -> `ConfirmResult`): readers",
        ],
    ),
    (
        "renamed_result_of_a_call",
        &["type-renamed ToolOutput (CallToolResult -> ToolOutput): compatible"],
    ),
    (
        "renamed_union_of_results",
        &["type-renamed AnyAnswer (ServerResult -> AnyAnswer): compatible"],
    ),
    ("renamed_result", &["type-renamed Answer (Result -> Answer): compatible"]),
    ("renamed_json", &["type-renamed Json (JSONValue -> Json): compatible"]),
    (
        "renamed_input",
        &["type-renamed QuestionsResult (InputRequiredResult -> QuestionsResult): compatible"],
    ),
    (
        "type_of_a_field",
        &[
            "type-changed Implementation version (string -> integer): both",
            "type-changed Root name (string -> `Icon` or `null`): both",
            "member-added TextContent text (- -> integer): readers",
            "null-allowed Tool description (- -> null): readers",
            "type-changed Tool title (string -> array of string): both",
        ],
    ),
    (
        "new_inline_object",
        &["field-added Tool limits (- -> object of `memory`, `seconds?`): compatible"],
    ),
    (
        "new_constants",
        &[
            "field-added Tool generation (- -> `2`): writers",
            "field-added Tool kind (- -> `\"tool\"`): writers",
            "field-added Tool stable (- -> `true`): writers",
        ],
    ),
    (
        "new_nullable_field",
        &[
            "field-added Tool owner (- -> string or `null`): writers",
            "field-added Tool parent (- -> `Tool` or `null`): writers",
        ],
    ),
    (
        "closed_type",
        &[
            "others-changed Root * (any -> none): writers",
            "field-added Tool limits (- -> object of `seconds?`): compatible",
        ],
    ),
    (
        "awkward_names",
        &[
            "type-added A: compatible",
            "type-added Awkward: compatible",
            "type-added AwkwardRequired: compatible",
            "type-added AwkwardUnion: compatible",
            "type-added AwkwardValues: compatible",
            "type-added D: compatible",
            "type-added Deserialize: compatible",
            "type-added E: compatible",
            "type-added Extra: compatible",
            "type-added Kinds: compatible",
            "type-added LetterOrText: compatible",
            "type-added Letters: compatible",
            "type-added M: compatible",
            "type-added Map: compatible",
            "type-added Ok: compatible",
            "type-added Option: compatible",
            "type-added S: compatible",
            "type-added T: compatible",
            "type-added Value: compatible",
            "type-added Vec: compatible",
        ],
    ),
];
