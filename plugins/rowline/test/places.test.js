'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { placesOf, placed } = require('../schema/places');

const FILES = {
  'serverless.yml': `service: rowline
sources:
  shop:
    secret: \${param:secret}
    tables:
      shop.items:
      shop.photos: {shardBy: item_id,
        drop: [blob]}
consumers: \${file(./stanzas/consumers.yml):all.ours}
params: {default: !Ref {a: b}}
`,
  'stanzas/consumers.yml': `# ours
all:
  ours:
    search:
      tables:
        - shop.items
        - shop.photos
      elasticsearch: \${file(stanzas/search.yml)}
`,
  'stanzas/search.yml': 'secret: s\nfields: [id, titel]\n',
};
const read = (file) => {
  const text = FILES[file.replace('./', '')];
  if (text === undefined) throw new Error('no such file');
  return text;
};
const places = placesOf('serverless.yml', read);

test('each key has its file and line, in the files that a stanza names too', () => {
  const expected = {
    'sources.shop': 'serverless.yml:3',
    'sources.shop.tables.shop.items': 'serverless.yml:6',
    'sources.shop.tables.shop.photos.shardBy': 'serverless.yml:7',
    'sources.shop.tables.shop.photos.drop[0]': 'serverless.yml:8',
    'consumers.search.tables[1]': 'stanzas/consumers.yml:7',
    'consumers.search.elasticsearch.fields[1]': 'stanzas/search.yml:2',
  };
  for (const [key, place] of Object.entries(expected)) assert.strictEqual(places[key], place, key);
});

test('a sentence gets the place of the longest key that it begins with', () => {
  const sentence = 'sources.shop.tables.shop.photos.drop names blob, which key or shardBy needs.';
  const said = (text) => placed(text, places);
  assert.strictEqual(said(sentence), `serverless.yml:8: ${sentence}`);
  assert.match(said('sources.shop.sekret is no known key.'), /^serverless\.yml:3: /);
  assert.match(said('sources.shopping is wrong.'), /^serverless\.yml:2: /);
  assert.match(said('The template has 501 resources.'), /^serverless\.yml: The/);
});

test('files that name each other, or are not there, end nowhere', () => {
  const ring = (file) =>
    file === 'serverless.yml'
      ? 'sources: ${file(a.yml)}\nconsumers: ${file(b.yml)}'
      : '${file(a.yml)}';
  assert.ok(placesOf('serverless.yml', ring).sources);
  const lone = (file) => {
    if (file === 'serverless.yml') return 'consumers: ${file(b.yml)}';
    throw new Error('no such file');
  };
  assert.deepStrictEqual(placesOf('serverless.yml', lone), {
    '': 'serverless.yml',
    consumers: 'serverless.yml:1',
  });
  const code = placesOf('serverless.ts', () => 'module.exports = {};');
  assert.deepStrictEqual(code, { '': 'serverless.ts' });
});
