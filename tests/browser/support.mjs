// A page in a real Chromium, driven by the names of the window's controls, as somebody does who cannot see it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const needed = (name) => process.env[name] ?? assert.fail(`${name} is not set: run cargo xtask test --only web`);

const { chromium } = createRequire(import.meta.url)(needed("L2T_PLAYWRIGHT"));

/** Where the page is served. */
export const URL = needed("L2T_URL");

/** Where screenshots go. */
export const PICTURES = needed("L2T_PICTURES");
mkdirSync(PICTURES, { recursive: true });

/** Long enough for a busy machine with two cores. */
export const PATIENCE = 240_000;

const QUIET = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
// A canvas drawn by the software driver can only be pictured with the last three.
const SOFTWARE_GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan",
  "--use-vulkan=swiftshader", "--use-angle=swiftshader"];
const NO_GPU = ["--disable-features=WebGPU", "--disable-webgpu", "--enable-unsafe-swiftshader"];

/** A browser of its own, with a software GPU or with WebGPU switched off. */
export async function browser(gpu) {
  const profile = mkdtempSync(join(tmpdir(), "l2t-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: needed("L2T_CHROMIUM"),
    args: [...QUIET, ...(gpu ? SOFTWARE_GPU : NO_GPU)],
    viewport: { width: 1280, height: 860 },
    acceptDownloads: true,
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
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
  async until(what, reached) {
    const since = Date.now();
    for (;;) {
      const state = await this.state();
      if (state && reached(state)) return state;
      if (Date.now() - since > PATIENCE) {
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

  /** Presses the control called `name` with the mouse. */
  async press(name) {
    const { rect: [left, top, right, bottom] } = await this.control(name);
    await this.page.mouse.move((left + right) / 2, (top + bottom) / 2);
    await this.page.waitForTimeout(60);
    await this.page.mouse.down();
    await this.page.waitForTimeout(60);
    await this.page.mouse.up();
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

/** A stored zip of [name, bytes]. */
export function zip(files) {
  const parts = [];
  const central = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const title = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, title, bytes]);
    const entry = Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, Buffer.alloc(14), title]);
    entry.writeUInt32LE(offset, 42);
    parts.push(local);
    central.push(entry);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}
