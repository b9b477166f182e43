// A job that another client created is found, followed and priced within ten seconds.

import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { python, repository } from "../fixtures/environment";
import { cost, shows } from "../fixtures/money";
import { expect, test } from "../fixtures/test";
import { RunPage } from "../pages/run_page";

test("a job created with boto3 appears with metrics and cost", async ({ page, server }) => {
  await page.goto("/runs");
  const name = execFileSync(python, ["-B", "import_job.py", "40", "0.5"], {
    cwd: join(repository, "end2end/python"),
    encoding: "utf8",
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: server.awsUrl,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_EC2_METADATA_DISABLED: "true",
    },
  }).trim();

  // By itself, in a page that was open before.
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toBeVisible({ timeout: 10_000 });
  await row.getByRole("link").first().click();
  const run = new RunPage(page);
  await run.is("Running", 30_000);
  expect(await run.jobName()).toBe(name);
  expect(await run.hyperparameter("epochs")).toBe("40");
  await run.grows("train:loss", 10_000);
  await run.is("Completed", 60_000);

  const job = await server.aws.describe(name);
  await expect.poll(() => run.number("Billable seconds"), { timeout: 10_000 }).toBe(job.BillableTimeInSeconds);
  const shown = await run.fact("Cost").innerText();
  const { InstanceType: type, InstanceCount: count } = job.ResourceConfig;
  expect(shows(shown, cost(type, job.BillableTimeInSeconds ?? 0, count)), shown).toBe(true);
  await expect.poll(() => run.points("train:loss"), { timeout: 10_000 }).toBe(40);
  await expect(run.log).toContainText("epoch=40");
});
