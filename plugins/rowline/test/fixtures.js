'use strict';

const { readOptions } = require('../options');

const stanzas = (over = {}) => ({
  sources: {
    shop: {
      secret: 'rowline/test/source',
      tables: {
        'market.listings': null,
        'market.photos': { shardBy: 'listing_id' },
        'market.sellers': { drop: ['notes'], mask: { email: 'hash', iban: null } },
      },
    },
  },
  consumers: {
    listingSearch: {
      tables: ['market.listings', 'market.photos'],
      elasticsearch: { secret: 'rowline/test/search' },
    },
  },
  ...over,
});

const context = (over = {}) => ({
  service: 'rowline',
  stage: 'test',
  prefix: 'rowline-test',
  runtime: 'python3.13',
  architecture: 'arm64',
  alerts: null,
  ...over,
  options: readOptions(over.options ?? {}),
});

/** Freezes everything below, so that a test notices who writes into what it was given. */
function frozen(value) {
  if (value && typeof value === 'object') Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

module.exports = { stanzas, context, frozen };
