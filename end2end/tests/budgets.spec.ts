// A team's budgets: a launch that does not fit is refused beside its field, and the page of costs shows what is used.

import { Rest } from "../fixtures/rest";
import { counting } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { LaunchPage, MAX_RUNTIME } from "../pages/launch_page";

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

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with the script" : "without the script", () => {
    test.use({ javaScriptEnabled });

    test("what does not fit is refused with the budget's figures, and fits with a shorter limit", async ({ page }) => {
      const form = await new LaunchPage(page).open();
      const script = { name: "train.py", mimeType: "text/x-python", buffer: Buffer.from(counting(1, 0.1)) };
      await form.upload(script);
      await form.fill("experiment", "vision-1");
      await form.fill(MAX_RUNTIME, "7200");
      await form.press();
      if (!javaScriptEnabled) await page.waitForURL(/\/launch\?draft=/);
      const refusal = form.errorOf("budget");
      await expect(refusal).toContainText("The budget `vision` of $0.3000 for");
      await expect(refusal).toContainText("this job can cost $0.46 in that month");
      await expect(refusal).toContainText("Ask ann.");
      await form.fill(MAX_RUNTIME, "600");
      if (!javaScriptEnabled) await form.upload(script);
      const run = await form.launch();
      await new Rest(page.request).completed(run.id);

      await page.goto("/costs");
      const budget = page.getByRole("region", { name: "Budgets" }).getByRole("listitem");
      await expect(budget).toContainText("vision");
      await expect(budget).toContainText(/\$0\.2\d{3} left of \$0\.3000/);
      await expect(budget).not.toContainText("$0.3000 left");
    });
  });
}
