// A run is launched again with a change: the form is filled, the change is shown, the lineage is kept.

import { counting, LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";

test("clone with a change", async ({ page, server }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(3, 0.1));
  await form.fill("experiment", "clones");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  await form.setRow("HyperParameters", "learning-rate", "0.1");
  const first = await form.launch();
  await first.is("Completed", 90_000);
  // The page's address tells the id, and the page goes on.
  const firstId = first.id;
  const original = await server.aws.describe(await first.jobName());

  await page.getByRole("link", { name: "Clone", exact: true }).click();
  const clone = new LaunchPage(page);
  await expect(clone.field("experiment")).toHaveValue("clones");
  await expect(page.getByText("Nothing is changed yet")).toBeVisible();
  await clone.setRow("HyperParameters", "learning-rate", "0.2");
  const changes = page.getByRole("region", { name: /^Clone of/ });
  await expect(changes).toContainText("1 change");
  await expect(changes).toContainText("HyperParameters.learning-rate");
  await expect(changes.locator("del")).toHaveText("0.1");
  await expect(changes.locator("ins")).toHaveText("0.2");

  const second = await clone.launch();
  expect(second.id).not.toBe(firstId);
  await second.is("Completed", 90_000);
  const job = await server.aws.describe(await second.jobName());
  expect(job.HyperParameters).toEqual({ ...original.HyperParameters, "learning-rate": "0.2" });
  await page.getByText("cloned from").getByRole("link").click();
  await page.waitForURL(new RegExp(`/runs/${firstId}$`));
});
