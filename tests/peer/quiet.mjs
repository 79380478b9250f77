// How much of the machine other programs take (Linux).
import { readFileSync, readdirSync } from "node:fs";
import { cpus } from "node:os";

const TICKS = 100;

/** Seconds of processor time that anything has used since the machine started. */
function all() {
  const [user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8").split("\n")[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS;
}

/** Those of this program and of what it started. */
function own() {
  const processes = new Map();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1).split(" ");
      processes.set(Number(id), { parent: Number(fields[1]), seconds: (Number(fields[11]) + Number(fields[12])) / TICKS });
    } catch {
      // It has just ended.
    }
  }
  const ours = (id) => id === process.pid || (processes.has(id) && ours(processes.get(id).parent));
  return [...processes].filter(([id]) => ours(id)).reduce((sum, [, { seconds }]) => sum + seconds, 0);
}

/** What `work` gives, and the share of the machine that others took meanwhile. */
export async function shared(work) {
  const before = all() - own(), since = performance.now();
  const result = await work();
  const share = (all() - own() - before) / (cpus().length * (performance.now() - since) / 1000);
  return [result, Math.max(share, 0)];
}
