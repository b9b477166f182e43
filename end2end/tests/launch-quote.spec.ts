// Before you pay: what earlier runs say of the price, what to look at, and what would be cheaper.

import { expect, test } from "../fixtures/test";
import { INSTANCE_TYPE, LaunchPage, MAX_RUNTIME, SPOT } from "../pages/launch_page";

// A server of its own: what other specs have run would be quoted, too.
test.use({ serverConfig: "# nothing but the defaults\n" });

test("a sample that has run is quoted from that run", async ({ page }) => {
  const form = await new LaunchPage(page).openSample("iris-stdlib");
  await expect(form.quoted("at-most")).toContainText("$");
  await expect(form.quote).toContainText("no run like this one has completed");
  await expect(form.quoted("likely")).toHaveText("—");
  const run = await form.launch();
  await run.is("Completed", 120_000);

  const again = await new LaunchPage(page).openSample("iris-stdlib");
  await expect(again.quote).toContainText("n = 1, same source and image");
  await expect(again.quoted("likely")).toContainText("$");
  await expect(again.quoted("spot")).toHaveText("—");
  await expect(page.getByRole("button", { name: /used by 1 earlier run/ })).toBeVisible();
});

test("a cheaper type is taken with one press", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  const before = await form.quoted("at-most").innerText();
  const use = page.getByRole("button", { name: /^Use ml\./ }).first();
  const name = (await use.getAttribute("aria-label"))?.replace("Use ", "") ?? "";
  await use.click();
  await expect(form.field(INSTANCE_TYPE)).toHaveValue(name);
  await expect(form.quoted("at-most")).not.toHaveText(before);
});

test("warnings come with their price and go with their cause", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  const warnings = page.getByRole("region", { name: "Before you launch" });
  await expect(warnings).toHaveCount(0);
  await form.check(SPOT, true);
  await form.check("checkpoints", false);
  await expect(warnings).toContainText(/Spot without checkpoints.*Up to \$/);
  await form.check("checkpoints", true);
  await expect(warnings).toHaveCount(0);
  await form.fill(MAX_RUNTIME, "432000");
  await expect(warnings).toContainText(/5 d 0 h.*Up to \$/);
  await form.fill(MAX_RUNTIME, "3600");
  await form.fill(INSTANCE_TYPE, "ml.g5.xlarge");
  await expect(warnings).toContainText("No storage is billed");
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the bound stands", async ({ page }) => {
    const form = await new LaunchPage(page).open();
    await expect(form.quoted("at-most")).toContainText("$");
    await expect(form.quoted("likely")).toHaveText("—");
  });
});
