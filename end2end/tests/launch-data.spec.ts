// The data side of the launch form: places in S3 are looked for, a channel is checked, a script is written in the page.

import { expect, test } from "../fixtures/test";
import { LaunchPage } from "../pages/launch_page";
import { S3Dialog } from "../pages/s3_dialog";

const CHANNEL = "InputDataConfig[0].ChannelName";
const CHANNEL_URI = "InputDataConfig[0].DataSource.S3DataSource.S3Uri";
const OUTPUT = "OutputDataConfig.S3OutputPath";

test("a channel's data is looked for, chosen and checked", async ({ page, server }) => {
  await server.aws.putObject("trainyard", "spec/iris/train.csv", "5.1,3.5,setosa\n4.9,3.0,setosa\n");
  await server.aws.putObject("trainyard", "spec/iris/more/test.csv", "6.1,3.5,virginica\n");
  const form = await new LaunchPage(page).open();
  await form.fill(CHANNEL, "train");
  const dialog = await new S3Dialog(page).open("Data in S3");

  // From the buckets down to the folder, by the keyboard alone.
  await expect(dialog.entry("trainyard")).toBeVisible();
  await dialog.entry("trainyard").focus();
  await page.keyboard.press("Enter");
  await dialog.filter("spe");
  await dialog.entry("spec/").press("Enter");
  await dialog.entry("iris/").press("Enter");
  await expect(dialog.entry("more/")).toBeVisible();
  await expect(dialog.entry("train.csv")).toContainText("30 B");
  await dialog.step("spec").click();
  await dialog.entry("iris/").click();
  await dialog.useThisFolder();
  await expect(form.field(CHANNEL_URI)).toHaveValue("s3://trainyard/spec/iris/");
  await expect(page.getByText(/^2 objects, .*CSV: more\/test\.csv, train\.csv$/)).toBeVisible();
  await expect(page.getByText("which is in SM_CHANNEL_TRAIN")).toBeVisible();

  // It opens again where the field points to; one object is a choice, too.
  await dialog.open("Data in S3");
  await dialog.entry("train.csv").click();
  await expect(form.field(CHANNEL_URI)).toHaveValue("s3://trainyard/spec/iris/train.csv");
  await expect(page.getByText(/^1 object, .*CSV: train\.csv$/)).toBeVisible();

  // Missing data warns and names the cure.
  await form.fill(CHANNEL_URI, "s3://trainyard/spec/nothing/");
  await expect(page.getByText("Nothing lies there")).toBeVisible();
  await form.fill(CHANNEL_URI, "s3://no-such-bucket-at-all/x");
  await expect(page.getByText("There is no bucket `no-such-bucket-at-all`")).toBeVisible();
});

test("the dialog is left by Escape and shows what S3 refuses; an output is a folder", async ({ page, server }) => {
  await server.aws.putObject("trainyard", "spec/out/file.bin", "x");
  const form = await new LaunchPage(page).open();
  await form.fill(OUTPUT, "s3://no-such-bucket-at-all/runs");
  const dialog = await new S3Dialog(page).open("Output path");
  await expect(dialog.root.getByRole("alert")).toContainText("There is no bucket");
  await page.keyboard.press("Escape");
  await expect(dialog.root).toBeHidden();
  await expect(form.field(OUTPUT)).toHaveValue("s3://no-such-bucket-at-all/runs");

  await form.fill(OUTPUT, "s3://trainyard/spec/out");
  await dialog.open("Output path");
  await expect(dialog.entry("file.bin")).toBeDisabled();
  await dialog.useThisFolder();
  await expect(form.field(OUTPUT)).toHaveValue("s3://trainyard/spec/out");
});

test("the dialog fits a phone", async ({ page, server }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await server.aws.putObject("trainyard", `spec/phone/${"long-name-".repeat(12)}.csv`, "1\n");
  const form = await new LaunchPage(page).open();
  await form.fill(CHANNEL_URI, "s3://trainyard/spec/phone/");
  const dialog = await new S3Dialog(page).open("Data in S3");
  await expect(dialog.entry("long-name-")).toBeVisible();
  const overflow = await dialog.root.evaluate((it) => it.scrollWidth - it.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  const box = await dialog.root.boundingBox();
  expect(box === null ? 0 : box.x + box.width).toBeLessThanOrEqual(360);
});

test("a script that is written in the page runs, and its clone is changed in the page", async ({ page }) => {
  const form = await new LaunchPage(page).open();
  await form.fill("experiment", "typed");
  await form.chooseSource("script");
  await form.fill("script_name", "hello.py");
  await form.fill("script_text", "");
  await form.press();
  await expect(form.errorOf("script_text")).toContainText("The script is empty");
  // Tab indents; after Escape it leaves.
  await form.field("script_text").pressSequentially("for word in ('typed', 'here'):\n");
  await page.keyboard.press("Tab");
  await page.keyboard.type("print(word)");
  await expect(form.field("script_text")).toHaveValue("for word in ('typed', 'here'):\n    print(word)");
  await expect(page.locator(".code-editor .py-keyword").first()).toHaveText("for");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(form.field("script_text")).not.toBeFocused();

  const run = await form.launch();
  await run.is("Completed", 90_000);
  await expect(run.log).toContainText("typed");
  await run.openTab("Files");
  await expect(page.getByRole("row").filter({ hasText: "hello.py" })).toBeVisible();

  await page.getByRole("link", { name: "Clone", exact: true }).click();
  const clone = new LaunchPage(page);
  await page.getByRole("button", { name: "Edit it here" }).click();
  await expect(clone.field("script_text")).toHaveValue(/print\(word\)$/);
  await expect(page.getByText("Nothing is changed yet")).toBeVisible();
  await clone.fill("script_text", "print('changed')\n");
  await expect(page.getByRole("region", { name: /^Clone of/ })).toContainText("1 change");
  const second = await clone.launch();
  await second.is("Completed", 90_000);
  await expect(second.log).toContainText("changed");
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a script is written and launched, and no Browse button is in the way", async ({ page, server }) => {
    const form = await new LaunchPage(page).open();
    await expect(page.getByRole("button", { name: /^Browse S3/ })).toHaveCount(0);
    await form.fill("experiment", "typed by hand");
    await form.chooseSource("script");
    await form.fill("script_text", "print('one')\nprint('two')\n");
    const run = await form.launch();
    await server.aws.waitForStatus(await run.jobName(), "Completed");
    await page.reload();
    await expect(run.log).toContainText("two");
  });
});
