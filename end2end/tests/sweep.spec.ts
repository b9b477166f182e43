// One form launched many times: the plan is shown before, the trials come in turns, the best one is marked.

import { LOSS } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { LaunchPage, METRICS } from "../pages/launch_page";

/** The loss is the distance of `x` from 3, plus that of `y` from 1. Names of one letter come with one dash. */
const DISTANCE = `
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("-x", type=float)
parser.add_argument("-y", type=float)
args, _ = parser.parse_known_args()
print(f"epoch=1 loss={abs(args.x - 3) + abs(args.y - 1):.6f}", flush=True)
`;

async function filled(form: LaunchPage): Promise<void> {
  await form.uploadScript(DISTANCE);
  await form.fill("experiment", "sweeps");
  await form.setRow(METRICS, LOSS.name, LOSS.regex);
  await form.setRow("HyperParameters", "x", "0");
  await form.setRow("HyperParameters", "y", "1");
}

for (const script of [true, false]) {
  test.describe(script ? "with the script" : "without the script", () => {
    test.use({ javaScriptEnabled: script });

    test("a grid is planned, launched and judged", async ({ page, server }) => {
      test.slow();
      const before = (await server.aws.jobNames()).length;
      const form = await new LaunchPage(page).open();
      if (!script) {
        // Blank rows are all that the page has without the script; that is enough here.
        expect(await form.cells("HyperParameters", 0).count()).toBeGreaterThanOrEqual(2);
      }
      await filled(form);
      await page.getByRole("button", { name: "Sweep over hyperparameters" }).click();
      await page.waitForURL(/\/sweeps\/new\?draft=/);
      expect(await server.aws.jobNames(), "nothing is launched by looking").toHaveLength(before);

      await page.getByLabel("Values of row 1").fill("1 to 3");
      await page.getByRole("button", { name: "Start the sweep" }).click();
      await expect(page.getByRole("alert")).toContainText("Nothing was started");
      await expect(page.locator(".field-error")).toContainText("grid needs the values of x one by one");
      await expect(page.getByLabel("Values of row 1")).toHaveValue("1 to 3");

      await page.getByLabel("Values of row 1").fill("1 to 3 step 1");
      await page.getByLabel("Values of row 2").fill("1, 2");
      await page.getByRole("button", { name: "Show the plan" }).click();
      await expect(page.locator(".estimate-figure")).toContainText("6 trials, at most $");
      await expect(page.getByRole("region", { name: "Planned trials" }).getByRole("row")).toHaveCount(7);

      await page.getByRole("button", { name: "Start the sweep" }).click();
      await page.waitForURL(/\/sweeps\/[0-9A-Z]{26}$/);
      const state = page.locator(".run-state");
      if (script) {
        await expect(state).toHaveText("Finished", { timeout: 120_000 });
      } else {
        await expect.poll(async () => (await page.reload(), await state.innerText()), { timeout: 120_000 }).toBe("Finished");
      }
      const best = page.locator("tr.is-best");
      // The values come with the log, a moment after the end.
      await expect.poll(async () => (script ? 0 : await page.reload(), await best.count()), { timeout: 30_000 }).toBe(1);
      await expect(best.locator("td").nth(0)).toHaveText("3");
      await expect(best.locator("td").nth(1)).toHaveText("1");
      expect(await server.aws.jobNames()).toHaveLength(before + 6);

      await best.getByRole("link").click();
      await page.getByText("trial of").getByRole("link").click();
      await page.waitForURL(/\/sweeps\/[0-9A-Z]{26}$/);
      await page.goto("/sweeps");
      await expect(page.getByRole("row").filter({ hasText: "grid over x, y" }).first()).toContainText("Finished");
    });
  });
}
