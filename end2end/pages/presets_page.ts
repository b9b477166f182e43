// The team's presets: the list, and the two places where one is made.

import { expect, type Locator, type Page } from "@playwright/test";

export class PresetsPage {
  constructor(readonly page: Page) {}

  async open(): Promise<this> {
    await this.page.goto("/presets");
    await expect(this.page.getByRole("heading", { level: 1 })).toHaveText("Presets");
    return this;
  }

  row(name: string): Locator {
    return this.page.locator(`tr[data-preset="${name}"]`);
  }

  async rename(name: string, newName: string): Promise<this> {
    const row = this.row(name);
    await row.locator("summary").filter({ hasText: "Rename" }).click();
    await row.getByRole("textbox", { name: "New name" }).fill(newName);
    await row.getByRole("button", { name: "Rename this preset" }).click();
    return this;
  }

  async delete(name: string): Promise<this> {
    const row = this.row(name);
    await row.locator("summary").filter({ hasText: "Delete" }).click();
    await row.getByRole("button", { name: "Delete this preset" }).click();
    return this;
  }

  /** On the launch page: keeps the form as it stands. */
  async saveForm(name: string): Promise<this> {
    await this.page.locator("summary").filter({ hasText: "Save as a preset" }).click();
    await this.page.locator('form.launch input[name="preset_name"]').fill(name);
    await this.page.getByRole("button", { name: "Save this form" }).click();
    return this;
  }

  /** On a run's page, among its parameters. */
  async saveRun(name: string): Promise<this> {
    await this.page.locator("form.preset-form").getByRole("textbox", { name: "Name" }).fill(name);
    await this.page.getByRole("button", { name: "Save these settings" }).click();
    return this;
  }

  /** On the launch page: begins with a preset. */
  async choose(name: string): Promise<this> {
    await this.page.getByRole("navigation", { name: "Presets" }).getByRole("link", { name }).click();
    await this.page.waitForURL(/\/launch\?preset=/);
    return this;
  }
}
