// The page where WebGPU is switched off: the window drawn by WebGL, the run on the CPU in WebAssembly.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkpoint, cifar, pictures, tensors, zip } from "./files.mjs";
import { browser, hash, needed, PICTURES, SMALL, Tab } from "./support.mjs";

let chromium;
before(async () => {
  chromium = await browser(false);
});
after(() => chromium.close());

const CPU = { device: "cpu" };

describe("on the CPU", () => {
  it("trains to the end, lowers the loss and fills the picture of λ", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "train.epochs=6"], ...CPU }));
    await tab.waiting();
    await tab.picture("cpu-waiting");
    await tab.press("Train");
    const state = await tab.finished();
    assert.match(state.device, /CPU/);
    assert.equal(state.epochs.length, 6);
    assert.ok(state.epochs[5] < state.epochs[0], `the loss falls: ${state.epochs}`);
    assert.equal(state.lambda.length, 15);
    assert.ok(state.lambda.every((lambda) => lambda >= 0 && lambda <= 6));
    assert.ok(new Set(state.lambda).size > 10, "pairs differ");
    assert.ok(state.test_accuracy > 0);
    await tab.picture("cpu-finished");
    const picture = await tab.download("Save picture");
    assert.equal(picture.name, "l2t-accuracy.png");
    assert.equal(picture.bytes.subarray(1, 4).toString(), "PNG");
    assert.ok(picture.bytes.readUInt32BE(16) > 700 && picture.bytes.readUInt32BE(20) > 500, "as large as on screen");
    writeFileSync(join(PICTURES, "cpu-saved.png"), picture.bytes);
    await tab.press("Saliency");
    await tab.saysSoon("Mass inside the object");
    await tab.picture("cpu-saliency");
    await tab.close();
  });

  it("pauses, takes steps, and begins anew", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "train.epochs=50"], ...CPU }));
    await tab.waiting();
    await tab.press("Step");
    await tab.until("a step", (state) => state.stage === "Waiting" && state.steps === 1);
    await tab.press("Step iteration");
    const once = await tab.until("an iteration", (state) => state.stage === "Waiting" && state.iteration === 1);
    // Source, step 1, T = 1 and the task step there and back, the measurement, φ.
    assert.equal(once.steps, 8);
    await tab.press("Check this gradient");
    const checked = await tab.until("the check", (state) => state.check !== null);
    assert.ok(checked.check < 1e-4, `the hypergradient is right in the tab, too: ${checked.check}`);
    await tab.picture("cpu-steps");
    await tab.press("Train");
    await tab.until("some iterations", (state) => state.iteration > 1 || state.epoch > 0);
    await tab.press("Pause");
    const paused = await tab.waiting();
    await tab.page.waitForTimeout(800);
    const later = await tab.state();
    assert.deepEqual([later.epoch, later.iteration], [paused.epoch, paused.iteration], "it waits");
    await tab.press("Reset");
    await tab.until("a new run", (state) => state.stage === "Waiting" && state.epochs.length === 0 && state.iteration === 0);
    await tab.close();
  });

  it("has its state in the link, and the same link gives the same run", async () => {
    const link = hash({ set: [...SMALL, "seed=9", "train.epochs=1"], tab: "losses", hide: "files,meta", train: "1", ...CPU });
    const first = await Tab.open(chromium.context, link);
    const one = await first.finished();
    assert.ok(!(await first.says("Copy link")), "files are hidden");
    const address = await first.page.evaluate(() => location.hash.slice(1));
    const second = await Tab.open(chromium.context, address);
    await second.waiting();
    await second.press("Train");
    const two = await second.finished();
    assert.deepEqual(two.epochs, one.epochs);
    assert.deepEqual(two.lambda, one.lambda);
    // A link that is followed inside the page.
    await second.page.evaluate((link) => { location.hash = link; }, hash({ set: [...SMALL, "method.name=scratch"], ...CPU }));
    await second.until("another run", (state) => state.stage === "Waiting" && state.lambda === null && state.epochs.length === 0);
    await first.close();
    await second.close();
  });

  it("says which part of a link it does not know", async () => {
    const tab = await Tab.open(chromium.context, `preset=demo&device=cpu&colour=red`);
    await tab.saysSoon("the link is not understood");
    await tab.close();
  });

  it("trains on a zip that is dropped on it, and refuses nonsense by name", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "data.per_class=0", "train.batch_size=8", "train.epochs=1"], ...CPU }));
    await tab.waiting();
    await tab.drop(["nonsense.zip", Buffer.from("nonsense")]);
    await tab.saysSoon("nonsense.zip");
    await tab.drop(["colours.zip", await pictures(tab.page)]);
    await tab.saysSoon("colours.zip has the pictures of the next run");
    await tab.press("Start a new run with these");
    const ready = await tab.until("the dropped classes", (state) => state.stage === "Waiting" && state.classes?.length === 2);
    assert.deepEqual(ready.classes, ["blue", "red"]);
    await tab.press("Train");
    await tab.finished();
    await tab.picture("cpu-dropped");
    await tab.close();
  });

  it("keeps a run in the browser, exports it, and goes on with both", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "train.epochs=400"], ...CPU }));
    await tab.waiting();
    await tab.press("Keep here");
    await tab.press("Train");
    await tab.until("two epochs", (state) => state.epochs.length >= 2);
    await tab.press("Pause");
    await tab.waiting();
    const exported = await tab.download("Export run");
    assert.equal(exported.name, "l2t-run.zip");
    const weights = await tab.download("Export weights");
    assert.equal(weights.name, "target.safetensors");
    const charts = await tab.download("Export charts");
    for (const name of ["metrics.csv", "pair-weights.csv", "learning-curves.svg", "matching.svg", "pair-weights.svg"]) {
        assert.ok(charts.bytes.includes(name), `${name} is not in the download`);
    }
    const kept = (await tab.state()).epochs;
    await tab.page.reload();
    await tab.started();
    await tab.waiting();
    await tab.press("Open my run");
    const again = await tab.until("the kept run", (state) => state.stage === "Waiting" && state.epochs.length > 0);
    assert.deepEqual(again.epochs, kept.slice(0, again.epochs.length));
    await tab.press("Reset");
    await tab.until("a new run", (state) => state.stage === "Waiting" && state.epochs.length === 0);
    await tab.drop(["l2t-run.zip", exported.bytes]);
    const imported = await tab.until("the exported run", (state) => state.stage === "Waiting" && state.epochs.length > 0);
    assert.deepEqual(imported.epochs, kept.slice(0, imported.epochs.length));
    await tab.press("Train");
    await tab.until("another epoch", (state) => state.epochs.length > imported.epochs.length);
    await tab.close();
  });
});

