'use strict'; // (long: one table of wrong stanzas)

const test = require('node:test');
const assert = require('node:assert');
const { problems } = require('../schema/problems');
const { settings, sizes } = require('../expand/settings');
const { readOptions } = require('../options');
const { stanzas, frozen } = require('./fixtures');

/** The stanzas with the value at a path of keys replaced (or removed, with undefined). */
function withValue(path, value) {
  const copy = structuredClone(stanzas());
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce((node, key) => node[key], copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

const consumer = ['consumers', 'listingSearch'];
const source = ['sources', 'shop'];
const wrong = [
  [
    'a filter without columns',
    [...consumer, 'filter'],
    {},
    /consumers\.listingSearch\.filter is empty\..* Column: value/,
  ],
  [
    'a schedule that is none',
    [...consumer, 'verify'],
    { schedule: 'daily' },
    /verify\.schedule is "daily"\. It is none of nightly, weekly and cron\(…\)/,
  ],
  [
    'a schedule of five fields',
    [...consumer, 'verify'],
    { schedule: 'cron(0 2 * * *)' },
    /cron\(…\) has six fields/,
  ],
  [
    'a schedule with both days',
    [...consumer, 'verify'],
    { schedule: 'cron(0 2 * * * *)' },
    /Exactly one of day of month and day of week must be \?/,
  ],
  [
    'a schedule at an hour that no day has',
    [...consumer, 'verify'],
    { schedule: 'cron(0 24 * * ? *)' },
    /24 is no hours\. Write numbers from 0 to 23/,
  ],
  [
    'a schedule with L',
    [...consumer, 'verify'],
    { schedule: 'cron(0 2 L * ? *)' },
    /L is no day of month/,
  ],
  [
    'a filter with a number that YAML has rounded',
    [...consumer, 'filter'],
    { seller_id: [7, 12345678901234567890] },
    /consumers\.listingSearch\.filter\.seller_id is 12345678901234567000, .*in quotes/,
  ],
  [
    'a word that is as close to on as to off, and begins one of them',
    [...consumer, 'enabled'],
    'of',
    /Did you mean off\?/,
  ],
  [
    'a filter without values',
    [...consumer, 'filter'],
    { status: [] },
    /consumers\.listingSearch\.filter\.status is empty/,
  ],
  [
    'a filter on a map',
    [...consumer, 'filter'],
    { status: { is: 1 } },
    /consumers\.listingSearch\.filter\.status is a map; it must be/,
  ],
  [
    'a changed column that is a number',
    [...consumer, 'filter'],
    { changed: [7] },
    /filter\.changed names 7, which is no column\. Name the columns/,
  ],
  [
    'a changed column twice',
    [...consumer, 'filter'],
    { changed: ['price', 'price'] },
    /filter\.changed names price twice\. Name each once/,
  ],
  [
    'a filter on a column without a name',
    [...consumer, 'filter'],
    { ' ': 1 },
    /filter has a column without a name/,
  ],
  [
    'no operation',
    [...consumer, 'operations'],
    [],
    /consumers\.listingSearch\.operations is empty/,
  ],
  [
    'a wrong key of a consumer',
    [...consumer, 'elasticserch'],
    {},
    /elasticserch is no known key\. Did you mean consumers\.listingSearch\.elasticsearch\?/,
  ],
  [
    'a wrong key of a sink',
    [...consumer, 'elasticsearch', 'aliass'],
    'x',
    /aliass is no known key\. Did you mean consumers\.listingSearch\.elasticsearch\.alias\?/,
  ],
  [
    'a wrong key of a source',
    [...source, 'secrets'],
    'x',
    /sources\.shop\.secrets is no known key\. Did you mean sources\.shop\.secret\?/,
  ],
  [
    'a wrong key of a table',
    [...source, 'tables', 'market.photos'],
    { shardby: 'id' },
    /sources\.shop\.tables\.market\.photos\.shardby is no known key\. Did you mean .*\.shardBy\?/,
  ],
  [
    'a way to run that there is not',
    [...source, 'run'],
    'fargat',
    /sources\.shop\.run is "fargat"; it must be one of lambda, fargate\. Did you mean fargate\?/,
  ],
  [
    'a compression that there is not',
    [...source, 'compression'],
    'gzip',
    /sources\.shop\.compression is "gzip"; it must be one of off, zstd/,
  ],
  [
    'a word where true or false stands',
    [...source, 'tables', 'market.photos'],
    { acceptCascades: 'yes' },
    /acceptCascades is "yes"; it must be true or false/,
  ],
  [
    'a kind of mask that there is not',
    [...source, 'tables', 'market.photos'],
    { mask: { url: 'hashed' } },
    /mask\.url is "hashed"; it must be one of hash, redact, null\. Did you mean hash\?/,
  ],
  [
    'a text for a number',
    [...consumer, 'memory'],
    '512 MB',
    /consumers\.listingSearch\.memory is "512 MB"; it must be a whole number/,
  ],
  [
    'a number out of range',
    [...consumer, 'concurrency'],
    1,
    /consumers\.listingSearch\.concurrency is 1; it must be from 2 to 1000/,
  ],
  [
    'a fraction for a whole number',
    [...consumer, 'timeout'],
    10.5,
    /timeout is 10\.5; it must be a whole number/,
  ],
  [
    'a list for a map',
    [...source, 'tables'],
    ['market.listings'],
    /sources\.shop\.tables is a list; it must be a map/,
  ],
  [
    'no secret',
    [...source, 'secret'],
    undefined,
    /sources\.shop\.secret is missing\. Add it: Secrets Manager secret/,
  ],
  [
    'no sink',
    [...consumer, 'elasticsearch'],
    undefined,
    /listingSearch has no sink, .*Add .*\.elasticsearch \(an Elasticsearch cluster\)/,
  ],
  ['no tables', [...consumer, 'tables'], [], /consumers\.listingSearch\.tables is empty/],
  ['a source without tables', [...source, 'tables'], {}, /sources\.shop\.tables is empty/],
  [
    'an unqualified table',
    [...source, 'tables', 'listings'],
    null,
    /sources\.shop\.tables\.listings has a wrong name; it must be database\.table, like/,
  ],
  [
    'a name with a hyphen',
    ['consumers', 'listing-search'],
    stanzas().consumers.listingSearch,
    /consumers\.listing-search has a wrong name; it must be a camelCase name/,
  ],
  [
    'a name that is too long',
    ['consumers', `a${'b'.repeat(40)}`],
    stanzas().consumers.listingSearch,
    /at most 40 letters/,
  ],
  [
    'a table that is not captured',
    [...consumer, 'tables'],
    ['market.listngs'],
    /\[0\] is market\.listngs, which source shop does not .* Did you mean market\.listings\?/,
  ],
  [
    'a database that is not captured',
    [...consumer, 'tables'],
    ['markt.*'],
    /tables\[0\] is markt\.\*, .* Did you mean market\.\*\?/,
  ],
  [
    'one alias for several tables',
    [...consumer, 'elasticsearch', 'alias'],
    'listings',
    /alias is "listings" for 2 tables: .*Write \{table\} in it/,
  ],
  [
    'a place-holder that nobody fills in',
    [...consumer, 'elasticsearch', 'alias'],
    '{tabel}',
    /alias holds \{tabel\}\. Write \{database\} or \{table\}/,
  ],
  [
    'a source that there is not',
    [...consumer, 'source'],
    'shopp',
    /consumers\.listingSearch\.source is "shopp", which is no source\. Did you mean shop\?/,
  ],
  ['a consumer without a source', ['sources'], undefined, /there is no source/],
  ['no source at all', ['sources'], {}, /^sources is empty\. Name at least one source/],
  ['an empty key for sources', ['sources'], null, /^sources is empty\. Name at least one source/],
  [
    'a column that is dropped and masked',
    [...source, 'tables', 'market.photos'],
    { drop: ['a', 'b'], mask: { b: 'hash' } },
    /photos\.mask\.b is of no use: .*photos\.drop names b too\. Keep one of the two/,
  ],
  [
    'a column that is masked and cleared',
    [...source, 'tables', 'market.photos'],
    { mask: { b: 'hash' }, clear: 'b' },
    /photos\.clear names b, which mask hides\. Keep one/,
  ],
  ['a mask of nothing', [...source, 'tables', 'market.photos'], { mask: {} }, /mask is empty/],
  [
    'a rename of nothing',
    [...consumer, 'elasticsearch', 'rename'],
    {},
    /rename is empty\. Name at least one, or take it out/,
  ],
  ['an address for alarms', ['alerts'], 'me@x.example', /^alerts is "me@x\.example"; .* Subscribe/],
  ['a queue for alarms', ['alerts'], 'arn:aws:sqs:eu-west-1:111122223333:q', /the ARN of an SNS/],
  [
    'a FIFO topic for alarms',
    ['alerts'],
    'arn:aws:sns:eu-west-1:111122223333:a.fifo',
    /Name a standard topic/,
  ],
  ['a map for alarms', ['alerts'], { topic: 'x' }, /it must be the ARN of an SNS topic/],
  [
    'a table twice',
    [...consumer, 'tables'],
    ['market.photos', 'market.photos'],
    /tables names market\.photos twice\. Name each once/,
  ],
  [
    'a value twice in a filter',
    [...consumer, 'filter'],
    { status: ['a', 'b', 'a'] },
    /filter\.status names "a" twice/,
  ],
  [
    'a secret that is the ARN of something else',
    [...source, 'secret'],
    'arn:aws:ssm:eu-west-1:111122223333:parameter/x',
    /it must be the name or ARN of a secret/,
  ],
  ['processors for a function', [...source, 'cpu'], 512, /sources\.shop\.cpu is of no use/],
  [
    'requirements without own code',
    [...consumer, 'requirements'],
    'a.txt',
    /requirements is of no use: the consumer has no code of its own/,
  ],
  [
    'a schedule of a day that no month has',
    [...consumer, 'verify'],
    { schedule: 'cron(0 2 30-31 2 ? *)' },
    /No month of 2 has a day 30-31, so it never comes/,
  ],
  [
    'a schedule of a year that is over',
    [...consumer, 'verify'],
    { schedule: 'cron(0 2 * * ? 2019-2020)' },
    /The year 2019-2020 is over, so it never comes/,
  ],
  [
    'a verify of a webhook',
    ['consumers', 'listingSearch'],
    {
      tables: ['market.photos'],
      http: { url: 'https://x.example', secret: 's' },
      verify: { schedule: 'nightly' },
    },
    /verify is of no use: what http receives cannot be read back/,
  ],
  [
    'a change of a column without updates',
    ['consumers', 'listingSearch'],
    {
      ...stanzas().consumers.listingSearch,
      operations: ['c', 'd'],
      filter: { changed: ['price'] },
    },
    /filter\.changed is about updates, and .*operations leaves them out/,
  ],
  ...[
    ['a webhook at no port', 'https://x.example:99999/a', /which is no URL\. Check its host/],
    ['a webhook with a fragment', 'https://x.example/a#b', /a part behind #, which is never sent/],
  ].map(([what, url, message]) => [
    what,
    ['consumers', 'listingSearch'],
    { tables: ['market.photos'], http: { url, secret: 's' } },
    message,
  ]),
  [
    'files that move when they are gone',
    ['archive'],
    { retention: '60d', infrequentAfter: '90d' },
    /infrequentAfter is 90d, but changes are kept for 60d only/,
  ],
  [
    'a dropped column that the key needs',
    [...source, 'tables', 'market.photos'],
    { shardBy: 'a', drop: ['a'] },
    /drop names a, which shardBy needs\. Keep it, or mask it: hash/,
  ],
  [
    'a secret that is a map',
    [...source, 'secret'],
    { host: 'x' },
    /sources\.shop\.secret is a map; it must be the name or ARN of a secret/,
  ],
  [
    'a secret with a blank',
    [...source, 'secret'],
    'my secret',
    /sources\.shop\.secret is "my secret"; it must be the name or ARN of a secret/,
  ],
  [
    'a start that is none',
    [...source, 'start'],
    'yesterday',
    /sources\.shop\.start is "yesterday"; it must be earliest, latest, FILE:OFFSET or a GTID set/,
  ],
  [
    'too many shards',
    [...source, 'tables', 'market.photos'],
    { shards: 1025 },
    /shards is 1025; it must be from 1 to 1024/,
  ],
  [
    'no shard',
    [...source, 'tables', 'market.photos'],
    { shards: 0 },
    /shards is 0; it must be from 1 to 1024/,
  ],
  [
    'a key column that is masked away',
    [...source, 'tables', 'market.photos'],
    { key: 'a', mask: { a: 'redact' } },
    /tables\.market\.photos\.mask\.a is redact, which would make all rows alike.* Write hash/,
  ],
  [
    'a column of the shard that becomes null',
    [...source, 'tables', 'market.photos'],
    { shardBy: ['a', 'b'], mask: { b: null } },
    /mask\.b is null, .* and shardBy needs the column/,
  ],
  [
    'columns to drop in one text',
    [...source, 'tables', 'market.photos'],
    { drop: 'email, phone' },
    /photos\.drop is "email, phone", which is one name .* Write a list: \[email, phone\]; or/,
  ],
  [
    'changed columns in one text',
    [...consumer, 'filter'],
    { changed: 'price,city' },
    /filter\.changed is "price,city", which is one name .* Write a list: \[price, city\]; or/,
  ],
  ['tables in one text', [...consumer, 'tables'], 'market.a, market.b', /\[market\.a, market\.b\]/],
  [
    'a column that is named twice',
    [...source, 'tables', 'market.photos'],
    { drop: ['a', 'b', 'a'] },
    /tables\.market\.photos\.drop names a twice\. Name each once/,
  ],
  [
    'a database with a dot',
    [...source, 'tables', 'my.market.listings'],
    null,
    /my\.market\.listings has a wrong name; it must be database\.table, .* own name has a dot/,
  ],
  [
    'a pattern for tables of any database',
    [...consumer, 'tables'],
    ['*.listings'],
    /\[0\] is "\*\.listings"; it must be database\.table or database\.\*, .* no other pattern/,
  ],
  [
    'a pattern inside a name',
    [...consumer, 'tables'],
    ['market.list*'],
    /tables\[0\] is "market\.list\*"; .* Only database\.\* stands for several tables/,
  ],
  [
    'a name that cannot be filtered on',
    [...source, 'tables', 'market.a\u0007b'],
    null,
    /has a wrong name; it must be database\.table.* SNS cannot filter .* control character/,
  ],
  [
    'a table with a quotation mark',
    [...consumer, 'tables'],
    ['market.a"b'],
    /tables\[0\] is .* SNS filters on no name with a quotation mark.* by database\.\* only/,
  ],
  [
    'a database with a backslash',
    [...source, 'tables', 'mar\\ket.a'],
    null,
    /has a wrong name; .* SNS filters on no name with a quotation mark or a backslash/,
  ],
  [
    'a pattern of the source',
    [...source, 'tables', 'market.*'],
    null,
    /sources\.shop\.tables\.market\.\* has a wrong name; it must be database\.table/,
  ],
  ['a misspelt stanza', ['consumer'], {}, /^consumer is no known key\. Did you mean consumers\?/],
  [
    'an alias that is no name of an index',
    [...consumer, 'elasticsearch', 'alias'],
    'Shop-{table}',
    /alias is "Shop-\{table\}": it cannot be the name of an index\. Use lower-case letters/,
  ],
  [
    'an alias that mixes database and table',
    [...consumer, 'elasticsearch', 'alias'],
    '{database}_{table}',
    /it does not keep database and table apart\. Put a hyphen between them/,
  ],
  [
    'two columns of one field',
    [...consumer, 'elasticsearch', 'rename'],
    { a: 'x', b: 'x' },
    /elasticsearch\.rename: a and b both go into the field x\. Rename one of them/,
  ],
  [
    'a column renamed to another that is kept',
    [...consumer, 'elasticsearch'],
    { secret: 's', fields: ['a', 'b'], rename: { a: 'b' } },
    /rename: a and b both go into the field b/,
  ],
  [
    'a rename outside the fields',
    [...consumer, 'elasticsearch'],
    { secret: 's', fields: ['a'], rename: { b: 'c' } },
    /rename\.b: b is not among consumers\.listingSearch\.elasticsearch\.fields\. Add it there/,
  ],
  [
    'a field that Elasticsearch reserves',
    [...consumer, 'elasticsearch', 'rename'],
    { a: '_id' },
    /rename\.a is "_id", which cannot be a field/,
  ],
];

const more = [
  ['no for off', [...consumer, 'alarms'], 'no', /alarms is "no"; .*Did you mean off\?/],
  ['yes for on', [...consumer, 'enabled'], 'yes', /enabled is "yes"; .*Did you mean on\?/],
  ['true for a number', [...consumer, 'memory'], true, /memory is true; it must be a whole number/],
  ['a number for a secret', [...source, 'secret'], 7, /secret is 7; it must be the name or ARN/],
  [
    'days as a number',
    ['archive'],
    { retention: 400 },
    /retention is 400; .*days, or forever, like/,
  ],
  ['no key near', [...consumer, 'url'], 'x', /url is no known key\. Known here: source, tables/],
  [
    'OpenSearch',
    [...consumer, 'opensearch'],
    {},
    /Did you mean consumers\.listingSearch\.elastics/,
  ],
  ['a webhook', [...consumer, 'webhook'], {}, /Did you mean consumers\.listingSearch\.http\?/],
  ['a schedule alone', [...consumer, 'verify'], 'nightly', /must be a map.*\{schedule: nightly\}/],
  [
    'INSERT',
    [...consumer, 'operations'],
    'INSERT',
    /must be one of c, u, d, r, t\. They are create/,
  ],
  [
    'null for on or off',
    [...consumer, 'marks'],
    null,
    /marks is empty; it must be one of true, fal/,
  ],
  [
    'a date without quotes',
    [...consumer, 'filter'],
    { created: new Date('2026-01-31') },
    /filter\.created is the date 2026-01-31; .* Put it in quotes/,
  ],
];
for (const [what, path, value, message] of more)
  test(`a wrong value says what it is: ${what}`, () =>
    assert.match(problems(withValue(path, value)).join('\n'), message));

test('params of the command line are text, and mean what they say', () => {
  const given = withValue(consumer, {
    ...stanzas().consumers.listingSearch,
    concurrency: '20',
    alarms: 'false',
    verify: { schedule: 'nightly', repair: 'on' },
    filter: { zip: '0123', sold: 'false' },
  });
  given.sources.shop.tables['market.listings'] = { shards: '8', acceptCascades: 'true' };
  assert.deepEqual(problems(given), []);
  const made = settings(given, { service: 's', stage: 't' });
  assert.equal(made.sources.shop.tables['market.listings'].shards, 8);
  assert.equal(made.sources.shop.tables['market.listings'].acceptCascades, true);
  const { verify, filter } = made.consumers.listingSearch;
  assert.equal(verify.repair, true);
  assert.deepEqual(filter.values, { zip: ['0123'], sold: ['false'] });
  const { concurrency, alarms } = sizes(given).consumers.listingSearch;
  assert.deepEqual([concurrency, alarms], [20, false]);
});

test('a column or a consumer may have the name of something in JavaScript', () => {
  const given = stanzas();
  const { listingSearch } = given.consumers;
  listingSearch.elasticsearch.fields = ['id', 'constructor'];
  listingSearch.elasticsearch.rename = { constructor: 'team' };
  listingSearch.elasticsearch.id = 'constructor';
  given.consumers = { constructor: { ...listingSearch, filter: { constructor: 5 } } };
  given.sources.shop.tables['market.listings'] = { shardBy: 'constructor', mask: { a: 'hash' } };
  for (const archive of ['off', '400d']) assert.deepEqual(problems({ ...given, archive }), []);
});

test('a secret by name and by ARN is one cluster', () => {
  const given = stanzas();
  const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:rowline/test/search-AbCdEf';
  given.consumers.other = { tables: ['market.photos'], elasticsearch: { secret } };
  assert.match(problems(given).join(), /both write to market-photos/);
});

test('right stanzas have no problems', () => assert.deepEqual(problems(stanzas()), []));

for (const [what, path, value, message] of wrong) {
  test(`${what} is named`, () => {
    const found = problems(withValue(path, value));
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0], message);
  });
}

test('which of several sources a consumer means must be said', () => {
  const two = stanzas();
  two.sources.other = { ...two.sources.shop, secret: 'rowline/test/other' };
  assert.match(
    problems(two)[0],
    /consumers\.listingSearch\.source is missing\. Add it: .* sources \(shop, other\)/,
  );
});

test('a table whose name has blanks and other letters is captured', () => {
  const odd = withValue([...source, 'tables', 'market.Odd Name-ü%'], null);
  odd.consumers.listingSearch.tables = ['market.Odd Name-ü%'];
  assert.deepEqual(problems(odd), []);
  assert.match(
    problems(withValue([...source, 'tables', 'market. listings'], null))[0],
    /has a wrong name; it must be database\.table/,
  );
});

test('a fixed alias serves a single table', () => {
  const one = stanzas();
  one.consumers.listingSearch = {
    tables: ['market.listings'],
    elasticsearch: { secret: 's', alias: 'listings' },
  };
  assert.deepEqual(problems(one), []);
});

test('every way to say where a relay starts is taken', () => {
  const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
  for (const start of ['earliest', 'latest', 'bin.000007:4', '0-1-99, 1-2-3', `${uuid}:1-99`])
    assert.deepEqual(problems(withValue([...source, 'start'], start)), [], start);
});

test('a column that all tables drop is not renamed, and one that some have is', () => {
  const given = stanzas();
  given.sources.shop.tables['market.listings'] = { drop: 'notes' };
  given.consumers.listingSearch.elasticsearch.fields = ['id', 'notes'];
  assert.deepEqual(problems(given), []);
  given.sources.shop.tables['market.photos'] = { drop: 'notes' };
  const [said] = problems(given);
  assert.match(
    said,
    /elasticsearch\.fields names notes, which the source drops\. Take it out here/,
  );
});

test('a document id is not made of columns that the source keeps back', () => {
  const given = stanzas();
  given.consumers.listingSearch.elasticsearch.id = ['city'];
  for (const [how, message] of [
    [{ drop: 'city' }, /elasticsearch\.id names city, which the source drops from market\.photos/],
    [{ mask: { city: 'redact' } }, /id names city, which is masked in market\.photos, so that all/],
  ]) {
    given.sources.shop.tables['market.photos'] = how;
    assert.match(problems(given)[0], message);
  }
  given.sources.shop.tables['market.photos'] = { mask: { city: 'hash' } };
  assert.deepEqual(problems(given), []);
});

test('two consumers do not write the same table into the same index', () => {
  const two = stanzas();
  two.consumers.copy = structuredClone(two.consumers.listingSearch);
  const [said, ...others] = problems(two);
  assert.deepEqual(others, []);
  assert.match(said, /^consumers\.copy and consumers\.listingSearch both write to market-listings/);
  assert.match(said, /alias a name of its own, like copy-\{database\}-\{table\}\.$/);
  two.consumers.copy.elasticsearch.alias = 'copy-{database}-{table}';
  assert.deepEqual(problems(two), []);
});

test('tables of several databases do not share an index', () => {
  const two = stanzas();
  two.sources.shop.tables['other.listings'] = null;
  two.consumers.listingSearch = {
    tables: ['market.listings', 'other.listings'],
    elasticsearch: { secret: 's', alias: '{table}' },
  };
  assert.match(problems(two)[0], /several databases would share an index\. Write \{database\}/);
});

test('every default is written out, and a bare table is all defaults', () => {
  const { sources, consumers } = settings(frozen(stanzas()), { service: 'rowline', stage: 'test' });
  assert.deepEqual(sources.shop.tables['market.listings'], {
    key: [],
    shards: 64,
    shardBy: [],
    drop: [],
    mask: {},
    clear: [],
    acceptCascades: false,
  });
  assert.deepEqual(sources.shop.tables['market.sellers'].mask, { email: 'hash', iban: 'null' });
  assert.deepEqual(sources.shop.tables['market.photos'].shardBy, ['listing_id']);
  assert.equal(sources.shop.start, 'latest');
  assert.deepEqual(consumers.listingSearch, {
    name: 'listingSearch',
    source: 'shop',
    tables: ['market.listings', 'market.photos'],
    marks: true,
    timeout: 60,
    sink: {
      kind: 'elasticsearch',
      secret: 'rowline/test/search',
      alias: '{database}-{table}',
      index: {},
      id: [],
      fields: [],
      rename: {},
    },
  });
});

test('messages are compressed only where the stanza says so', () => {
  for (const [said, means] of [
    ['zstd', 'zstd'],
    ['off', 'off'],
    [false, 'off'],
    [undefined, 'off'],
  ]) {
    const some = withValue([...source, 'compression'], said);
    assert.deepEqual(problems(some), []);
    assert.equal(settings(some, {}).sources.shop.compression, means);
  }
});

test('ordering, parkBudget, maxAttempts reach the settings; every-change needs the marks', () => {
  const some = stanzas();
  const said = { ordering: 'every-change', parkBudget: 0, maxAttempts: 3 };
  Object.assign(some.consumers.listingSearch, said);
  assert.deepEqual(problems(some), []);
  const { ordering, parkBudget, maxAttempts } = settings(some, {}).consumers.listingSearch;
  assert.deepEqual({ ordering, parkBudget, maxAttempts }, said);
  some.consumers.listingSearch.maxAttempts = 0;
  assert.match(problems(some)[0], /maxAttempts/);
  some.consumers.listingSearch.maxAttempts = 3;
  some.consumers.listingSearch.marks = 'off';
  assert.match(problems(some)[0], /listingSearch\.marks is off.*Take marks: off out/);
  some.consumers.listingSearch.ordering = 'strict';
  assert.match(problems(some)[0], /ordering.*latest-state/);
});

test('marks: off is text in YAML 1.2, and means false', () => {
  const off = stanzas();
  off.consumers.listingSearch.marks = 'off';
  assert.deepEqual(problems(off), []);
  assert.equal(settings(off, {}).consumers.listingSearch.marks, false);
});

test('operations and filter are lists in the settings', () => {
  const given = withValue([...consumer, 'filter'], {
    status: 'active',
    sold: [null, 0],
    changed: 'price',
  });
  given.consumers.listingSearch.operations = 'u';
  assert.deepEqual(problems(given), []);
  const made = settings(given, { service: 's', stage: 't', read: () => '' }).consumers
    .listingSearch;
  assert.deepEqual(made.operations, ['u']);
  assert.deepEqual(made.filter, {
    values: { status: ['active'], sold: [null, 0] },
    changed: ['price'],
  });
});

const OWN = {
  'consumers/alerts.py': 'def handle(change, context):\n    pass\n\nasync def late(change): pass\n',
  'consumers/empty.txt': ' \n',
  'consumers/needs.txt': 'isodate\n',
};
const readOwn = (file) => {
  if (file in OWN) return OWN[file];
  throw new Error('no file');
};
const handled = (handler, more = {}) => ({
  ...stanzas(),
  consumers: { alerts: { tables: ['market.listings'], handler, ...more } },
});

for (const [handler, says] of [
  [
    'consumers/alert.handle',
    /^consumers\.alerts\.handler is .*, but there is no file consumers\/alert\.py\. Create/,
  ],
  ['consumers/alerts.handel', /consumers\/alerts\.py has no handel\. Correct the name/],
  ['consumers/alerts.late', /late in consumers\/alerts\.py is async\. Write a plain def/],
  ['consumers/alerts.py', /no file consumers\/alerts\.py\.|has no py/],
  ['consumers/alerts', /it must be FOLDER\/MODULE\.NAME of Python code/],
  ['handlers/mine.handle', /is in handlers, which is a package of the functions themselves/],
])
  test(`a handler that is wrong: ${handler}`, () => {
    const [found, ...more] = problems(handled(handler), { read: readOwn });
    assert.match(found, says);
    assert.deepEqual(more, []);
  });

for (const [requirements, says] of [
  ['consumers/none.txt', /^consumers\.alerts\.requirements: there is no file consumers\/none\.txt/],
  ['consumers/empty.txt', /consumers\/empty\.txt is empty/],
  ['requirements', /it must be the path of a requirements file, like consumers\/requirements\.txt/],
])
  test(`requirements that are wrong: ${requirements}`, () => {
    const given = handled('consumers/alerts.handle', { requirements });
    assert.match(problems(given, { read: readOwn }).join(), says);
  });

test('a handler is one line of the stanza', () => {
  const given = handled('consumers/alerts.handle', { requirements: 'consumers/needs.txt' });
  assert.deepEqual(problems(given, { read: readOwn }), []);
  const made = settings(given, { service: 's', stage: 't', read: readOwn }).consumers.alerts;
  assert.deepEqual(made.sink, { kind: 'handler', function: 'consumers/alerts.handle' });
});

const shaped = (more, sink = { elasticsearch: { secret: 'rowline/test/search' } }) => ({
  ...stanzas(),
  consumers: { listings: { tables: ['market.listings'], ...sink, ...more } },
});
const ROWS = {
  ...OWN,
  'upcast/listings.py': 'def to_2(row): return row\ndef document(row, table): pass',
};
const readRows = (file) => {
  if (file in ROWS) return ROWS[file];
  throw new Error('no file');
};

for (const [what, given, says] of [
  [
    'an upcaster of another table',
    shaped({ upcasters: { 'market.photos': { 1: 'upcast/listings.to_2' } } }),
    /^consumers\.listings\.upcasters\.market\.photos is no table of this consumer\. It receives/,
  ],
  [
    'an upcaster of no version',
    shaped({ upcasters: { 'market.listings': { first: 'upcast/listings.to_2' } } }),
    /market\.listings\.first has a wrong name; it must be the schema version that it lifts, like 1/,
  ],
  [
    'an upcaster that is not there',
    shaped({ upcasters: { 'market.listings': { 1: 'upcast/listings.to_3' } } }),
    /^consumers\.listings\.upcasters\.market\.listings\.1: upcast\/listings\.py has no to_3/,
  ],
  [
    'a mapping that is not there',
    shaped({ mapping: 'upcast/listing.document' }),
    /^consumers\.listings\.mapping is .*there is no file upcast\/listing\.py/,
  ],
  [
    'fields beside a mapping',
    shaped(
      { mapping: 'upcast/listings.document' },
      { elasticsearch: { secret: 'rowline/test/search', fields: ['id'] } },
    ),
    /^consumers\.listings\.elasticsearch\.fields is of no use beside mapping/,
  ],
  [
    'a mapping beside a handler',
    shaped({ mapping: 'upcast/listings.document' }, { handler: 'consumers/alerts.handle' }),
    /^consumers\.listings\.mapping is of no use beside a handler/,
  ],
])
  test(`own code for rows that is wrong: ${what}`, () => {
    const [found, ...more] = problems(given, { read: readRows });
    assert.match(found, says);
    assert.deepEqual(more, []);
  });

test('upcasters and mapping are in the settings as they are', () => {
  const upcasters = { 'market.listings': { 1: 'upcast/listings.to_2' } };
  const given = shaped({ upcasters, mapping: 'upcast/listings.document' });
  assert.deepEqual(problems(given, { read: readRows }), []);
  const made = settings(given, { service: 's', stage: 't', read: readRows }).consumers.listings;
  assert.deepEqual(made.upcasters, upcasters);
  assert.equal(made.mapping, 'upcast/listings.document');
});

test('what alarms may publish to', () => {
  const topic = 'arn:aws-us-gov:sns:us-gov-west-1:111122223333:pager';
  for (const alerts of [
    undefined,
    null,
    'off',
    topic,
    { Ref: 'Pager' },
    { 'Fn::GetAtt': ['A', 'B'] },
  ])
    assert.deepEqual(problems(stanzas({ alerts })), []);
});

test('a consumer that is switched off keeps its verify', () => {
  const given = stanzas();
  Object.assign(given.consumers.listingSearch, {
    enabled: 'off',
    verify: { schedule: 'nightly' },
  });
  assert.deepEqual(problems(given), []);
});

test('a leap day is a day', () => {
  const schedule = 'cron(0 2 29 2 ? *)';
  assert.deepEqual(problems(withValue([...consumer, 'verify'], { schedule })), []);
});

test('an option that AWS would refuse, or that says something else than it does, is named', () => {
  for (const [custom, message] of [
    [{ tls: 'of' }, /custom\.rowline\.tls is "of"; it must be on or off/],
    [{ relayConcurrency: -1 }, /relayConcurrency is -1; it must be a whole number from 1 to 1000/],
    [{ jobsMemory: 64 }, /jobsMemory is 64; .* from 128 to 10240/],
    [{ subnets: 'vpc-1', securityGroups: 'sg-1' }, /subnets is "vpc-1"; .* like subnet-0a1b2c3d/],
    [{ subscribers: [{ Ref: 'X' }] }, /subscribers names \{"Ref":"X"\}, which is no account/],
    [{ permissionsBoundary: 'boundary' }, /must be the ARN of a managed policy/],
    ['x', /custom\.rowline is "x"; it must be a map/],
    [{ handlers: 'x' }, /rowline\.handlers is "x"; it must be a map/],
    [{ resources: { keys: 'K' } }, /rowline\.resources\.keys is no option\. Did you mean key\?/],
    [{ resources: { key: 7 } }, /rowline\.resources\.key is 7; it must be text/],
    [{ tracing: true }, /rowline\.tracing is true: off, or the share/],
    [{ code: [1] }, /rowline\.code is 1; it must be a list of texts/],
    [{ requirements: 5 }, /rowline\.requirements is 5; it must be text/],
    [{ relayconcurency: 2 }, /is no option\. Did you mean relayConcurrency\?/],
  ])
    assert.throws(() => readOptions(custom), message);
  for (const custom of [{ tls: false }, { relayConcurrency: '2' }, { relayConcurrency: 'off' }])
    readOptions(custom);
});

test('a subnet may come from another stack', () => {
  const subnet = { 'Fn::ImportValue': 'private' };
  const made = readOptions({ subnets: ['subnet-1', subnet], securityGroups: { Ref: 'Group' } });
  assert.deepEqual(made.subnets, ['subnet-1', subnet]);
  assert.deepEqual(made.securityGroups, [{ Ref: 'Group' }]);
});

test('a table with a quotation mark is captured, and received with its database', () => {
  const given = withValue([...source, 'tables', 'market.a"b'], null);
  given.consumers.listingSearch.tables = ['market.*'];
  assert.deepEqual(problems(given), []);
});

test('custom.rowline may be empty, and a list of one may be a text', () => {
  assert.deepEqual(readOptions(null), readOptions());
  assert.deepEqual(readOptions({ code: 'handlers' }).code, ['handlers']);
});
