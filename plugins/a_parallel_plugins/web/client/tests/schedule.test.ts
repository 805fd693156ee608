import { describe, expect, it } from "vitest";
import { describe as said, nextRuns } from "@/views/automations/schedule";
import { zoneName, zoneText } from "@/views/automations/zone";

describe("a schedule", () => {
  it("is said in words", () => {
    expect(said("0 9 * * MON-FRI")).toBe("At 09:00, Monday through Friday");
    expect(said("@Daily")).toBe("At 00:00");
    expect(said(" 30 0 9 1 1 * 2027 ")).toContain("2027");
  });

  it("is refused as the server refuses it", () => {
    for (const wrong of ["every day", "61 * * * *", "* * * *", "*/0 * * * *", "@reboot", ""]) expect(said(wrong)).toBeNull();
  });

  it("keeps its own words where there are none for it", () => {
    expect(said("0 9 1 * +MON")).toBeTruthy();
    expect(said("0 9 LW * *")).toBeTruthy();
  });

  it("names its next times in its own time zone, over a change of clocks", () => {
    const times = nextRuns("0 9 * * *", "Europe/Berlin", 400) ?? [];
    const hours = new Set(times.map((time) => time.toLocaleTimeString("en-GB", { timeZone: "Europe/Berlin" })));
    expect(times).toHaveLength(400);
    expect(hours).toEqual(new Set(["09:00:00"]));
    expect(nextRuns("0 0 31 2 *", "UTC", 3)).toEqual([]);
  });
});

describe("the server's time zone", () => {
  const kolkata = { timezone: "Asia/Kolkata", utcOffset: 330 };
  const unnamed = { timezone: null, utcOffset: -210 };

  it("is called by its name, or by how much it differs from UTC", () => {
    expect(zoneName(kolkata)).toBe("Asia/Kolkata");
    expect(zoneName({ timezone: "America/New_York", utcOffset: -300 })).toBe("America/New York");
    expect(zoneName(unnamed)).toBe("UTC−03:30");
  });

  it("is that of the times unless another one is chosen", () => {
    expect(zoneText(null, kolkata)).toBe("Times in Asia/Kolkata, the server's time zone");
    expect(zoneText("Europe/Berlin", kolkata)).toBe("Times in Europe/Berlin");
    expect(zoneText(null, unnamed)).toContain("it is at UTC−03:30");
    expect(zoneText(null, { timezone: "Mars/Olympus", utcOffset: 60 })).toContain("it is at UTC+01:00");
    expect(zoneText(null, undefined)).toBe("");
  });
});
