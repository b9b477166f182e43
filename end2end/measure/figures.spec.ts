// First load of a run's page, memory of an idle server, time from nothing to the first page.

import { readFileSync } from "node:fs";

import type { CDPSession } from "@playwright/test";

import { counting, LOSS } from "../fixtures/scripts";
import { Server } from "../fixtures/server";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";

/** How often a start is timed; the median is told. */
const STARTS = 7;

const print = (line: string): void => void process.stdout.write(`\n    ${line}\n`);
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

test("first load of a run's page", async ({ browser, page, server }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(100, 0.05));
  await form.fill("experiment", "measured");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  const run = await form.launch();
  await run.is("Completed", 90_000);

  // A browser that has never been here, and the bytes as they come over the wire.
  const context = await browser.newContext({ baseURL: server.url });
  const fresh = await context.newPage();
  const network: CDPSession = await context.newCDPSession(fresh);
  await network.send("Network.enable");
  const paths = new Map<string, string>();
  const sizes = new Map<string, number>();
  network.on("Network.responseReceived", ({ requestId, response }) => paths.set(requestId, new URL(response.url).pathname));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength));
  await fresh.goto(`/runs/${run.id}`);
  await expect(fresh.locator(".light")).toHaveText(/Live|Not live/);
  await fresh.waitForLoadState("load");
  // The client has taken over when it answers: the theme switch is its work.
  await fresh.getByRole("button", { name: "Dark theme" }).click();
  await expect(fresh.getByRole("button", { name: "Dark theme" })).toHaveAttribute("aria-pressed", "true");

  const loaded = [...sizes].map(([id, bytes]) => ({ path: paths.get(id) ?? "?", bytes }));
  const total = loaded.reduce((sum, it) => sum + it.bytes, 0);
  for (const { path, bytes } of loaded.toSorted((a, b) => b.bytes - a.bytes)) {
    print(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${path}`);
  }
  print(`first load of a run's page: ${(total / 1000).toFixed(0)} kB in ${loaded.length} requests, compressed, with headers`);
  expect(loaded.some((it) => it.path.endsWith(".wasm")), "the client was loaded").toBe(true);
  await context.close();
});

test("memory of an idle server", async () => {
  const server = await Server.start("measure-memory");
  try {
    const resident = (): number => {
      const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    };
    for (const path of ["/", "/launch", "/runs", "/experiments"]) await (await fetch(server.url + path)).text();
    // Idle is when two looks a second apart agree.
    let before = NaN;
    await expect.poll(() => {
      const now = resident();
      const difference = Math.abs(now - before);
      before = now;
      return difference;
    }, { intervals: [1_000], timeout: 30_000 }).toBeLessThan(0.5);
    print(`server, idle after its pages were opened: ${resident().toFixed(0)} MiB resident`);
  } finally {
    await server.dispose();
  }
});

test("from nothing to the first page", async () => {
  const server = await Server.start("measure-start");
  const times: number[] = [];
  try {
    for (let start = 0; start < STARTS; start += 1) {
      await server.stop();
      const began = performance.now();
      await server.startAgain();
      const answer = await fetch(server.url);
      await answer.text();
      times.push(performance.now() - began);
      expect(answer.ok).toBe(true);
    }
  } finally {
    await server.dispose();
  }
  print(`start to first page: ${median(times).toFixed(0)} ms (median of ${STARTS}; ready is asked for every 20 ms)`);
});
