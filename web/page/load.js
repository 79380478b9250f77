// The program, packed, with its progress.

/** Fetches and compiles `url` (gzip); `progress(share)` hears 0…1, or null where the size is unknown. */
export async function program(url, progress) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} could not be fetched (${answer.status})`);
  // A server that says that the file is packed has the browser unpack it.
  const unpacked = (answer.headers.get("content-encoding") ?? "").includes("gzip");
  const size = Number(answer.headers.get("content-length")) || 0;
  let seen = 0;
  const counted = new TransformStream({
    transform(chunk, controller) {
      seen += chunk.byteLength;
      progress(size && !unpacked ? Math.min(1, seen / size) : null);
      controller.enqueue(chunk);
    },
  });
  let stream = answer.body.pipeThrough(counted);
  if (!unpacked) stream = stream.pipeThrough(new DecompressionStream("gzip"));
  const wasm = new Response(stream, { headers: { "content-type": "application/wasm" } });
  return WebAssembly.compileStreaming(wasm);
}
