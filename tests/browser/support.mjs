// A page in a real Chromium, driven by the names of the window's controls, as somebody does who cannot see it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const needed = (name) => process.env[name] ?? assert.fail(`${name} is not set: run cargo xtask test --only web`);

const { chromium } = createRequire(import.meta.url)(needed("L2T_PLAYWRIGHT"));

/** Where the page is served. */
export const URL = needed("L2T_URL");

/** Where screenshots go. */
export const PICTURES = needed("L2T_PICTURES");
mkdirSync(PICTURES, { recursive: true });

/** Long enough for a busy machine with two cores. */
export const PATIENCE = 420_000;

const QUIET = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
// A canvas drawn by the software driver can only be pictured with the last three.
const SOFTWARE_GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan",
  "--use-vulkan=swiftshader", "--use-angle=swiftshader"];
const NO_GPU = ["--disable-features=WebGPU", "--disable-webgpu", "--enable-unsafe-swiftshader"];

/** A browser of its own, with a software GPU or with WebGPU switched off; `screen` says what else it is like. */
export async function browser(gpu, screen = {}) {
  const profile = mkdtempSync(join(tmpdir(), "l2t-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: needed("L2T_CHROMIUM"),
    args: [...QUIET, ...(gpu ? SOFTWARE_GPU : NO_GPU)],
    viewport: { width: 1280, height: 860 },
    acceptDownloads: true,
    ...screen,
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Has every worker from now on run `script` before it begins; gives back what ends that. */
export async function inWorkers(context, script) {
  await context.route("**/worker.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()}\n${script}` });
  });
  return () => context.unroute("**/worker.js");
}

/** A run of a few iterations. */
export const SMALL = ["target.width=0.0625", "data.per_class=8", "train.batch_size=20", "train.epochs=3",
  "meta.matching_steps=1"];

/** The part of a link behind its #. */
export function hash({ set = SMALL, ...rest } = {}) {
  const link = new URLSearchParams([["preset", "demo"], ...set.map((change) => ["set", change])]);
  for (const [key, value] of Object.entries(rest)) link.append(key, value);
  return link.toString();
}

/** The window in a tab. */
export class Tab {
  constructor(page) {
    this.page = page;
    this.errors = [];
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  /** Opens the page at `link`, up to the window. */
  static async open(context, link) {
    const tab = new Tab(await context.newPage());
    await tab.goto(link);
    await tab.started();
    return tab;
  }

  async goto(link) {
    await this.page.goto(`${URL}#${link}`);
  }

  async started() {
    await this.page.waitForFunction(() => globalThis.l2t, null, { timeout: PATIENCE });
  }

  state() {
    return this.page.evaluate(() => JSON.parse(globalThis.l2t.state()));
  }

  controls() {
    return this.page.evaluate(() => JSON.parse(globalThis.l2t.controls()));
  }

  /** Waits for the run to come to where `reached(state)` holds. */
  async until(what, reached, patience = PATIENCE) {
    const since = Date.now();
    for (;;) {
      const state = await this.state();
      if (state && reached(state)) return state;
      if (Date.now() - since > patience) {
        await this.picture("in-vain");
        assert.fail(`waited in vain for ${what}: ${JSON.stringify(state)}`);
      }
      await this.page.waitForTimeout(100);
    }
  }

  waiting() {
    return this.until("a run that waits", (state) => state.stage === "Waiting");
  }

  finished() {
    return this.until("the end", (state) => state.stage === "Finished");
  }

  /** The control called `name`, once it is on screen. */
  async control(name) {
    const since = Date.now();
    for (;;) {
      const found = (await this.controls()).find((control) => control.name === name && control.enabled);
      if (found) return found;
      if (Date.now() - since > 30_000) {
        const names = (await this.controls()).map((control) => control.name);
        assert.fail(`no control is called ${name}; there are ${names.join(", ")}`);
      }
      await this.page.waitForTimeout(100);
    }
  }

  /** Presses the control called `name` with the mouse. As people do, looks again before the button goes down: what comes
   * to stand on screen may have moved it. */
  async press(name) {
    let rect, before;
    do {
      before = rect;
      ({ rect } = await this.control(name));
      await this.page.mouse.move((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2);
      await this.page.waitForTimeout(60);
    } while (String(rect) !== String(before));
    await this.page.mouse.down();
    await this.page.waitForTimeout(60);
    await this.page.mouse.up();
  }

  /** Taps the control called `name` with a finger. */
  async tap(name) {
    const { rect } = await this.control(name);
    await this.page.touchscreen.tap((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2);
    await this.page.waitForTimeout(200);
  }

  /** Whether some text on screen contains `text`. */
  async says(text) {
    return (await this.controls()).some((control) => control.name.includes(text));
  }

  async saysSoon(text) {
    const since = Date.now();
    while (!(await this.says(text))) {
      if (Date.now() - since > PATIENCE) {
        await this.picture("in-vain");
        assert.fail(`“${text}” is not on screen`);
      }
      await this.page.waitForTimeout(100);
    }
  }

  /** Drops a file on the window. */
  async drop(...files) {
    await this.page.evaluate((files) => {
      const data = new DataTransfer();
      for (const [name, base64] of files) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        data.items.add(new File([bytes], name));
      }
      const canvas = document.getElementById("window");
      for (const kind of ["dragenter", "dragover", "drop"]) {
        canvas.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    }, files.map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]));
  }

  /** What pressing `name` downloads. */
  async download(name) {
    const [file] = await Promise.all([this.page.waitForEvent("download", { timeout: PATIENCE }), this.press(name)]);
    const chunks = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk);
    return { name: file.suggestedFilename(), bytes: Buffer.concat(chunks) };
  }

  /** Does to the page what a browser does to a tab that is not looked at, and undoes it. Without a screen Chromium calls
   * every tab visible. */
  hide(hidden) {
    return this.page.evaluate((hidden) => {
      globalThis.draw ??= globalThis.requestAnimationFrame;
      globalThis.undrawn ??= [];
      globalThis.requestAnimationFrame = hidden ? (draw) => globalThis.undrawn.push(draw) : globalThis.draw;
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
      if (!hidden) globalThis.undrawn.splice(0).forEach((draw) => globalThis.draw(draw));
    }, hidden);
  }

  picture(name) {
    // A software GPU that is busy takes its time.
    return this.page.screenshot({ path: join(PICTURES, `${name}.png`), timeout: PATIENCE });
  }

  /** Nothing went wrong behind the page's back. */
  async close() {
    assert.deepEqual(this.errors, [], "the console has no errors");
    await this.page.close();
  }
}
