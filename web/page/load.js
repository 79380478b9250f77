// What the page is made of, packed: the program, with its progress, the script that binds it, and the sources that it carries.

/** How files may be packed, the smallest first; a browser that cannot unpack the one takes the other. */
const PACKED = [["brotli", ".br"], ["gzip", ".gz"]];

function unpacker() {
  for (const [format, ending] of PACKED) {
    try {
      return { ending, stream: new DecompressionStream(format) };
    } catch {
      // Not known to this browser.
    }
  }
  throw new Error("this browser cannot unpack the program: it is older than 2023");
}

/** Fetches the packed `url` and unpacks it on the way; `progress(share)` hears 0…1, or null where the size is unknown. */
async function unpacked(url, query = "", options = {}, progress = () => {}) {
  const { ending, stream } = unpacker();
  const answer = await fetch(url + ending + query, options);
  if (!answer.ok) throw new Error(`${url}${ending} could not be fetched (${answer.status})`);
  // A server that says that the file is packed has the browser unpack it.
  const done = Boolean(answer.headers.get("content-encoding"));
  const size = Number(answer.headers.get("content-length")) || 0;
  let seen = 0;
  const counted = answer.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      seen += chunk.byteLength;
      progress(size && !done ? Math.min(1, seen / size) : null);
      controller.enqueue(chunk);
    },
  }));
  return done ? counted : counted.pipeThrough(stream);
}

/** Fetches and compiles the packed program at `url`. */
export async function program(url, progress) {
  const wasm = new Response(await unpacked(url, "", {}, progress), { headers: { "content-type": "application/wasm" } });
  return WebAssembly.compileStreaming(wasm);
}

/** What is in the packed file at `url`. With a version, it changes with that alone. */
export async function contents(url, version) {
  const [query, options] = version ? [`?v=${version}`, { cache: "force-cache" }] : ["", {}];
  return new Response(await unpacked(url, query, options)).arrayBuffer();
}

/** Fetches and runs the packed module at `url`. */
export async function script(url) {
  const source = URL.createObjectURL(new Blob([await contents(url)], { type: "text/javascript" }));
  try {
    return await import(source);
  } finally {
    URL.revokeObjectURL(source);
  }
}
