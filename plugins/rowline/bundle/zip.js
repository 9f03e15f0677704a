'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const { pipeline } = require('node:stream/promises');
const yazl = require('yazl');

// the earliest time that a zip can hold, in local time as zips store it
const EPOCH = new Date(1980, 0, 1);

// of the zips that are kept; a stage has up to three
const KEPT = 12;

/**
 * Writes a zip of `entries`: [name, path or Buffer]. The same entries give the same bytes, because
 * they are sorted and all have one time and one mode.
 *
 * cache: the folder that keeps the latest zips, because compressing the archive's takes seconds.
 * level: how hard to compress, from 1 to 9.
 *
 * Returns {hash, bytes, unpacked}: the SHA-256 of the content (hex), the size of the zip and of
 * its files.
 */
async function archive(entries, file, cache, level = 6) {
  const hash = crypto.createHash('sha256');
  let unpacked = 0;
  const contents = [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, content]) => [
      name,
      Buffer.isBuffer(content) ? content : fs.readFileSync(content),
    ]);
  for (const [name, bytes] of contents) {
    unpacked += bytes.length;
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  const digest = hash.digest('hex');
  const kept = path.join(cache, `zip-${digest.slice(0, 32)}-${level}`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.mkdirSync(cache, { recursive: true });
  if (!copied(kept, file)) {
    await whole(file, (unfinished) => write(contents, unfinished, level));
    await whole(kept, (unfinished) => fs.promises.copyFile(file, unfinished));
    forget(cache);
  }
  return { hash: digest, bytes: fs.statSync(file).size, unpacked };
}

function write(contents, file, level) {
  const zip = new yazl.ZipFile();
  const each = {
    mtime: EPOCH,
    mode: 0o100644,
    forceDosTimestamp: true,
    compressionLevel: level,
  };
  for (const [name, bytes] of contents) zip.addBuffer(bytes, name, each);
  zip.end();
  return pipeline(zip.outputStream, fs.createWriteStream(file));
}

/** Makes a file in one step: under a temporary name first, which is then changed. */
async function whole(file, make) {
  const unfinished = `${file}.${process.pid}`;
  await make(unfinished);
  fs.renameSync(unfinished, file);
}

/** Copies a kept zip to `file`, and makes it the latest; false if it is not kept. */
function copied(kept, file) {
  try {
    fs.copyFileSync(kept, file, fs.constants.COPYFILE_FICLONE);
    fs.utimesSync(kept, new Date(), new Date());
    return true;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return false; // also where a packaging run at the same time has just removed it
  }
}

/** Removes all zips but the latest. */
function forget(cache) {
  const zips = fs
    .readdirSync(cache)
    .filter((name) => name.startsWith('zip-'))
    .map((name) => path.join(cache, name))
    .map((file) => [fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0, file])
    .sort(([a], [b]) => b - a);
  for (const [, file] of zips.slice(KEPT)) fs.rmSync(file, { force: true });
}

/** How hard a zip is compressed. One for this machine travels no further: quickly. */
const levelFor = ({ build }) => (build === 'host' ? 1 : 6);

module.exports = { archive, levelFor };
