// From an empty page to the window: ask for a GPU while the program loads, say what is missing, start.
import init, { start } from "./l2t.js";
import { gate, SOFTWARE_WORDS } from "./gate.js";
import { program } from "./load.js";
import { mirror } from "./mirror.js";
import { openLesson } from "./lesson.js";

const at = (id) => document.getElementById(id);
const began = performance.now();

function say(text) {
  at("doing").textContent = text;
}

/** Shows what is missing; resolves to "cpu" or "again", whichever is pressed. */
function choose(reason, remedy, other) {
  at("missing").textContent = `Training on the GPU is not possible: ${reason}.`;
  at("remedy").textContent = remedy;
  at("cpu").textContent = "Train on the CPU instead";
  at("again").textContent = other;
  at("gate").hidden = false;
  at("cpu").focus();
  return new Promise((resolve) => {
    at("cpu").onclick = () => resolve("cpu");
    at("again").onclick = () => resolve("again");
  }).finally(() => {
    at("gate").hidden = true;
  });
}

/** Passes the gate: where to train, as the program reads it. */
async function pass() {
  const asked = new URLSearchParams(location.hash.slice(1)).get("device");
  if (asked === "cpu") return { adapter: null, reason: "as the link asks", draw: false };
  for (;;) {
    const { adapter, reason, remedy } = await gate();
    if (adapter && !adapter.software) return { adapter, reason, draw: true };
    // Who asks for it by name gets it; drawing with it, too, is what a graphics card does.
    if (adapter && (asked === "software-gpu" || asked === "gpu")) return { adapter, reason, draw: asked === "gpu" };
    if (adapter) {
      const chosen = await choose(SOFTWARE_WORDS.reason, SOFTWARE_WORDS.remedy, "Look again");
      if (chosen === "cpu") return { adapter, reason: SOFTWARE_WORDS.reason, draw: false };
    } else if (await choose(reason, remedy, "Look again") === "cpu") {
      return { adapter: null, reason, draw: false };
    }
  }
}

function crash(report) {
  at("report").textContent = `${report}\n\n${navigator.userAgent}\n${location.href}`;
  at("crash").hidden = false;
  at("cover").hidden = true;
}

at("reload").onclick = () => location.reload();
at("copy").onclick = () => navigator.clipboard.writeText(at("report").textContent);
addEventListener("l2t-panic", (event) => crash(event.detail));

async function boot() {
  openLesson(at("lesson"), at("lesson-toggle"));
  const loading = program("l2t.wasm", (share) => {
    if (share === null) at("loaded").removeAttribute("value");
    else at("loaded").value = 100 * share;
  });
  const found = await pass();
  say("Loading the program…");
  const { memory } = await init({ module_or_path: await loading });
  say("Opening the window…");
  const hash = location.hash.slice(1);
  const page = await start(at("window"), JSON.stringify({ ...found, hash }));
  addEventListener("hashchange", () => page.refresh());
  mirror(page, at("mirror"), at("window"));
  at("cover").hidden = true;
  // For those who look behind the window: tests and measurements.
  Object.assign(globalThis, { l2t: page, l2tMemory: memory, l2tStarted: performance.now() - began });
}

boot().catch((error) => crash(String(error?.stack ?? error)));
