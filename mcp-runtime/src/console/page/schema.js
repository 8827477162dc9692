// A JSON Schema as the parts of a form. Pure: no page, no requests.

const DEEP = 8;

/**
 * What to ask for: `{ kind, nullable, title, description, initial, … }`, where kind is
 * string, number, integer, boolean, choice, choices, list, object, variants, null or json (whatever has no form).
 */
export function plan(schema, root = schema, depth = 0) {
  const bare = resolve(schema, root);
  if (bare === true || bare === null || typeof bare !== "object" || depth > DEEP) return { kind: "json", schema: bare };
  const { schema: own, nullable } = withoutNull(bare, root);
  const part = { ...shape(own, root, depth), nullable, schema: own };
  part.title = schema.title ?? own.title;
  part.description = schema.description ?? own.description;
  const initial = schema.default ?? own.default ?? bare.default;
  if (initial !== undefined) part.initial = initial;
  return part;
}

function shape(schema, root, depth) {
  if ("const" in schema) return { kind: "choice", options: [option(schema.const, schema.title)] };
  const options = choices(schema, root);
  if (options) return { kind: "choice", options };
  const variants = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(variants) && variants.length) {
    if (variants.length === 1) return shape(merged(schema, resolve(variants[0], root)), root, depth);
    return { kind: "variants", variants: variants.map((one, index) => variant(one, root, depth, index)) };
  }
  const type = schema.type ?? (schema.properties ? "object" : schema.items ? "array" : undefined);
  if (Array.isArray(type)) {
    if (type.length === 1) return shape({ ...schema, type: type[0] }, root, depth);
    return {
      kind: "variants",
      variants: type.map((one) => ({ label: one, part: plan({ ...schema, type: one, title: undefined, description: undefined }, root, depth + 1) })),
    };
  }
  switch (type) {
    case "string": case "number": case "integer": case "boolean": case "null":
      return { kind: type };
    case "array": {
      if (Array.isArray(schema.prefixItems)) return { kind: "json" };
      const item = plan(schema.items ?? true, root, depth + 1);
      if (item.kind === "choice" && !item.nullable && schema.uniqueItems !== false && item.options.length <= 12) {
        return { kind: "choices", options: item.options };
      }
      return { kind: "list", item };
    }
    case "object": {
      if (!schema.properties || !Object.keys(schema.properties).length) {
        return schema.additionalProperties === false || depth === 0 && schema.additionalProperties === undefined
          ? { kind: "object", fields: [] } : { kind: "json" };
      }
      const required = new Set(schema.required ?? []);
      const fields = Object.entries(schema.properties).map(([name, property]) => (
        { name, required: required.has(name), part: plan(property, root, depth + 1) }));
      return { kind: "object", fields };
    }
    default: return { kind: "json" };
  }
}

function variant(schema, root, depth, index) {
  const part = plan(schema, root, depth + 1);
  const named = part.kind === "object" && part.fields.find((field) => field.part.kind === "choice" && field.part.options.length === 1);
  const only = part.kind === "object" && part.fields.length === 1 ? part.fields[0].name : null;
  const label = part.title ?? named?.part?.options[0].label ?? only ?? (part.kind === "json" ? `Variant ${index + 1}` : part.kind);
  return { label, part };
}

const option = (value, label) => ({ value, label: label ?? (typeof value === "string" ? value : JSON.stringify(value)) });

/** The values of a closed set, however it is written. */
function choices(schema, root) {
  if (Array.isArray(schema.enum)) return schema.enum.map((value, index) => option(value, schema.enumNames?.[index]));
  const variants = schema.oneOf ?? schema.anyOf;
  if (!Array.isArray(variants) || !variants.length) return null;
  const all = [];
  for (const one of variants.map((it) => resolve(it, root))) {
    if (one && typeof one === "object" && "const" in one) all.push(option(one.const, one.title));
    else if (Array.isArray(one?.enum)) all.push(...one.enum.map((value) => option(value)));
    else return null;
  }
  return all;
}

/** Takes `null` out of what is allowed, and says whether it was there. */
function withoutNull(schema, root) {
  if (Array.isArray(schema.type) && schema.type.includes("null")) {
    const type = schema.type.filter((one) => one !== "null");
    const own = { ...schema, type: type.length === 1 ? type[0] : type };
    if (Array.isArray(own.enum)) own.enum = own.enum.filter((value) => value !== null);
    return { schema: own, nullable: true };
  }
  for (const key of ["anyOf", "oneOf"]) {
    if (!Array.isArray(schema[key])) continue;
    const rest = schema[key].filter((one) => resolve(one, root)?.type !== "null");
    if (rest.length === schema[key].length || !rest.length) continue;
    if (rest.length > 1) return { schema: { ...schema, [key]: rest }, nullable: true };
    const { [key]: _, ...others } = schema;
    return { schema: merged(others, resolve(rest[0], root)), nullable: true };
  }
  return { schema, nullable: false };
}

/** Follows references, and puts `allOf` together. */
function resolve(schema, root, hops = 0) {
  if (schema === null || typeof schema !== "object" || hops > DEEP) return schema;
  if (typeof schema.$ref === "string") {
    const { $ref, ...others } = schema;
    return resolve(merged(others, pointer(root, $ref)), root, hops + 1);
  }
  if (Array.isArray(schema.allOf)) {
    const { allOf, ...others } = schema;
    return allOf.map((one) => resolve(one, root, hops + 1)).reduce(merged, others);
  }
  return schema;
}

function pointer(root, ref) {
  if (!ref.startsWith("#")) return {};
  const keys = ref.slice(1).split("/").slice(1).map((key) => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~"));
  return keys.reduce((at, key) => at?.[key], root) ?? {};
}

/** The first speaks first. */
function merged(one, other) {
  if (!other || typeof other !== "object") return one;
  const both = { ...other, ...one };
  if (one.properties && other.properties) both.properties = { ...other.properties, ...one.properties };
  if (one.required && other.required) both.required = [...new Set([...other.required, ...one.required])];
  return both;
}

/** The `properties` that travel in a header as well: name of the header and path (2026-07-28, Custom Headers). */
export function mirrored(schema, path = []) {
  const found = [];
  for (const [name, property] of Object.entries(schema?.properties ?? {})) {
    const at = [...path, name];
    if (typeof property?.["x-mcp-header"] === "string") found.push([`Mcp-Param-${property["x-mcp-header"]}`, at]);
    if (property?.properties) found.push(...mirrored(property, at));
  }
  return found;
}
