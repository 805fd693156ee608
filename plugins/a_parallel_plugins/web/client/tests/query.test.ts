import { QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { Cache } from "@/data/query";

/** A query whose answers are given by hand. */
function asked(cache: Cache, key: string) {
  const answers: ((answer: string) => void)[] = [];
  const observer = new QueryObserver(cache, {
    queryKey: [key],
    queryFn: () => new Promise<string>((resolve) => answers.push(resolve)),
    staleTime: Infinity,
  });
  const stop = observer.subscribe(() => undefined);
  return { answers, shown: () => observer.getCurrentResult().data, stop };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("an event that comes while the first answer is under way lets it be asked for again", async () => {
  const cache = new Cache();
  const runs = asked(cache, "runs");
  void cache.invalidateQueries({ queryKey: ["runs"] });
  expect(runs.answers).toHaveLength(1);
  runs.answers[0]?.("running");
  await settled();
  expect(runs.answers).toHaveLength(2);
  runs.answers[1]?.("completed");
  await settled();
  expect(runs.shown()).toBe("completed");
  expect(runs.answers).toHaveLength(2);
  runs.stop();
});

test("an event about something else does not", async () => {
  const cache = new Cache();
  const runs = asked(cache, "runs");
  void cache.invalidateQueries({ queryKey: ["others"] });
  runs.answers[0]?.("running");
  await settled();
  expect(runs.answers).toHaveLength(1);
  runs.stop();
});
