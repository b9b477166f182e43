// Live without reloading: two runs at once, and a server that is killed in between.

import { counting, LOSS } from "../fixtures/scripts";
import { Server } from "../fixtures/server";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";
import { RunPage } from "../pages/run_page";

// While the server is away the browser says that it cannot reach it.
test.use({ expectedComplaints: /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED/ });

const EPOCHS = 60;

test("two runs grow, the server is killed and comes back, and no point is missing", async ({ browser }, info) => {
  const server = await Server.start(`live-${info.workerIndex}`);
  try {
    const context = await browser.newContext({ baseURL: server.url });
    const launch = async (experiment: string): Promise<RunPage> => {
      const form = await new LaunchPage(await context.newPage()).open();
      await form.uploadScript(counting(EPOCHS, 0.4));
      await form.fill("experiment", experiment);
      await form.setRow(METRICS, LOSS.name, LOSS.regex);
      const run = await form.launch();
      await run.is("Running");
      await run.page.evaluate(() => Object.assign(window, { neverReloaded: true }));
      return run;
    };
    const runs = [await launch("one"), await launch("two")];
    for (const run of runs) await run.grows(LOSS.name);

    await server.kill();
    for (const run of runs) await expect(run.page.getByText("Reconnecting")).toBeVisible();
    await server.startAgain();
    for (const run of runs) {
      await expect(run.page.locator(".light")).toHaveText("Live", { timeout: 30_000 });
      await run.grows(LOSS.name);
    }

    for (const run of runs) {
      await run.is("Completed", 120_000);
      await expect.poll(() => run.points(LOSS.name), { timeout: 30_000, message: "no gap" }).toBe(EPOCHS);
      expect(await run.page.evaluate(() => "neverReloaded" in window), "the page was not reloaded").toBe(true);
      expect(JSON.parse(await run.modelFile("model.json"))).toEqual({ epochs: EPOCHS });
    }
    expect(await server.aws.jobNames(), "one job for each launch").toHaveLength(2);
    await context.close();
  } finally {
    await server.dispose();
  }
});

test("the overview and the list follow by themselves", async ({ page, context }) => {
  await page.goto("/runs");
  await expect(page.locator(".light")).toHaveText("Live");
  const form = await new LaunchPage(await context.newPage()).open();
  await form.uploadScript(counting(3, 0.1));
  await form.fill("experiment", "seen from afar");
  const run = await form.launch();
  const row = page.getByRole("row").filter({ hasText: "seen from afar" });
  await expect(row).toBeVisible();
  await run.is("Completed", 90_000);
  await expect(row).toContainText("Completed");
});
