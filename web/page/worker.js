// The thread that trains. The page sends the compiled program first, then messages of its own (see wire.rs).
import init, { work } from "./l2t.js";

// The device, where somebody who debugs a lost one finds it.
if (globalThis.GPUAdapter) {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    globalThis.device = await request.apply(this, args);
    return globalThis.device;
  };
}

// A browser that refuses a kernel says so on the console alone, and the kernel would write nothing: that ends the run.
const complain = console.error;
console.error = (...words) => {
  complain(...words);
  const text = words.join(" ");
  if (text.includes("WGSL compilation failed")) {
    const reason = text.split("\n").find((line) => line.includes("error:")) ?? "no reason";
    setTimeout(() => { throw new Error(`this browser refuses a kernel (${reason.trim()}): train on the CPU`); });
  }
};

onmessage = async (event) => {
  onmessage = null;
  try {
    // What it holds is where somebody who measures finds it.
    globalThis.memory = (await init({ module_or_path: event.data })).memory;
    work();
  } catch (error) {
    // Reaches the page as the worker's error, with its words.
    setTimeout(() => { throw error; });
  }
};
