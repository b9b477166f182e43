// The metric workbench inside the launch form.

import { expect, type Locator, type Page } from "@playwright/test";

export class Workbench {
  private readonly panel: Locator;

  constructor(readonly page: Page) {
    this.panel = page.locator("details.workbench");
  }

  async open(): Promise<this> {
    await this.panel.locator("summary").first().click();
    await expect(this.log).toBeVisible();
    return this;
  }

  get log(): Locator {
    return this.panel.getByRole("textbox", { name: "Log to try the definitions on" });
  }

  /** What one definition finds. */
  trial(metric: string): Locator {
    return this.panel.locator(`.trial[data-metric="${metric}"]`);
  }

  /** Points of its curve. */
  curve(metric: string): Locator {
    return this.trial(metric).locator("figure.chart-card");
  }

  /** Lines with a number in them. */
  get marked(): Locator {
    return this.panel.locator(".marked-log li");
  }

  /** Fetches the log of the newest run of the form's experiment, or of a job. */
  async fetchLog(jobName = ""): Promise<this> {
    await this.panel.getByRole("combobox", { name: "Log of an earlier run" }).fill(jobName);
    await this.panel.getByRole("button", { name: "Fetch its log" }).click();
    return this;
  }

  async findInScript(): Promise<this> {
    await this.panel.getByRole("button", { name: "Find metrics in the script" }).click();
    return this;
  }

  get proposals(): Locator {
    return this.panel.getByRole("list", { name: "Definitions found in the script" }).getByRole("listitem");
  }

  async add(metric: string): Promise<this> {
    await this.panel.getByRole("button", { name: `Add ${metric}`, exact: true }).click();
    return this;
  }
}
