// The dialog that looks for a place in S3.

import { expect, type Locator, type Page } from "@playwright/test";

export class S3Dialog {
  constructor(readonly page: Page) {}

  get root(): Locator {
    return this.page.getByRole("dialog", { name: /^Browse S3/ });
  }

  /** By the button beside the field of that label. */
  async open(label: string): Promise<this> {
    await this.page.getByRole("button", { name: `Browse S3 for: ${label}`, exact: true }).click();
    await expect(this.root).toBeVisible();
    return this;
  }

  /** A bucket, folder (`iris/`) or object, by what its name begins with. */
  entry(name: string): Locator {
    return this.root.getByRole("list", { name: "Contents" }).getByRole("button").filter({ hasText: name }).first();
  }

  /** A step of the way from the buckets. */
  step(name: string): Locator {
    return this.root.getByRole("navigation").getByRole("button", { name, exact: true });
  }

  async filter(text: string): Promise<void> {
    await this.root.getByRole("searchbox").fill(text);
  }

  async useThisFolder(): Promise<void> {
    await this.root.getByRole("button", { name: "Use this folder" }).click();
    await expect(this.root).toBeHidden();
  }
}
