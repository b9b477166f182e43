// A team's budgets: a launch that does not fit is refused beside its field, and the page of costs shows what is used.

import { counting } from "../fixtures/scripts";
import { Rest } from "../fixtures/rest";
import { expect, test } from "../fixtures/test";
import { LaunchPage } from "../pages/launch_page";

// An hour of the form's ml.m5.xlarge costs 23 cents.
test.use({
  serverConfig: `
[[budget]]
name = "vision"
experiments = "vision-*"
usd_per_month = "0.3"
hard = true
message = "Ask ann."
`,
});

test("a job that does not fit is refused with the budget's figures, and fits with a shorter limit", async ({ page, request }) => {
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(2, 0.1));
  await form.fill("experiment", "vision-1");
  await form.fill("StoppingCondition.MaxRuntimeInSeconds", "7200");
  await page.getByRole("button", { name: "Launch", exact: true }).click();
  const refusal = page.getByText(/the budget `vision` of \$0\.3000 a month has \$0\.3000 left/);
  await expect(refusal).toBeVisible();
  await expect(refusal).toContainText("Ask ann.");
  await form.fill("StoppingCondition.MaxRuntimeInSeconds", "3600");
  const run = await form.launch();
  await run.is("Completed", 90_000);
  await new Rest(request).completed(run.id);

  await page.goto("/costs");
  const budget = page.getByRole("region", { name: "Budgets" }).getByRole("listitem");
  await expect(budget).toContainText("vision");
  await expect(budget).toContainText("left of $0.3000");
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the form comes back with the refusal", async ({ page }) => {
    await page.goto("/launch?sample=iris-stdlib");
    await page.locator('[name="experiment"]').fill("vision-2");
    await page.locator('[name="StoppingCondition.MaxRuntimeInSeconds"]').fill("86400");
    await page.getByRole("button", { name: "Launch", exact: true }).click();
    await expect(page.getByText(/the budget `vision`/)).toBeVisible();
  });
});