describe("what the browser keeps", () => {
  it("is tried again where the storage was full, which is said once", async () => {
    const page = await chromium.context.newPage();
    await page.addInitScript(() => {
      const put = IDBObjectStore.prototype.put;
      globalThis.full = "at once";
      globalThis.puts = 0;
      IDBObjectStore.prototype.put = function (...args) {
        globalThis.puts += 1;
        if (globalThis.full === "at once") throw new DOMException("no room is left", "QuotaExceededError");
        const request = put.apply(this, args);
        // As browsers do that find out when they write: no request fails, and nothing is kept.
        if (globalThis.full) request.addEventListener("success", () => this.transaction.abort());
        return request;
      };
    });
    const tab = new Tab(page);
    await tab.goto(hash({ set: [...SMALL, "train.epochs=400"], ...CPU }));
    await tab.started();
    await tab.waiting();
    await tab.press("Keep here");
    await tab.press("Train");
    await tab.until("that it is said", (state) => state.notices.some((notice) => notice.includes("storage is full")));
    const puts = await page.evaluate(() => globalThis.puts);
    await page.waitForFunction((puts) => globalThis.puts > puts + 1, puts);
    const { notices } = await tab.state();
    assert.equal(notices.filter((notice) => notice.includes("storage is full")).length, 1, String(notices));
    await page.evaluate(() => { globalThis.full = "later"; });
    const later = await page.evaluate(() => globalThis.puts);
    await page.waitForFunction((puts) => globalThis.puts > puts + 1, later);
    assert.ok(!(await tab.state()).notices.some((notice) => notice.includes("is kept in this browser again")), "it is not kept yet");
    await page.evaluate(() => { globalThis.full = false; });
    await tab.until("that there is room", (state) => state.notices.some((notice) => notice.includes("is kept in this browser again")));
    await tab.press("Pause");
    await tab.waiting();
    await page.reload();
    await tab.started();
    await tab.waiting();
    await tab.press("Open my run");
    await tab.until("the kept run", (state) => state.stage === "Waiting" && state.epochs.length > 0);
    await tab.close();
  });

  it("is whole where the tab is closed while it saves", async () => {
    for (const nth of [0, 1, 2]) {
      const page = await chromium.context.newPage();
      await page.addInitScript(() => {
        const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (...args) {
          globalThis.puts = (globalThis.puts ?? 0) + 1;
          return put.apply(this, args);
        };
      });
      const tab = new Tab(page);
      await tab.goto(hash({ set: [...SMALL, `seed=${nth}`, "train.epochs=400"], ...CPU }));
      await tab.started();
      await tab.waiting();
      await tab.press("Keep here");
      await tab.press("Train");
      // One is being written now, at another moment each time, and whole ones before it.
      await page.waitForFunction((puts) => globalThis.puts >= puts, 3 + nth, { polling: "raf" });
      await page.waitForTimeout(3 * nth);
      const { epochs } = await tab.state();
      await page.close();
      const again = await Tab.open(chromium.context, hash({ ...CPU }));
      await again.waiting();
      await again.press("Open my run");
      const kept = await again.until("the kept run", (state) => state.stage === "Waiting" && state.epochs.length > 0);
      const common = Math.min(kept.epochs.length, epochs.length);
      assert.deepEqual(kept.epochs.slice(0, common), epochs.slice(0, common));
      await again.close();
    }
  });
});

