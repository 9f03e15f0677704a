'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { problems } = require('../schema/problems');
const { settings } = require('../expand/settings');
const { expand } = require('../expand');
const { stanzas, context } = require('./fixtures');

/** The stanzas with one more entry under `sources:`. */
const withSource = (name, entry, change = () => {}) => {
  const copy = structuredClone(stanzas());
  copy.sources[name] = entry;
  change(copy);
  return copy;
};
const events = { relayOf: 'shop', tables: { 'market.events': null } };

test('a second relay of a source has its secret, and its tables belong to the source', () => {
  const two = withSource('shopEvents', events, (all) =>
    all.consumers.listingSearch.tables.push('market.events'),
  );
  assert.deepEqual(problems(two), []);
  const { sources, consumers } = settings(two, { service: 'rowline', stage: 'test' });
  assert.equal(sources.shopEvents.relayOf, 'shop');
  assert.equal(sources.shopEvents.secret, 'rowline/test/source');
  assert.equal('relayOf' in sources.shop, false);
  assert.equal(consumers.listingSearch.source, 'shop');
});

test('a consumer hears of a table under the name of its source, whichever relay reads it', () => {
  const filter = (all) =>
    expand(all, context()).resources.SubscriptionListingSearch.Properties.FilterPolicy;
  const moved = withSource(
    'shopEvents',
    { relayOf: 'shop', tables: { 'market.listings': null } },
    (all) => delete all.sources.shop.tables['market.listings'],
  );
  assert.deepEqual(problems(moved), []);
  assert.deepEqual(filter(moved), filter(stanzas()));
});

test('the relays of a source have the same rights on the state table and the claims', () => {
  const statements = (role) =>
    expand(withSource('shopEvents', events), context()).resources[role].Properties.Policies[0]
      .PolicyDocument.Statement;
  const own = (role) =>
    statements(role).filter(({ Sid }) => ['Stream', 'Claim', 'Secret'].includes(Sid));
  assert.equal(own('RoleOfRelayShop').length, 3);
  assert.deepEqual(own('RoleOfRelayShopEvents'), own('RoleOfRelayShop'));
});

const wrong = [
  [
    'a table that two relays read',
    { relayOf: 'shop', tables: { 'market.photos': null } },
    /shop\.tables\.market\.photos and .*other\.tables\.market\.photos are the same table of shop:/,
  ],
  [
    'one secret for two sources',
    { secret: 'rowline/test/source', tables: { 'market.events': null } },
    /sources\.other\.secret is also the secret of sources\.shop\. .* write relayOf: shop/,
  ],
  [
    'the ARN of a secret that is named elsewhere',
    {
      secret: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:rowline/test/source-a1B2c3',
      tables: { 'market.events': null },
    },
    /is also the secret of sources\.shop\./,
  ],
  [
    'a relay of nothing',
    { relayOf: 'shpo', tables: { 'market.events': null } },
    /sources\.other\.relayOf is "shpo", which is no source\. Did you mean shop\?/,
  ],
  ['a relay with a secret', { ...events, secret: 's' }, /sources\.other has a secret and relayOf/],
  [
    'neither secret nor relayOf',
    { tables: { 'market.events': null } },
    /sources\.other\.secret is missing/,
  ],
];
for (const [what, entry, message] of wrong) {
  test(`${what} is named`, () => {
    const found = problems(
      withSource('other', entry, (all) => (all.consumers.listingSearch.source = 'shop')),
    );
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0], message);
  });
}

test('a relay of a relay is named, and so is a consumer of a relay', () => {
  const chain = withSource(
    'shopEvents',
    events,
    (all) => (all.sources.third = { relayOf: 'shopEvents', tables: { 'market.x': null } }),
  );
  assert.match(
    problems(chain)[0],
    /sources\.third\.relayOf is shopEvents, itself a relay of shop\./,
  );
  const asked = withSource(
    'shopEvents',
    events,
    (all) => (all.consumers.listingSearch.source = 'shopEvents'),
  );
  assert.match(
    problems(asked)[0],
    /consumers\.listingSearch\.source is shopEvents, a relay of shop\. Write shop/,
  );
});

test('tables of two sources do not get into one index', () => {
  const twin = { secret: 'rowline/test/other', tables: { 'market.listings': null } };
  const two = withSource('other', twin, (all) => {
    all.consumers.listingSearch.source = 'shop';
    all.consumers.otherSearch = {
      source: 'other',
      tables: ['market.*'],
      elasticsearch: { secret: 'rowline/test/search' },
    };
  });
  const found = problems(two);
  assert.equal(found.length, 1, found.join('\n'));
  assert.match(
    found[0],
    /to market-listings, .* of other and .* of shop: .* like other-\{database\}-\{table\}/,
  );
  two.consumers.otherSearch.elasticsearch.alias = 'other-{database}-{table}';
  assert.deepEqual(problems(two), []);
  two.consumers.otherSearch.elasticsearch = { secret: 'rowline/test/another' };
  assert.deepEqual(problems(two), []);
});
