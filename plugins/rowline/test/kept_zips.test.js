'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { archive, levelFor } = require('../bundle/zip');

/** A folder for the test, with what makes a zip there of `text`. */
function place(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rowline-test-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const [file, cache] = [path.join(dir, 'out', 'a.zip'), path.join(dir, 'cache')];
  const make = (text, level) => archive([['a.py', Buffer.from(text)]], file, cache, level);
  return { file, cache, make };
}

test('a zip of the same content is made once', async (t) => {
  const { file, cache, make } = place(t);
  const { hash } = await make('a');
  const [name] = fs.readdirSync(cache);
  assert.deepEqual(fs.readFileSync(path.join(cache, name)), fs.readFileSync(file));
  fs.appendFileSync(path.join(cache, name), 'the kept one');
  const again = await make('a');
  assert.equal(again.hash, hash);
  assert.ok(fs.readFileSync(file, 'latin1').endsWith('the kept one'));
  assert.equal(again.bytes, fs.statSync(file).size);
});

test('other content is another zip', async (t) => {
  const { cache, make } = place(t);
  const [one, two] = [await make('a'), await make('b')];
  assert.notEqual(one.hash, two.hash);
  assert.equal(fs.readdirSync(cache).length, 2);
});

test('a zip for this machine is compressed quickly, and is another one', async (t) => {
  const { cache, make } = place(t);
  const text = Array.from({ length: 3000 }, (_, at) => `${at % 7}${(at * at) % 11}`).join('');
  const [quick, small] = [await make(text, levelFor({ build: 'host' })), await make(text)];
  assert.equal(quick.hash, small.hash);
  assert.ok(quick.bytes > small.bytes);
  assert.equal(fs.readdirSync(cache).length, 2);
  assert.equal(levelFor({ build: 'aws' }), 6);
});

test('the latest zips are kept', async (t) => {
  const { cache, make } = place(t);
  for (let number = 0; number < 15; number += 1) await make(`a${number}`);
  assert.equal(fs.readdirSync(cache).length, 12);
});
