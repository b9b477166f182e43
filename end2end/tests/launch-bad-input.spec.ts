// Wrong input: the form names the field and the cure, keeps what was typed, and launches nothing.

import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, closeSync, ftruncateSync, symlinkSync, writeFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { counting } from "../fixtures/scripts";
import { expect, test } from "../fixtures/test";
import { INSTANCE_COUNT, INSTANCE_TYPE, LaunchPage, MAX_RUNTIME, MAX_WAIT, METRICS, SPOT } from "../pages/launch_page";

interface Case {
  what: string;
  /** Makes the form wrong in one way; returns what must still be there afterwards. */
  spoil: (form: LaunchPage) => Promise<[field: string, text: string][]>;
  /** The field that is named. */
  field: string;
  /** What the message must say. */
  cure: RegExp;
  /** Rows beyond the blank ones need the script. */
  needsScript?: true;
}

const typed = (field: string, text: string) => async (form: LaunchPage): Promise<[string, string][]> => {
  await form.fill(field, text);
  return [[field, text]];
};

const file = (name: string, buffer: Buffer) => async (form: LaunchPage): Promise<[string, string][]> => {
  await form.upload({ name, mimeType: "application/octet-stream", buffer });
  return [];
};

/** A tar.gz made by `tar` from files with the given names; `tar -P` keeps `..` in them. */
function archive(make: (folder: string) => string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-archive-"));
  try {
    return execFileSync("tar", ["-czPf", "-", "-C", folder, ...make(folder)], { maxBuffer: 1 << 24 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const CASES: Case[] = [
  {
    what: "an unknown instance type",
    spoil: typed(INSTANCE_TYPE, "ml.m5.xlage"),
    field: INSTANCE_TYPE,
    cure: /not an instance type.*ml\.m5\./i,
  },
  { what: "a job name that is too long", spoil: typed("job_name", "a".repeat(64)), field: "job_name", cure: /at most 63.*64/i },
  { what: "a job name with an underscore", spoil: typed("job_name", "my_job"), field: "job_name", cure: /letters, digits and hyphens.*my-job/i },
  { what: "no experiment", spoil: typed("experiment", "   "), field: "experiment", cure: /1 to 120/ },
  { what: "no instances", spoil: typed(INSTANCE_COUNT, "0"), field: INSTANCE_COUNT, cure: /1/ },
  {
    what: "spot without a maximum wait",
    spoil: async (form) => {
      await form.check(SPOT, true);
      await form.fill(MAX_WAIT, "");
      return [[MAX_RUNTIME, "3600"]];
    },
    field: MAX_WAIT,
    cure: /wait/i,
  },
  {
    what: "a maximum wait below the maximum runtime",
    spoil: async (form) => {
      await form.check(SPOT, true);
      await form.fill(MAX_RUNTIME, "1000");
      await form.fill(MAX_WAIT, "999");
      return [[MAX_RUNTIME, "1000"], [MAX_WAIT, "999"]];
    },
    field: MAX_WAIT,
    cure: /1,?000/,
  },
  {
    what: "101 hyperparameters",
    needsScript: true,
    spoil: async (form) => {
      await form.growRows("HyperParameters", 101);
      for (let row = 0; row < 101; row += 1) await form.cells("HyperParameters", 0).nth(row).fill(`p${row}`);
      return [];
    },
    field: "HyperParameters",
    cure: /at most 98 .*SageMaker allows 100.*there are 101/i,
  },
  {
    what: "a hyperparameter value of 2,501 characters",
    spoil: async (form) => {
      await form.setRow("HyperParameters", "prompt", "x".repeat(2501));
      return [];
    },
    field: "HyperParameters[0].value",
    cure: /at most 2,?500.*2,?501/i,
  },
  {
    what: "a metric regex without a group",
    spoil: async (form) => {
      await form.setRow(METRICS, "loss", "loss=[0-9.]+");
      return [];
    },
    field: `${METRICS}[0].Regex`,
    cure: /no group.*parentheses/i,
  },
  {
    what: "a metric regex that is none",
    spoil: async (form) => {
      await form.setRow(METRICS, "loss", "loss=([0-9.]+");
      return [];
    },
    field: `${METRICS}[0].Regex`,
    cure: /not a valid regular expression/i,
  },
  { what: "an empty file", spoil: file("train.py", Buffer.alloc(0)), field: "source_file", cure: /empty/i },
  {
    what: "a script that is not UTF-8",
    spoil: file("train.py", Buffer.from([0x70, 0x72, 0x69, 0x6e, 0x74, 0xff, 0xfe, 0x0a])),
    field: "source_file",
    cure: /UTF-8/,
  },
  {
    what: "an archive that climbs out of its folder",
    spoil: file("source.tar.gz", archive((folder) => {
      writeFileSync(join(folder, "train.py"), "print(1)");
      writeFileSync(join(folder, "evil.py"), "print(2)");
      return ["--transform", "s,^evil.py,../../evil.py,", "train.py", "evil.py"];
    })),
    field: "source_file",
    cure: /\.\./,
  },
  {
    what: "an archive with a link",
    spoil: file("source.tar.gz", archive((folder) => {
      writeFileSync(join(folder, "train.py"), "print(1)");
      symlinkSync("/etc/passwd", join(folder, "link"));
      return ["train.py", "link"];
    })),
    field: "source_file",
    cure: /link/,
  },
  { what: "a file that is no archive", spoil: file("source.tar.gz", Buffer.from("no archive")), field: "source_file", cure: /archive|gzip|tar/i },
  {
    what: "an archive without the entry point",
    spoil: file("source.tar.gz", archive((folder) => {
      writeFileSync(join(folder, "other.py"), "print(1)");
      return ["other.py"];
    })),
    field: "entry_point",
    cure: /train\.py|other\.py/,
  },
];

for (const script of [true, false]) {
  test.describe(script ? "with the script" : "without the script", () => {
    test.use({ javaScriptEnabled: script });

    for (const { what, spoil, field, cure, needsScript } of CASES) {
      if (needsScript === true && !script) continue;
      test(what, async ({ page, server }) => {
        // Some cases press a button a hundred times.
        if (needsScript === true) test.slow();
        const before = await server.aws.jobNames();
        const form = await new LaunchPage(page).open();
        await form.fill("experiment", "kept as typed");
        await form.uploadScript(counting(1, 0));
        const kept = await spoil(form);
        await form.press();

        await expect(form.errorOf(field)).toHaveText(cure);
        await expect(form.summary).toContainText("Nothing was launched");
        if (field !== "experiment") await expect(form.field("experiment")).toHaveValue("kept as typed");
        for (const [name, text] of kept) await expect(form.field(name)).toHaveValue(text);
        expect(await server.aws.jobNames()).toEqual(before);
        await page.goto("/runs?search=kept-as-typed");
        await expect(page.getByText("No run matches")).toBeVisible();
      });
    }
  });
}

test("an upload of a gigabyte is refused before it is read", async ({ page, server }) => {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-large-"));
  try {
    const large = join(folder, "source.tar.gz");
    const handle = openSync(large, "w");
    ftruncateSync(handle, 1_000_000_000);
    closeSync(handle);
    const before = await server.aws.jobNames();
    const form = await new LaunchPage(page).open();
    await form.fill("experiment", "kept as typed");
    await form.upload(large);
    await form.press();
    await expect(form.errorOf("source_file")).toContainText(/at most|too large|MB/i);
    await expect(form.field("experiment")).toHaveValue("kept as typed");
    expect(await server.aws.jobNames()).toEqual(before);
    expect((await fetch(`${server.url}/readyz`)).ok).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what was typed survives: mend the field and launch", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false });
  const page = await context.newPage();
  const form = await new LaunchPage(page).open();
  await form.uploadScript(counting(1, 0));
  await form.fill("experiment", "mended");
  await form.fill(INSTANCE_TYPE, "ml.nothing");
  await form.press();
  await expect(form.errorOf(INSTANCE_TYPE)).toBeVisible();
  // The file came with the first try and need not be chosen again.
  await form.fill(INSTANCE_TYPE, "ml.m5.large");
  const run = await form.launch();
  const job = await server.aws.waitForStatus(await run.jobName(), "Completed");
  expect(job.ResourceConfig.InstanceType).toBe("ml.m5.large");
  await context.close();
});
