// The program, packed, with its progress.

/** How the program may be packed, the smallest first; a browser that cannot unpack the one takes the other. */
const PACKED = [["brotli", ".br"], ["gzip", ".gz"]];

function unpacker(url) {
  for (const [format, ending] of PACKED) {
    try {
      return { url: url + ending, stream: new DecompressionStream(format) };
    } catch {
      // Not known to this browser.
    }
  }
  throw new Error("this browser cannot unpack the program: it is older than 2023");
}

/** Fetches and compiles the packed `url`; `progress(share)` hears 0…1, or null where the size is unknown. */
export async function program(url, progress) {
  const packed = unpacker(url);
  const answer = await fetch(packed.url);
  if (!answer.ok) throw new Error(`${packed.url} could not be fetched (${answer.status})`);
  // A server that says that the file is packed has the browser unpack it.
  const unpacked = Boolean(answer.headers.get("content-encoding"));
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
  if (!unpacked) stream = stream.pipeThrough(packed.stream);
  const wasm = new Response(stream, { headers: { "content-type": "application/wasm" } });
  return WebAssembly.compileStreaming(wasm);
}