describe("what is dropped", () => {
  it("is a source as safetensors or as PyTorch writes it: the same weights, the same run", async () => {
    const file = readFileSync("core/assets/things-resnet20.safetensors");
    const runs = [];
    for (const [name, bytes] of [["mine.safetensors", file], ["mine.pth", checkpoint(tensors(file))]]) {
      const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "train.epochs=1"], ...CPU }));
      await tab.waiting();
      await tab.drop([name, bytes]);
      await tab.saysSoon(`${name} is the source of the next run`);
      await tab.press("Start a new run with these");
      await tab.until("the dropped source", (state) => state.stage === "Waiting" && state.source === name);
      await tab.press("Train");
      runs.push((await tab.finished()).epochs);
      await tab.close();
    }
    assert.deepEqual(runs[1], runs[0]);
  });

  it("is CIFAR's binary files, taken together", async () => {
    const set = [...SMALL, "data.per_class=0", "data.validation=0.2", "train.epochs=1"];
    const tab = await Tab.open(chromium.context, hash({ set, ...CPU }));
    await tab.waiting();
    await tab.drop(...cifar(100));
    await tab.saysSoon("data_batch_1.bin + test_batch.bin has the pictures of the next run");
    await tab.press("Start a new run with these");
    const ready = await tab.until("its classes", (state) => state.stage === "Waiting" && state.classes?.includes("frog"));
    assert.equal(ready.classes.length, 10);
    await tab.press("Train");
    await tab.finished();
    await tab.close();
  });
});

