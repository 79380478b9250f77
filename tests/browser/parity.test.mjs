// One iteration of Algorithm 1 in a tab, hypergradient included, against the numbers that the program is tested with.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { browser } from "./support.mjs";

// The authors' numbers: those of the repository, and those of the folder that L2T_FIXTURES names, if it does.
const FOLDERS = [fileURLToPath(new URL("../fixtures", import.meta.url)), process.env.L2T_FIXTURES].filter(Boolean);

function recorded() {
  const found = new Map();
  for (const folder of FOLDERS) {
    const names = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    assert.ok(names.length > 0, `${folder} holds no .safetensors file`);
    for (const name of names) found.set(name, join(folder, name));
  }
  return found;
}

async function parity(gpu, double) {
  const chromium = await browser(gpu);
  try {
    const page = await chromium.context.newPage();
    // A kernel that the browser refuses is only logged.
    const errors = [];
    page.on("console", (message) => message.text().includes("WGSL") && errors.push(message.text()));
    await page.goto(process.env.L2T_PARITY_URL);
    await page.evaluate(async (gpu) => {
      const program = await import("./parity.js");
      await program.default({ module_or_path: fetch("parity_bg.wasm") });
      globalThis.tab = await program.Tab.open(gpu);
    }, gpu);
    const run = (bytes) => page.evaluate(async ([text, double]) => {
      const bytes = text && Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      return JSON.parse(await globalThis.tab.parity(bytes ?? undefined, double));
    }, [bytes?.toString("base64") ?? null, double]);
    const found = await run(null);
    for (const [name, path] of recorded()) {
      for (const row of await run(readFileSync(path))) found.push({ ...row, name });
    }
    assert.deepEqual(errors, [], "no kernel was refused");
    return found;
  } finally {
    await chromium.close();
  }
}

function below(found, tolerance) {
  assert.ok(found.length >= 4, "the equations were compared");
  for (const name of ["momentum_T2.safetensors", "vanilla_T2.safetensors"]) {
    assert.ok(found.some((row) => row.name === name), `the authors' ${name} was compared`);
  }
  for (const { name, tensors, worst, whose, hypergradient } of found) {
    console.log(`${name}: ${tensors} tensors, worst ${worst.toExponential(1)} (${whose}), hypergradient ${hypergradient.toExponential(1)}`);
    assert.ok(tensors > 50, "a fixture holds the whole iteration");
    assert.ok(worst < tolerance, `${name}: ${whose} is off by ${worst}`);
    assert.ok(hypergradient < tolerance, name);
  }
}

describe("one iteration in a tab", () => {
  // Rounding of double precision through some forty layers stays near 1e-13.
  it("on the CPU, in double precision", async () => below(await parity(false, true), 1e-9));
  // Single precision through the same layers, with cancellation in the tangents of the normalisations.
  it("on the CPU, in single precision", async () => below(await parity(false, false), 1e-3));
  it("on the software GPU", async () => below(await parity(true, false), 1e-3));
});
