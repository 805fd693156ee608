/** The parts of JSON Schema that settings of plugins use. */
interface JsonSchema {
  type?: string | string[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  title?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
}

export type Kind = "boolean" | "integer" | "number" | "text" | "choice" | "lines" | "json";

/** One setting, as the form shows it. */
export interface Setting {
  key: string;
  title: string;
  help: string;
  kind: Kind;
  /** May be null, which the form shows as empty. */
  nullable: boolean;
  choices: string[];
  minimum?: number;
  maximum?: number;
  /** Undefined where there is none. */
  default: unknown;
}

/** Reads the settings out of a JSON schema; help comes from a property's description or from "Attributes:" of the whole. */
export function settingsOf(given: Record<string, unknown>): Setting[] {
  const schema = given as JsonSchema;
  const helps = attributes(schema.description ?? "");
  return Object.entries(schema.properties ?? {}).map(([key, property]) => {
    const options = (property.anyOf ?? [property]).map((one) => resolve(one, schema));
    const kinds = options.filter((one) => one.type !== "null");
    const main = kinds[0] ?? {};
    const kind = kinds.length === 1 ? kindOf(main, schema) : "json";
    return {
      key,
      title: titleOf(key),
      help: property.description ?? helps[key] ?? "",
      kind,
      nullable: kinds.length < options.length,
      choices: kind === "choice" ? (main.enum ?? [main.const]).map(String) : [],
      minimum: main.minimum ?? main.exclusiveMinimum,
      maximum: main.maximum ?? main.exclusiveMaximum,
      default: property.default,
    };
  });
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : { ...root.$defs?.[name], ...schema };
}

function kindOf(schema: JsonSchema, root: JsonSchema): Kind {
  if (schema.const !== undefined || schema.enum) return "choice";
  switch (schema.type) {
    case "boolean":
    case "integer":
    case "number":
      return schema.type;
    case "string":
      return "text";
    case "array":
      return schema.items && resolve(schema.items, root).type === "string" && !resolve(schema.items, root).enum ? "lines" : "json";
    default:
      return "json";
  }
}

/** "max_runs_per_user" as "Max runs per user". */
function titleOf(key: string): string {
  const words = key.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Reads the part "Attributes:" of a docstring: `name[, name]: text`, continued by lines that are further in. */
function attributes(docstring: string): Record<string, string> {
  const found: Record<string, string> = {};
  let names: string[] = [];
  for (const line of docstring.split(/^\s*Attributes:\s*$/m)[1]?.split("\n") ?? []) {
    const entry = /^ {4}([\w, ]+): (.*)$/.exec(line);
    if (entry) names = (entry[1] ?? "").split(",").map((name) => name.trim());
    const said = (entry?.[2] ?? line).trim();
    for (const name of said ? names : []) found[name] = [found[name], said].filter(Boolean).join(" ");
  }
  for (const [name, said] of Object.entries(found)) found[name] = plain(said);
  return found;
}

function plain(said: string): string {
  const text = said.replaceAll("``", "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns how a value stands in its field. */
export function written({ kind }: Setting, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (kind === "json") return JSON.stringify(value, null, 2);
  if (kind === "lines") return (value as unknown[]).join("\n");
  return String(value);
}

/** Reads a field; throws a SyntaxError for JSON that is none. */
export function read({ kind, nullable }: Setting, field: string): unknown {
  if (nullable && !field.trim()) return null;
  switch (kind) {
    case "boolean":
      return field === "true";
    case "integer":
    case "number":
      return field.trim() === "" ? null : Number(field);
    case "lines":
      return field
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    case "json":
      return JSON.parse(field);
    default:
      return field;
  }
}
