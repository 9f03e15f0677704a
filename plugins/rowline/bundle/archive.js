'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const { pipeline } = require('node:stream/promises');
const yazl = require('yazl');

// the first day that a zip can name, in local time as zips keep it
const EPOCH = new Date(1980, 0, 1);

/**
 * One zip of `entries`: [name, path or Buffer]. The same entries give the same bytes: sorted, one
 * time, one mode. Returns {hash, bytes}: the content's SHA-256 (hex) and the size of the zip.
 */
async function archive(entries, file) {
  const zip = new yazl.ZipFile();
  const hash = crypto.createHash('sha256');
  for (const [name, content] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = Buffer.isBuffer(content) ? content : fs.readFileSync(content);
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
    zip.addBuffer(bytes, name, { mtime: EPOCH, mode: 0o100644, forceDosTimestamp: true });
  }
  zip.end();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await pipeline(zip.outputStream, fs.createWriteStream(unfinished));
  fs.renameSync(unfinished, file);
  return { hash: hash.digest('hex'), bytes: fs.statSync(file).size };
}

module.exports = { archive };
