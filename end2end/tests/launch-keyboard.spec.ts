// A launch by the keyboard alone, from the overview to the run's page: wherever the focus is, it can be seen, and it is
// never lost.

import type { Locator, Page } from "@playwright/test";

import { expect, test } from "../fixtures/test";
import { INSTANCE_TYPE, LaunchPage, MAX_WAIT, SPOT } from "../pages/launch_page";

/** Looks at the focus after every key. */
class Keyboard {
  constructor(private readonly page: Page) {}

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
    await this.look(key);
  }

  /** Replaces what a field has. */
  async type(text: string): Promise<void> {
    await this.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
    await this.look(text);
  }

  /** Goes on with one key until the focus is there. */
  async to(target: Locator, key = "Tab"): Promise<void> {
    const isThere = async (): Promise<boolean> => await target.evaluateAll((found) => found.includes(document.activeElement as HTMLElement));
    for (let steps = 0; steps < 200; steps++) {
      if (await isThere()) return;
      await this.press(key);
    }
    throw new Error(`${key} does not lead to ${target}`);
  }

  /** A focus that moves a moment later is waited for; one that is lost, or cannot be seen, is a fault. */
  async look(after: string): Promise<void> {
    await expect.poll(() => this.page.evaluate(focusFault), { message: `the focus after ${after}`, timeout: 5_000 }).toBe("");
  }
}

function focusFault(): string {
  const focused = document.activeElement;
  if (focused === null || focused === document.body || focused === document.documentElement) return "lost";
  const what = focused.outerHTML.slice(0, 120);
  const box = focused.getBoundingClientRect();
  if (box.bottom <= 0 || box.top >= window.innerHeight || box.width === 0) return `out of sight: ${what}`;
  // An editor shows the ring around itself.
  for (let element: Element | null = focused, up = 0; element !== null && up < 3; element = element.parentElement, up++) {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    if (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1) return "";
  }
  return `not visible: ${what}`;
}

test("from the overview to the run's page without a mouse", async ({ page }) => {
  await page.goto("/");
  // Keys do something once the script is there.
  await expect(page.locator(".light.is-live")).toBeVisible();
  const keys = new Keyboard(page);
  const form = new LaunchPage(page);

  await keys.to(page.getByRole("banner").getByRole("link", { name: "Launch" }));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/launch$/);
  await expect(page.getByRole("heading", { level: 1, name: "Launch a training job" })).toBeVisible();
  await keys.look("Enter on Launch");

  // A sample fills the form anew; the focus stays with the sample.
  const sample = page.locator('a[data-sample="iris-stdlib"]');
  await keys.to(sample);
  await page.keyboard.press("Enter");
  await page.waitForURL(/sample=iris-stdlib/);
  await expect(page.locator('input[name="source"]:checked')).toHaveValue("sample:iris-stdlib");
  await expect(sample).toBeFocused();
  await keys.look("Enter on the sample");

  // What runs: away from the sample by arrows, and back.
  const source = page.locator('form.launch input[name="source"]');
  await keys.to(source.and(page.locator(":checked")));
  await keys.press("ArrowDown");
  await keys.press("ArrowDown");
  await expect(page.locator('input[name="source"]:checked')).toHaveValue("script");
  await expect(form.field("script_name")).toBeVisible();
  await keys.press("ArrowUp");
  await keys.press("ArrowUp");
  await expect(page.locator('input[name="source"]:checked')).toHaveValue("sample:iris-stdlib");

  // A row more: its name is next, without going back.
  const list = page.locator("#f-HyperParameters");
  const rows = await form.cells("HyperParameters", 0).count();
  await keys.to(list.getByRole("button", { name: "Add hyperparameter" }));
  await keys.press("Enter");
  await expect(form.cells("HyperParameters", 0)).toHaveCount(rows + 1);
  await expect(form.cells("HyperParameters", 0).last()).toBeFocused();
  await keys.type("note");
  await keys.press("Tab");
  await keys.type("typed");
  // Another one, and it goes again.
  await keys.to(list.getByRole("button", { name: "Add hyperparameter" }));
  await keys.press("Space");
  await expect(form.cells("HyperParameters", 0)).toHaveCount(rows + 2);
  await keys.to(list.getByRole("button", { name: "Remove this hyperparameter" }).last());
  await keys.press("Enter");
  await expect(form.cells("HyperParameters", 0)).toHaveCount(rows + 1);

  // The picker: searched by words, chosen from what fits.
  await keys.to(form.field(INSTANCE_TYPE));
  await keys.type("c5 2xlarge");
  const offer = page.getByRole("button", { name: /^ml\.c5\.2xlarge/ });
  await expect(offer).toBeVisible();
  await keys.to(offer);
  await keys.press("Enter");
  await expect(form.field(INSTANCE_TYPE)).toHaveValue("ml.c5.2xlarge");

  await keys.to(form.field(SPOT));
  await keys.press("Space");
  await expect(form.field(SPOT)).toBeChecked();
  await keys.to(form.field(MAX_WAIT));
  await keys.type("7200");

  await keys.to(form.field("experiment"));
  await keys.type("by keyboard");
  await keys.to(page.locator("form.launch").getByRole("button", { name: "Launch", exact: true }));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/runs\/[0-9A-Z]{26}$/);
  const shown = page.getByRole("row").filter({ has: page.getByText("note", { exact: true }) });
  await expect(shown).toContainText("typed");
  await expect(page.locator("main")).toContainText("ml.c5.2xlarge · spot");
});

test("a refused launch puts the focus where the faults are named, and a link leads to each", async ({ page }) => {
  await page.goto("/launch?sample=iris-stdlib");
  // The maximum wait is hidden once the script is there.
  await expect(page.locator(".field-slot.is-hidden").first()).toBeAttached();
  const keys = new Keyboard(page);
  const form = new LaunchPage(page);
  await keys.to(form.field("experiment"));
  await keys.type(" ");
  await keys.to(page.locator("form.launch").getByRole("button", { name: "Launch", exact: true }));
  await keys.press("Enter");
  await expect(form.summary).toBeFocused();
  await keys.press("Tab");
  await expect(form.summary.getByRole("link", { name: "Experiment" })).toBeFocused();
  await keys.press("Enter");
  await expect(form.field("experiment")).toBeFocused();
});
