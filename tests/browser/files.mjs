// Files that the tests drop on the page: archives, weights as PyTorch writes them, CIFAR's batches.

/** A stored zip of [name, bytes]. */
export function zip(files) {
  const parts = [];
  const central = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const title = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, title, bytes]);
    const entry = Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), common, Buffer.alloc(14), title]);
    entry.writeUInt32LE(offset, 42);
    parts.push(local);
    central.push(entry);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

/** The tensors of a safetensors file: [name, type, shape, bytes]. */
export function tensors(file) {
  const length = Number(file.readBigUInt64LE(0));
  const { __metadata__, ...header } = JSON.parse(file.subarray(8, 8 + length).toString());
  return Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) =>
    [name, dtype, shape, file.subarray(8 + length + from, 8 + length + to)]);
}

const STORAGES = { F32: "FloatStorage", F16: "HalfStorage" };

/** What torch.save(state_dict) writes for these tensors: a zip of a pickle and one file a storage. */
export function checkpoint(tensors) {
  const ops = [Buffer.from("\x80\x02}(", "latin1")]; // protocol 2, a dictionary, a mark
  const raw = (text) => ops.push(Buffer.from(text, "latin1"));
  const number = (value) => {
    const op = Buffer.alloc(5);
    op.write("J", "latin1");
    op.writeInt32LE(value, 1);
    ops.push(op);
  };
  const text = (value) => {
    const op = Buffer.alloc(5);
    op.write("X", "latin1");
    op.writeUInt32LE(Buffer.byteLength(value), 1);
    ops.push(op, Buffer.from(value));
  };
  const tuple = (write) => {
    raw("(");
    write();
    raw("t");
  };
  tensors.forEach(([name, type, shape, bytes], nth) => {
    text(name);
    raw("ctorch._utils\n_rebuild_tensor_v2\n");
    tuple(() => {
      tuple(() => {
        text("storage");
        raw(`ctorch\n${STORAGES[type]}\n`);
        text(String(nth));
        text("cpu");
        number(shape.reduce((product, side) => product * side, 1));
      });
      raw("Q"); // the storage of that description
      number(0);
      tuple(() => shape.forEach(number));
      tuple(() => shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1)).forEach(number));
      raw("\x89ccollections\nOrderedDict\n)R"); // no gradient, no hooks
    });
    raw("R");
  });
  raw("u."); // into the dictionary; the end
  const files = tensors.map(([, , , bytes], nth) => [`archive/data/${nth}`, bytes]);
  return zip([["archive/data.pkl", Buffer.concat(ops)], ...files, ["archive/version", Buffer.from("3\n")]]);
}

/** CIFAR-10's binary files: `images` records in the only training batch and in the test batch, a colour a class. */
export function cifar(images) {
  const record = (nth) => {
    const bytes = Buffer.alloc(3073, 20 * (nth % 10));
    bytes[0] = nth % 10;
    bytes.fill(255 - 20 * (nth % 10), 1025, 2049);
    return bytes;
  };
  const batch = Buffer.concat(Array.from({ length: images }, (_, nth) => record(nth)));
  return [["data_batch_1.bin", batch], ["test_batch.bin", batch]];
}

/** A zip of two classes of pictures that differ in colour, `each` of a class, as PNG made by the browser. */
export async function pictures(page, each = 14) {
  const encoded = await page.evaluate(async (each) => {
    const made = [];
    for (const [name, hue] of [["red", 0], ["blue", 240]]) {
      for (let nth = 0; nth < each; nth += 1) {
        const canvas = new OffscreenCanvas(24, 20);
        const pen = canvas.getContext("2d");
        pen.fillStyle = `hsl(${hue + nth} 80% ${30 + 3 * nth}%)`;
        pen.fillRect(0, 0, 24, 20);
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        made.push([`${name}/${nth}.png`, btoa(String.fromCharCode(...bytes))]);
      }
    }
    return made;
  }, each);
  return zip(encoded.map(([name, text]) => [name, Buffer.from(text, "base64")]));
}