describe("the page", () => {
  it("trains on in a hidden tab", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "train.epochs=400"], ...CPU }));
    await tab.waiting();
    await tab.press("Train");
    await tab.until("an iteration", (state) => state.iteration > 0);
    const worker = tab.page.workers()[0];
    await worker.evaluate(() => {
      const post = globalThis.postMessage.bind(globalThis);
      globalThis.said = 0;
      globalThis.postMessage = (...message) => {
        globalThis.said += 1;
        post(...message);
      };
    });
    await tab.hide(true);
    // Nothing is drawn meanwhile.
    const before = await tab.state();
    const said = await worker.evaluate(() => globalThis.said);
    await tab.page.waitForTimeout(6000);
    assert.ok(await worker.evaluate(() => globalThis.said) > said + 3, "the worker goes on");
    await tab.hide(false);
    const where = ({ epoch, iteration }) => 100 * epoch + iteration;
    await tab.until("what was missed", (state) => where(state) > where(before) + 1);
    await tab.press("Pause");
    await tab.waiting();
    await tab.close();
  });

  it("shows a panic with a report, and never a grey page", async () => {
    const tab = await Tab.open(chromium.context, hash({ ...CPU }));
    await tab.page.evaluate(() => dispatchEvent(new CustomEvent("l2t-panic", { detail: "panicked at tests" })));
    assert.match(await tab.page.locator("#report").textContent(), /panicked at tests[^]*Mozilla[^]*#preset=demo/);
    await tab.picture("crash");
    await tab.page.locator("#reload").click();
    await tab.started();
    await tab.waiting();
    await tab.close();
  });
});

