// Quotas before you pay: refused in the form, waited for in line, and taken around by another type.

import { counting } from "../fixtures/scripts";
import { Server } from "../fixtures/server";
import { expect, test } from "../fixtures/test";
import { INSTANCE_COUNT, INSTANCE_TYPE, LaunchPage } from "../pages/launch_page";
import { RunPage } from "../pages/run_page";

const CONFIG = `
[quotas]
"training:ml.m5.xlarge" = 1
"training:ml.m5.2xlarge" = 1
"training:ml.g5.xlarge" = 0
`;

test.use({ serverConfig: CONFIG });

test.afterEach(async ({ server }) => {
  await server.aws.stopAllJobs();
});

/** A job that runs until it is stopped. */
async function endless(form: LaunchPage): Promise<LaunchPage> {
  await form.uploadScript(counting(10_000, 0.2));
  return await form.fill("experiment", "quota");
}

/** Stops the only job that runs, and waits until our side knows that its place is free. */
async function makeRoom(run: RunPage, server: Server): Promise<void> {
  await server.aws.stopAllJobs();
  await run.is("Stopped");
}

test("a job over quota is refused in the form, then waits, and runs when there is room", async ({ page, context, server }) => {
  const first = await (await endless(await new LaunchPage(page).open())).launch();
  await first.is("Running");

  const other = await context.newPage();
  const form = await endless(await new LaunchPage(other).open());
  await expect(other.locator(".instance-chosen")).toContainText("0 of 1 left");
  await expect(other.getByRole("button", { name: /^ml\.m5\.2xlarge.*1 of 1 left/ })).toBeVisible();
  const notice = other.getByRole("region", { name: "Quota" });
  await expect(notice).toContainText("ml.m5.xlarge for training job usage");
  await expect(notice).toContainText("1 in use; this job needs 1");
  await form.press();
  await expect(form.errorOf(INSTANCE_COUNT)).toContainText(/quota .* is 1 instance, 1 in use; this job needs 1.*wait for room/);
  expect(await server.aws.jobNames(), "nothing was sent").toHaveLength(1);

  await other.getByRole("button", { name: "Wait for room" }).click();
  await expect(other.getByRole("radio", { name: /Wait for room/ })).toBeChecked();
  await expect(notice).toContainText("It waits for room");
  const second = await form.launch();
  await second.is("Queued");
  const reason = other.getByRole("region", { name: "What it waits for" });
  await expect(reason).toContainText(/Waits for room.*1 in use/);
  expect(await server.aws.jobNames()).toHaveLength(1);

  await makeRoom(first, server);
  await second.is("Running");
  await expect(reason).toHaveCount(0);
  expect(await server.aws.jobNames()).toHaveLength(2);
});

test("who waits can be stopped, and is never sent", async ({ page, context, server }) => {
  const first = await (await endless(await new LaunchPage(page).open())).launch();
  await first.is("Running");
  const other = await context.newPage();
  const form = await endless(await new LaunchPage(other).open());
  await other.getByRole("button", { name: "Wait for room" }).click();
  const second = await form.launch();
  await second.is("Queued");
  const before = (await server.aws.jobNames()).length;
  await second.stop();
  await second.is("Stopped");
  await makeRoom(first, server);
  expect(await server.aws.jobNames()).toHaveLength(before);
});

test("a fallback within the cap is taken, and the run shows what was sent", async ({ page, context, server }) => {
  const first = await (await endless(await new LaunchPage(page).open())).launch();
  await first.is("Running");
  const other = await context.newPage();
  const form = await endless(await new LaunchPage(other).open());
  await other.getByRole("radio", { name: /Take something else/ }).check();
  await form.fill("quota.instance_types", "ml.m5.2xlarge");
  await form.fill("quota.max_usd_per_hour", "0.10");
  await form.press();
  await expect(form.errorOf("quota.instance_types")).toContainText("above the cap of $0.1000");
  await form.fill("quota.max_usd_per_hour", "0.50");
  const second = await form.launch();
  await second.is("Running");
  await expect(other.locator(".run-sub")).toContainText("ml.m5.2xlarge");
  await expect(other.locator(".run-sub")).toContainText("instead of ml.m5.xlarge on-demand");
  const job = await server.aws.describe(await second.jobName());
  expect(job.ResourceConfig.InstanceType).toBe("ml.m5.2xlarge");
});

test("a quota of nothing names the type, and waiting is no cure", async ({ page }) => {
  const form = await endless(await new LaunchPage(page).open());
  await form.fill(INSTANCE_TYPE, "ml.g5.xlarge");
  await expect(page.locator(".instance-chosen")).toContainText("quota 0");
  await page.getByRole("radio", { name: /Wait for room/ }).check();
  await form.press();
  await expect(form.errorOf(INSTANCE_TYPE)).toContainText("waiting would not help");
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the form says that there is no room, and a choice makes it wait", async ({ page, server }) => {
    const running = await (await endless(await new LaunchPage(page).open())).launch();
    const name = await running.jobName();
    await server.aws.waitForStatus(name, "InProgress");
    const form = await endless(await new LaunchPage(page).open());
    await expect(page.getByRole("region", { name: "Quota" })).toContainText("does not fit the quota");
    await form.press();
    await expect(form.errorOf(INSTANCE_COUNT)).toContainText("this job needs 1");
    await page.getByRole("radio", { name: /Wait for room/ }).check();
    const run = await form.launch();
    await expect(run.state).toContainText("Queued");
    await server.aws.stopAllJobs();
    const state = async (): Promise<string> => {
      await page.reload();
      return await run.state.innerText();
    };
    await expect.poll(state, { timeout: 60_000, message: "it is sent when there is room" }).toContain("Running");
  });
});
