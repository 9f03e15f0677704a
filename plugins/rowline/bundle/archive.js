'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const { pipeline } = require('node:stream/promises');
const yazl = require('yazl');

// the earliest time that a zip can hold, in local time as zips store it
const EPOCH = new Date(1980, 0, 1);

/**
 * Writes a zip of `entries`: [name, path or Buffer]. The same entries give the same bytes, because
 * they are sorted and all have one time and one mode.
 *
 * Returns {hash, bytes, unpacked}: the SHA-256 of the content (hex), the size of the zip and of
 * its files.
 */
async function archive(entries, file) {
  const zip = new yazl.ZipFile();
  const hash = crypto.createHash('sha256');
  let unpacked = 0;
  for (const [name, content] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = Buffer.isBuffer(content) ? content : fs.readFileSync(content);
    unpacked += bytes.length;
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
    zip.addBuffer(bytes, name, { mtime: EPOCH, mode: 0o100644, forceDosTimestamp: true });
  }
  zip.end();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await pipeline(zip.outputStream, fs.createWriteStream(unfinished));
  fs.renameSync(unfinished, file);
  return { hash: hash.digest('hex'), bytes: fs.statSync(file).size, unpacked };
}

module.exports = { archive };