describe("the lesson", () => {
  it("starts the experiment of every link", async () => {
    const tab = await Tab.open(chromium.context, hash({ ...CPU }));
    await tab.waiting();
    await tab.page.locator("#lesson-toggle").click();
    /** What a link changes of the preset, in any order and with or without quotes. */
    const changes = (link) => new URLSearchParams(link.replace(/^#/, "")).getAll("set").map((set) => set.replaceAll('"', "")).sort();
    const links = await tab.page.locator("#lesson a").all();
    assert.ok(links.length >= 10, "five experiments");
    for (const link of links) {
      const asked = changes(await link.getAttribute("href"));
      await link.click();
      await tab.until(`${await link.textContent()}: an iteration of it`, (state) => state.stage === "Training"
        && state.iteration > 0 && String(changes(state.experiment)) === String(asked));
    }
    const { notices } = await tab.state();
    assert.deepEqual(notices, []);
    for (const answer of await tab.page.locator("#lesson summary").all()) await answer.click();
    await tab.picture("lesson");
    await tab.close();
  });

  it("frames what to look at, and knows when it has happened", async () => {
    const tab = await Tab.open(chromium.context, hash({ ...CPU }));
    await tab.waiting();
    await tab.page.locator("#lesson-toggle").click();
    // Its own experiment takes minutes: the same link to a smaller one.
    const link = tab.page.locator("#lesson a", { hasText: "Learn what" });
    await link.evaluate((anchor, small) => { anchor.href = `#${small}`; }, hash({ tab: "pair", train: "1", ...CPU }));
    await link.click();
    // In one look: it goes when the first epoch is over.
    const framed = await (await tab.page.waitForFunction(() => {
      const frame = document.getElementById("frame");
      return !frame.hidden && frame.getBoundingClientRect().toJSON();
    })).jsonValue();
    const { rect } = await tab.control("below the networks");
    assert.ok(Math.abs(framed.x - rect[0]) < 2 && Math.abs(framed.y - rect[1]) < 2, "what the step says");
    await tab.picture("lesson-framed");
    await tab.page.locator("#lesson [role=status].done").waitFor({ timeout: 240_000 });
    assert.match(await tab.page.locator("#lesson [role=status].done").textContent(), /^Done: an epoch is over/);
    await tab.page.locator("#frame").waitFor({ state: "hidden" });
    await tab.close();
  });
});

describe("the first visit", () => {
  it("stands before three doors, and the first one trains at once", async () => {
    const first = await browser(false);
    const tab = await Tab.open(first.context, "");
    await tab.control("See it learn");
    await tab.picture("first-visit");
    await tab.press("Lesson");
    await tab.page.locator("#lesson.open").waitFor();
    await tab.close();
    await first.close();
    const second = await browser(false);
    const again = await Tab.open(second.context, "");
    await again.press("See it learn");
    await again.until("an iteration", (state) => state.iteration > 0);
    await again.saysSoon("Two networks (1 of 5)");
    await again.close();
    await second.close();
  });
});

describe("on a small screen", () => {
  for (const [name, width, height] of [["phone", 390, 844], ["tablet", 820, 1180]]) {
    it(`is used with fingers: ${name}`, async () => {
      const small = await browser(false, { viewport: { width, height }, hasTouch: true, isMobile: name === "phone" });
      const tab = await Tab.open(small.context, hash({ set: [...SMALL, "train.epochs=2"], ...CPU }));
      await tab.waiting();
      const inside = ({ rect: [left, top, right, bottom] }) => left >= 0 && top >= 0 && right <= width && bottom <= height;
      for (const control of ["Train", "Settings", "Step", "Reset", "networks"]) {
        assert.ok(inside(await tab.control(control)), `${control} is on screen`);
      }
      const { rect } = await tab.control("networks");
      assert.ok(rect[3] - rect[1] > 0.3 * height, "the networks come first");
      await tab.picture(`${name}-waiting`);
      await tab.tap("Settings");
      await tab.saysSoon("Images of a class");
      await tab.picture(`${name}-settings`);
      await tab.tap("Settings");
      await tab.tap("Train");
      await tab.finished();
      await tab.tap("pair block 8 → group 5");
      await tab.saysSoon("The most weighted channels");
      await tab.picture(`${name}-pair`);
      await tab.page.locator("#lesson-toggle").tap();
      await tab.page.locator("#lesson.open").waitFor();
      await tab.picture(`${name}-lesson`);
      await tab.close();
      await small.close();
    });
  }
});

describe("for everybody", () => {
  it("axe finds nothing serious in the page around the canvas, in light and dark, with the lesson open", async () => {
    for (const colorScheme of ["light", "dark"]) {
      const shown = await browser(false, { colorScheme });
      const tab = await Tab.open(shown.context, hash({ ...CPU }));
      await tab.waiting();
      await tab.page.locator("#lesson-toggle").click();
      await tab.page.addScriptTag({ path: needed("L2T_AXE") });
      const { violations, passes } = await tab.page.evaluate(() => globalThis.axe.run());
      assert.ok(passes.length > 10, "it has looked");
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      const words = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3)}`);
      assert.deepEqual(words, []);
      await tab.close();
      await shown.close();
    }
  });

  it("every control of the window has a name, and its button is over it", async () => {
    const tab = await Tab.open(chromium.context, hash({ ...CPU }));
    await tab.waiting();
    await tab.page.waitForTimeout(1500);
    const mirrored = await tab.page.locator("#mirror button").evaluateAll((all) => all.map((button) => button.ariaLabel));
    assert.ok(mirrored.length > 20 && mirrored.every((name) => name?.trim()), String(mirrored));
    for (const name of ["Train", "Step", "Accuracy", "Results", "pair block 2 → group 1"]) {
      assert.ok(mirrored.includes(name), `${name} is among them`);
    }
    await tab.page.locator('#mirror button[aria-label="Losses"]').evaluate((button) => button.click());
    await tab.until("the tab", () => tab.page.url().includes("tab=losses"));
    await tab.close();
  });
});

describe("a run in a zip", () => {
  const folder = mkdtempSync(join(tmpdir(), "l2t-runs-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const program = (...line) => execFileSync(needed("L2T_PROGRAM"), line, { cwd: folder, encoding: "utf8" });
  const set = [...SMALL, "train.epochs=2"];

  it("of the program goes on in the page", async () => {
    program("train", "--preset", "demo", ...set.flatMap((change) => ["--set", change]), "--device", "cpu", "--out", "native");
    const inside = readdirSync(join(folder, "native"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = inside.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
    const tab = await Tab.open(chromium.context, hash({ ...CPU }));
    await tab.waiting();
    await tab.drop(["native.zip", zip(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]))]);
    const state = await tab.until("its epochs", (now) => now.epochs.length === 2);
    const lines = readFileSync(join(folder, "native/metrics.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(state.epochs, lines.map((line) => line.task_loss));
    // What it has learned is used by the next run, which learns none.
    for (const name of ["Learning φ", "learned here", "of run 1", "Start a new run with these"]) await tab.press(name);
    await tab.until("another run", (now) => now.stage === "Waiting" && now.epochs.length === 0);
    assert.ok(await tab.says("φ of run 1, as it stands"));
    await tab.press("Step by step");
    await tab.saysSoon("1 · step on L_total");
    assert.ok(!(await tab.says("6 · step on φ")), "no step on φ is taken");
    await tab.press("Train");
    await tab.finished();
    await tab.picture("cpu-taught");
    await tab.close();
  });

  it("of the page goes on in the program", async () => {
    const tab = await Tab.open(chromium.context, hash({ set: [...SMALL, "train.epochs=30"], ...CPU }));
    await tab.waiting();
    await tab.press("Train");
    await tab.until("an epoch", (state) => state.epochs.length >= 1);
    await tab.press("Pause");
    await tab.waiting();
    const { bytes } = await tab.download("Export run");
    const { epochs } = await tab.state();
    await tab.close();
    writeFileSync(join(folder, "page.zip"), bytes);
    assert.match(program("train", "--resume", "page.zip", "--device", "cpu", "--out", "page"), /test accuracy/);
    const lines = readFileSync(join(folder, "page/metrics.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines.length, 30);
    assert.deepEqual(lines.slice(0, epochs.length).map((line) => line.task_loss), epochs);
  });
});

describe("the gate", () => {
  /** Opens the page after `change` and gives back what is said beside the window, which begins on the CPU. */
  async function refused(change) {
    const page = await chromium.context.newPage();
    await page.addInitScript(change);
    await page.goto(`${process.env.L2T_URL}`);
    await page.locator("#gate").waitFor();
    assert.ok(!(await page.locator("#remedy").isVisible()), "what to do is folded behind it");
    const words = await page.locator("#missing").textContent();
    const remedy = await page.locator("#remedy").textContent();
    return { page, words, remedy };
  }

  const fake = (adapter) => `
    Object.defineProperty(Navigator.prototype, "gpu", { configurable: true, get: () => ({
      requestAdapter: async () => (${adapter}) }) });`;
  const limits = `{ maxStorageBuffersPerShaderStage: 8, maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupStorageSize: 16384, maxComputeWorkgroupsPerDimension: 65535 }`;

  const cases = [
    ["no WebGPU", `delete Navigator.prototype.gpu;`, /this browser has no WebGPU/],
    ["an insecure page", `Object.defineProperty(globalThis, "isSecureContext", { get: () => false });`, /insecure/],
    ["no adapter", fake("null"), /offers no graphics adapter/],
    ["an adapter that is too small", fake(`{ limits: { ...${limits}, maxStorageBuffersPerShaderStage: 4 } }`),
      /maxStorageBuffersPerShaderStage is 4, and 8 are needed/],
    ["a device that does not start",
      fake(`{ limits: ${limits}, requestDevice: async () => { throw new Error("busy"); } }`), /does not start \(busy\)/],
    ["a software driver",
      fake(`{ limits: ${limits}, info: { vendor: "google", architecture: "swiftshader" }, requestDevice: async () => ({ destroy() {} }) }`),
      /software driver/],
  ];
  for (const [name, change, expected] of cases) {
    it(`begins on the CPU and says what is missing: ${name}`, async () => {
      const { page, words, remedy } = await refused(change);
      assert.match(words, /^Training on the CPU: /);
      assert.match(words, expected);
      assert.ok(remedy.length > 20, "and what to do");
      if (name === "no WebGPU") {
        await page.waitForFunction(() => globalThis.l2t, null, { timeout: 240_000 });
        await page.locator("#missing").click();
        assert.ok(await page.locator("#remedy").isVisible());
        await page.screenshot({ path: `${process.env.L2T_PICTURES}/gate.png` });
        await page.locator("#gate-close").click();
        assert.ok(!(await page.locator("#gate").isVisible()));
      }
      await page.close();
    });
  }
});
