// Definitions are tried before anything is launched, and found in the script instead of written.

import { counting, LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";
import { Workbench } from "../pages/workbench";

test("a pasted log shows what each definition finds, live as it is typed", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  const workbench = await new Workbench(page).open();
  await workbench.log.fill("starting\nepoch=1 loss=0.5 acc=low\nepoch=2 loss=0.25 acc=high\n<img src=x onerror=alert(1)> loss=0.125");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  await expect(workbench.trial(LOSS.name)).toContainText("3 matches");
  await expect(workbench.curve(LOSS.name)).toHaveAttribute("data-points", "3");
  await expect(workbench.marked).toHaveCount(3);
  await expect(workbench.marked.first()).toContainText("epoch=1 loss=0.5");
  await expect(workbench.marked.first().locator("mark")).toHaveText("0.5");
  await expect(workbench.marked.first()).toContainText("step 1");
  await expect(workbench.marked.last()).toContainText("<img src=x");

  // Each way to find nothing names its cure.
  await form.setRow(METRICS, "acc", "acc=(\\S+)");
  await expect(workbench.trial("acc")).toContainText("`low`, which is no number");
  await form.setRow(METRICS, "acc", "Loss=([0-9.]+)");
  await expect(workbench.trial("acc")).toContainText("(?i)");
  await form.setRow(METRICS, "acc", "accuracy=([0-9.]+)");
  await expect(workbench.trial("acc")).toContainText("No line has `accuracy=`");
  await workbench.log.fill("accuracy=0.75");
  await expect(workbench.trial("acc")).toContainText("1 match");
});

test("definitions come out of a script that was just chosen, and find the numbers of its run", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(3, 0.1));
  await form.fill("experiment", "workbench");
  const workbench = await new Workbench(page).open();
  await workbench.findInScript();
  await expect(workbench.proposals).toHaveCount(1);
  await expect(workbench.proposals.first()).toContainText("epoch=1 loss=2.234500");
  await workbench.add("loss");
  await expect(form.cells(METRICS, 0).first()).toHaveValue("loss");
  await expect(workbench.proposals.first()).toContainText("Added");
  const run = await form.launch();
  await run.is("Completed", 90_000);
  await expect.poll(() => run.points("loss")).toBe(3);

  // The log of that run is there for the next form.
  const next = await new LaunchPage(page).open();
  await next.fill("experiment", "workbench");
  await next.setRow(METRICS, LOSS.name, LOSS.regex);
  const again = await new Workbench(page).open();
  await again.fetchLog();
  await expect(again.log).toHaveValue(/epoch=3 loss=0\.333333/);
  await expect(again.curve(LOSS.name)).toHaveAttribute("data-points", "3");
  await again.fetchLog("no-such-job");
  await expect(page.getByText("No job with a log has `no-such-job`")).toBeVisible();
});

test("a sample's script proposes what it prints", async ({ page }) => {
  await new LaunchPage(page).openSample("iris-stdlib");
  const workbench = await new Workbench(page).open();
  await workbench.findInScript();
  await expect(workbench.proposals.filter({ hasText: "train:loss" }).first()).toBeVisible();
});
