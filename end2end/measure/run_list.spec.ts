// The run list over 100,000 runs: how long its pages take, and whether it scrolls without a stutter.

import { serverWithRuns } from "../fixtures/many_runs";
import { expect, test } from "../fixtures/test";

const RUNS = 100_000;
/** How often a page is timed; the median is told. */
const TIMES = 15;
/** Frames that are looked at while the list scrolls. */
const FRAMES = 300;
/** A frame at 60 a second takes 16.7 ms; a browser's clock is coarse. */
const FRAME_MS = 1_000 / 60 + 1;

const print = (line: string): void => void process.stdout.write(`\n    ${line}\n`);
const sorted = (values: number[]): number[] => values.toSorted((a, b) => a - b);
const median = (values: number[]): number => sorted(values)[Math.floor(values.length / 2)] ?? NaN;

const PAGES: [what: string, path: string][] = [
  ["newest first", "/runs"],
  ["an OR of a parameter and a metric", "/runs?search=params.lr%20%3D%200.01%20or%20metrics.loss%20%3C%200.08"],
  ["ordered by a metric, one experiment", "/runs?search=experiment%20%3D%20exp-7&order=metrics.loss"],
  ["all of them ordered by a metric", "/runs?order=metrics.loss"],
  ["all of them grouped by a parameter", "/runs?by=params.optimizer&columns=metrics.loss,cost"],
];

test("a list of 100,000 runs", async ({ browser, playwright }) => {
  test.setTimeout(600_000);
  const server = await serverWithRuns("measure-run-list", RUNS, playwright);
  try {
    for (const [what, path] of PAGES) {
      const times: number[] = [];
      for (let time = 0; time < TIMES; time += 1) {
        const began = performance.now();
        const answer = await fetch(server.url + path);
        const text = await answer.text();
        times.push(performance.now() - began);
        expect(answer.ok && (text.includes("grid-row") || text.includes("group-table")), path).toBe(true);
      }
      print(`${RUNS} runs, ${what}: ${median(times).toFixed(0)} ms (median of ${TIMES} whole pages)`);
    }

    const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto("/runs");
    await expect(page.locator("table.is-scrolled")).toBeVisible();
    await expect(page.locator("table.grid")).toHaveAttribute("aria-rowcount", String(RUNS + 2));
    const frames = await page.locator(".grid-scroll").evaluate(async (list, count) => {
      const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done));
      const times: number[] = [];
      let last = await frame();
      for (let index = 0; index < count; index += 1) {
        list.scrollTop += 60;
        const now = await frame();
        times.push(now - last);
        last = now;
      }
      return times;
    }, FRAMES);
    const slow = frames.filter((it) => it > FRAME_MS).length;
    const share = ((frames.length - slow) / frames.length) * 100;
    print(`scrolling by 60 px a frame: median ${median(frames).toFixed(1)} ms, ${share.toFixed(0)} % of ${FRAMES} frames within 1/60 s, longest ${Math.max(...frames).toFixed(0)} ms`);

    // To the end at once: the last run is there, and little is in the document.
    await page.locator(".grid-scroll").evaluate((list) => { list.scrollTop = list.scrollHeight; });
    await expect(page.getByRole("row").filter({ hasText: "exp-0-0" })).toBeVisible();
    print(`rows in the document: ${await page.locator("tr.grid-row").count()} of ${RUNS + 1}`);
    await context.close();
  } finally {
    await server.dispose();
  }
});
