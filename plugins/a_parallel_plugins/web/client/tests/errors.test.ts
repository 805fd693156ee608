import { describe, expect, it } from "vitest";
import { errorText } from "@/api/errors";

describe("what an answer says about its failure", () => {
  it("is its error, with the reason and what was tried", () => {
    expect(errorText({ error: "Project not found" })).toBe("Project not found");
    expect(errorText({ error: "Failed to start agent", message: "No disk" })).toBe("Failed to start agent: No disk");
    expect(errorText({ error: "No CLI", message: "Install it.", details: "Not on PATH" })).toBe("No CLI: Install it. Not on PATH");
  });

  it("says nothing twice", () => {
    expect(errorText({ error: "Failed to start agent: No disk", message: "No disk" })).toBe("Failed to start agent: No disk");
    expect(errorText({ error: "Wrong password", message: "Wrong password", code: "X" })).toBe("Wrong password");
  });

  it("is unknown where there is none", () => {
    expect(errorText({ message: "Not signed in" })).toBe("Not signed in");
    expect([errorText(null), errorText("<html>"), errorText({ error: {} })]).toEqual([undefined, undefined, undefined]);
  });
});
