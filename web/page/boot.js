// From an empty page to the window: ask for a GPU while the program loads, say what is missing, start.
import { gate, SOFTWARE_WORDS } from "./gate.js";
import { program, script } from "./load.js";
import { mirror } from "./mirror.js";
import { openLesson } from "./lesson.js";

const at = (id) => document.getElementById(id);
const began = performance.now();

function say(text) {
  at("doing").textContent = text;
}

/** Says beside the window that it trains on the CPU, why, and, folded, how to come to the GPU. */
function onCpu({ reason, remedy }) {
  at("missing").textContent = `Training on the CPU: ${reason}.`;
  at("remedy").textContent = remedy;
  at("gate").hidden = false;
}

/** Passes the gate: where to train, as the program reads it. A page without a GPU begins on the CPU. */
async function pass() {
  const asked = new URLSearchParams(location.hash.slice(1)).get("device");
  if (asked === "cpu") return { adapter: null, reason: "as the link asks", draw: false };
  const { adapter, reason, remedy } = await gate();
  if (adapter && !adapter.software) return { adapter, reason, draw: true };
  // Who asks for it by name gets it; drawing with it, too, is what a graphics card does.
  if (adapter && (asked === "software-gpu" || asked === "gpu")) return { adapter, reason, draw: asked === "gpu" };
  const missing = adapter ? SOFTWARE_WORDS : { reason, remedy };
  onCpu(missing);
  return { adapter, reason: missing.reason, draw: false };
}

function crash(report) {
  at("report").textContent = `${report}\n\n${navigator.userAgent}\n${location.href}`;
  at("crash").hidden = false;
  at("cover").hidden = true;
}

at("reload").onclick = at("again").onclick = () => location.reload();
at("gate-close").onclick = () => { at("gate").hidden = true; };
at("copy").onclick = () => navigator.clipboard.writeText(at("report").textContent);
addEventListener("l2t-panic", (event) => crash(event.detail));

async function boot() {
  const lesson = openLesson(at("lesson"), at("lesson-toggle"), at("frame"));
  const binding = script("l2t.js");
  const loading = program("l2t.wasm", (share) => {
    if (share === null) at("loaded").removeAttribute("value");
    else at("loaded").value = 100 * share;
  });
  const found = await pass();
  say("Loading the program…");
  const { default: init, start } = await binding;
  const { memory } = await init({ module_or_path: await loading });
  say("Opening the window…");
  const hash = location.hash.slice(1);
  const page = await start(at("window"), JSON.stringify({ ...found, hash }));
  addEventListener("hashchange", () => page.refresh());
  mirror(page, at("mirror"), at("window"));
  lesson(page);
  // egui's field for what is typed comes without a name.
  for (const field of document.querySelectorAll("input:not([aria-label])")) field.ariaLabel = "what is typed into the window";
  at("cover").hidden = true;
  // For those who look behind the window: tests and measurements.
  Object.assign(globalThis, { l2t: page, l2tMemory: memory, l2tStarted: performance.now() - began });
}

boot().catch((error) => crash(String(error?.stack ?? error)));
