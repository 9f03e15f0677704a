'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { expand } = require('../expand');
const { PAGES, withRunbooks } = require('../expand/runbooks');
const { stanzas, context } = require('./fixtures');

const alerts = 'arn:aws:sns:eu-west-1:111122223333:pager';

/** Every alarm that the stanzas can have: [logical id, description]. */
function alarms(options = {}) {
  const over = stanzas({ archive: { retention: '400d', via: 'firehose' } });
  over.consumers.listingSearch.verify = { schedule: 'rate(1 day)' };
  const { resources } = expand(over, context({ alerts, options }));
  return Object.entries(resources)
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([id, { Properties }]) => [id, Properties.AlarmDescription]);
}

test('the text of every alarm ends with its page', () => {
  assert.ok(alarms().length > 10);
  for (const [id, text] of alarms()) {
    const page = `${PAGES[id.split('Of')[0]]}.md`;
    assert.ok(text.endsWith(` Runbook: docs/runbooks/${page}`), `${id}: ${text}`);
  }
});

test('every page has its alarm', () => {
  const kinds = new Set(alarms().map(([id]) => id.split('Of')[0]));
  assert.deepEqual([...kinds].sort(), Object.keys(PAGES).sort());
});

test('the pages may be elsewhere', () => {
  for (const [, text] of alarms({ runbooks: 'https://wiki.example.com/rowline/' }))
    assert.match(text, / Runbook: https:\/\/wiki\.example\.com\/rowline\/[a-z-]+\.md$/);
});

test('an alarm without a page is a defect', () => {
  const alarm = { Type: 'AWS::CloudWatch::Alarm', Properties: { AlarmDescription: 'Odd.' } };
  assert.throws(() => withRunbooks({ OddOfConsumeX: alarm }, 'docs'), /OddOfConsumeX has no page/);
});
