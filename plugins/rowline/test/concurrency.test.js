'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { concurrencyProblem } = require('../deploy/concurrency');

const wanted = (over) => ({ relays: 1, reserved: 2, consumers: 10, ...over });

test('an account that can reserve what relays need is right', () => {
  assert.equal(concurrencyProblem(102, wanted()), '');
  assert.match(concurrencyProblem(101, wanted()), /runs 101 functions .* needs a quota of 102\./);
  assert.match(concurrencyProblem(10, wanted()), /set the param relayConcurrency to off/);
});

test('without reservations the consumers leave room for the relays', () => {
  const none = wanted({ reserved: 0 });
  assert.equal(concurrencyProblem(12, none), '');
  assert.match(concurrencyProblem(10, none), /lower consumers\.NAME\.concurrency to 8 in all/);
  assert.equal(concurrencyProblem(10, { ...none, consumers: 8 }), '');
});

test('a stage whose relays run elsewhere needs nothing', () => {
  assert.equal(concurrencyProblem(10, wanted({ relays: 0 })), '');
});
