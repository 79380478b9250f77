// Is there a GPU that can train? Each step that fails says what is missing and what to do about it.

/** What the kernels need of an adapter: WebGPU's baseline, which all but broken drivers have. */
const NEEDED = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
};

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/** Asks the browser. `{adapter: {name, software} | null, reason, remedy}`; never throws. */
export async function gate(scope = globalThis) {
  const refused = (reason, remedy) => ({ adapter: null, reason, remedy });
  if (!scope.isSecureContext) {
    return refused(
      "this page came over an insecure connection, where browsers offer no WebGPU",
      "Open it by https://, or on this machine by http://localhost.",
    );
  }
  const gpu = scope.navigator.gpu;
  if (!gpu) {
    return refused(
      "this browser has no WebGPU",
      "Chrome and Edge have it since version 113, Safari since 26, Firefox since 141 on Windows and 145 on macOS; "
        + "on Linux start Chrome with --enable-unsafe-webgpu --enable-features=Vulkan.",
    );
  }
  let adapter = null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  } catch (error) {
    return refused(`the browser's WebGPU failed (${error.message})`, "Restart the browser.");
  }
  if (!adapter) {
    return refused(
      "the browser has WebGPU, but offers no graphics adapter",
      "Turn on “Use graphics acceleration” in the browser's settings, and install the driver of your graphics card; "
        + "chrome://gpu says what is in the way.",
    );
  }
  for (const [limit, needed] of Object.entries(NEEDED)) {
    if (adapter.limits[limit] < needed) {
      return refused(
        `the graphics adapter is too small: ${limit} is ${adapter.limits[limit]}, and ${needed} are needed`,
        "A newer driver may lift the limit.",
      );
    }
  }
  try {
    const device = await adapter.requestDevice();
    device.destroy();
  } catch (error) {
    return refused(
      `the graphics adapter does not start (${error.message})`,
      "Close other tabs that use the GPU, or restart the browser.",
    );
  }
  // An adapter gives one device; the program asks for another adapter of the same kind.
  const info = adapter.info ?? {};
  const words = [info.description, info.vendor, info.architecture, info.device].filter(Boolean);
  const software = Boolean(info.isFallbackAdapter ?? adapter.isFallbackAdapter) || SOFTWARE.test(words.join(" "));
  const name = info.description || words.slice(0, 2).join(" ") || "graphics adapter";
  return { adapter: { name, software }, reason: "", remedy: "" };
}

/** What to say of a software adapter. */
export const SOFTWARE_WORDS = {
  reason: "the only graphics adapter here is a software driver, slower than the CPU itself",
  remedy: "To use a graphics card, turn on “Use graphics acceleration” in the browser's settings and install the card's "
    + "driver; chrome://gpu says what is in the way.",
};
