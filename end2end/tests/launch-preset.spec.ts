// A form under a name: made, chosen, renamed, deleted, with and without the script; secrets are not kept.

import { counting, LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { INSTANCE_TYPE, LaunchPage, METRICS } from "../pages/launch_page";
import { PresetsPage } from "../pages/presets_page";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with the script" : "without the script", () => {
    test.use({ javaScriptEnabled });
    const name = `nightly ${javaScriptEnabled ? "with" : "without"}`;

    test("the form is kept as it stands, and launches again from its preset", async ({ page }) => {
      const form = await new LaunchPage(page).open();
      await form.uploadScript(counting(2, 0.1));
      await form.fill("experiment", "presets");
      await form.setRow(METRICS, LOSS.name, LOSS.regex);
      await form.setRow("Environment", "HF_TOKEN", "tell-nobody");
      await form.setRow("Environment", "OMP_NUM_THREADS", "2");
      const presets = new PresetsPage(page);
      await presets.saveForm(name);
      await page.waitForURL(/\/launch\?preset=/);
      await expect(form.field("experiment")).toHaveValue("presets");
      await expect(form.cells(METRICS, 0).first()).toHaveValue(LOSS.name);
      await expect(page.getByText("keeps no secrets")).toContainText("Environment.HF_TOKEN");
      expect(await page.content()).not.toContain("tell-nobody");

      await page.goto("/launch");
      await presets.choose(name);
      await expect(form.field("experiment")).toHaveValue("presets");
      await expect(page.getByText("Uploaded: train.py")).toBeVisible();
      const run = await form.launch();
      await expect(run.state).toBeVisible();

      // A preset of a run, its new name, its end.
      await page.goto(`/runs/${run.id}?tab=config`);
      await presets.saveRun(`${name} of a run`);
      await page.waitForURL(/\/launch\?preset=/);
      await expect(form.field("experiment")).toHaveValue("presets");
      await expect(page.locator('form.launch input[name="parent"]')).toHaveCount(0);
      await presets.open();
      await presets.rename(`${name} of a run`, `${name} renamed`);
      await expect(presets.row(`${name} renamed`)).toBeVisible();
      await presets.delete(`${name} renamed`);
      await expect(presets.row(`${name} renamed`)).toHaveCount(0);
      await expect(presets.row(name)).toBeVisible();
    });

    test("an unfinished form is kept, and a bad name loses nothing", async ({ page }) => {
      const form = await new LaunchPage(page).open();
      await form.fill("experiment", "half done");
      await form.fill(INSTANCE_TYPE, "ml.g5.xlarge");
      const presets = new PresetsPage(page);
      await presets.saveForm("   ");
      await page.waitForURL(/\/launch\?draft=/);
      await expect(form.errorOf("preset_name")).toContainText("1 to 80 characters");
      await expect(form.field("experiment")).toHaveValue("half done");
      await page.locator('form.launch input[name="preset_name"]').fill(`${name} half`);
      await page.getByRole("button", { name: "Save this form" }).click();
      await page.waitForURL(/\/launch\?preset=/);
      await expect(form.field(INSTANCE_TYPE)).toHaveValue("ml.g5.xlarge");
    });
  });
}
