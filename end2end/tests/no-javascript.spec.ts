// Everything that matters works before, and without, the script.

import { counting, LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";

test.use({ javaScriptEnabled: false });

test("launch, watch by reloading, stop", async ({ page, server }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(600, 0.2));
  await form.fill("experiment", "by hand");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  const run = await form.launch();
  const name = await run.jobName();

  const reloaded = async (): Promise<number> => {
    await page.reload();
    return await run.points(LOSS.name);
  };
  await expect.poll(reloaded, { timeout: 60_000, message: "the chart comes with the page" }).toBeGreaterThan(0);
  const before = await run.points(LOSS.name);
  await expect.poll(reloaded, { timeout: 60_000, message: "and grows" }).toBeGreaterThan(before);
  await expect(run.state).toContainText("Running");
  await expect(run.log).toContainText("epoch=");

  await run.stop();
  await page.waitForURL(new RegExp(`/runs/${run.id}`));
  const job = await server.aws.waitForStatus(name, "Stopped");
  expect(job.SecondaryStatusTransitions.map((it) => it.Status)).toContain("Stopping");
  await expect
    .poll(async () => (await page.reload(), await run.state.innerText()), { timeout: 30_000 })
    .toContain("Stopped");
  await expect(page.getByRole("button", { name: "Stop this run" })).toHaveCount(0);
});

test("the lists are there and can be filtered", async ({ page }) => {
  await page.goto("/runs");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Runs");
  await page.getByRole("searchbox").fill("no-such-job");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.waitForURL(/search=no-such-job/);
  await expect(page.getByText("No run matches")).toBeVisible();
});
