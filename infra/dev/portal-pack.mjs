// Packs each text file of a folder beside itself, `.br` and `.gz`, so that a server sends what is packed once.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const PACKED = new Set(['.js', '.css', '.html', '.svg', '.json', '.webmanifest', '.txt']);
// Below it a packet is sent anyway.
const LEAST_BYTES = 1024;

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: portal-pack.mjs FOLDER');
  process.exit(2);
}
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const files = entries.filter((entry) => entry.isFile() && PACKED.has(extname(entry.name)));
await Promise.all(
  files.map(async (entry) => {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const content = await readFile(path);
    if (content.length < LEAST_BYTES) return;
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } };
    await writeFile(`${path}.br`, await promisify(brotliCompress)(content, quality));
    await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
  }),
);
