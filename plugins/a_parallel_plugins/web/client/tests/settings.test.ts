import { describe, expect, it } from "vitest";
import { pairs, words } from "@/views/settings/mcp/parse";
import { read, settingsOf, written } from "@/views/settings/plugins/schema";

const SCHEMA = {
  description: "How it works.\n\nAttributes:\n    pace, limit: seconds between\n        two ``words``.\n    kind: what it is: good or bad.",
  $defs: { Kind: { enum: ["good", "bad"], type: "string" } },
  properties: {
    pace: { type: "number", default: 0.5, exclusiveMinimum: 0 },
    limit: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }], default: null },
    kind: { $ref: "#/$defs/Kind", default: "good" },
    hosts: { type: "array", items: { type: "string" }, default: [] },
    on: { type: "boolean", description: "Its own words.", default: false },
    models: { type: "object", additionalProperties: { type: "string" } },
    size: { anyOf: [{ type: "integer" }, { type: "string" }] },
  },
};

const SETTINGS = Object.fromEntries(settingsOf(SCHEMA).map((one) => [one.key, one]));

function setting(key: string) {
  const found = SETTINGS[key];
  if (!found) throw new Error(key);
  return found;
}

describe("settings of a plugin", () => {
  it("get a field by their type", () => {
    const kinds = Object.fromEntries(Object.values(SETTINGS).map(({ key, kind }) => [key, kind]));
    expect(kinds).toEqual({ pace: "number", limit: "integer", kind: "choice", hosts: "lines", on: "boolean", models: "json", size: "json" });
    expect(setting("kind").choices).toEqual(["good", "bad"]);
    expect([setting("limit").nullable, setting("limit").minimum, setting("pace").nullable]).toEqual([true, 1, false]);
  });

  it("are explained by their own description or by that of the whole", () => {
    expect(setting("limit").help).toBe("Seconds between two words.");
    expect(setting("kind").help).toBe("What it is: good or bad.");
    expect(setting("on").help).toBe("Its own words.");
    expect(setting("models").help).toBe("");
  });

  it("come back as they went", () => {
    const values = { pace: 0.25, limit: null, kind: "bad", hosts: ["a", "b"], on: true, models: { opus: "x" }, size: "1" };
    for (const [key, value] of Object.entries(values)) expect(read(setting(key), written(setting(key), value))).toEqual(value);
  });

  it("that are no JSON are not read", () => {
    expect(() => read(setting("models"), "{opus")).toThrow(SyntaxError);
  });
});

describe("a command line of an MCP server", () => {
  it("is split where a shell would split it", () => {
    expect(words("npx -y  @playwright/mcp@latest")).toEqual(["npx", "-y", "@playwright/mcp@latest"]);
    expect(words(`run "two words" 'it''s' a\\ b "" "say \\"hi\\""`)).toEqual(["run", "two words", "its", "a b", "", 'say "hi"']);
  });

  it("has pairs, one to a line", () => {
    expect(pairs("Authorization: Bearer a:b\n\n X-Team : web ", ":")).toEqual({ values: { Authorization: "Bearer a:b", "X-Team": "web" } });
    expect(pairs("A=1\nnonsense", "=")).toEqual({ wrong: "nonsense" });
  });
});
