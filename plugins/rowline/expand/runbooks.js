'use strict';

// Each alarm has a page that says how to look and what to do: kind → page in docs/runbooks. The
// kind is the first part of the alarm's logical id, as logical_ids.js makes it: ParkedOfConsumeX.
const PAGES = {
  Behind: 'archive-behind',
  Closed: 'gate-closed',
  Delayed: 'firehose-delayed',
  Differs: 'differs',
  Down: 'relay-down',
  Due: 'due',
  Errors: 'errors',
  Lag: 'relay-behind',
  Late: 'behind',
  Lost: 'lost',
  MovedAway: 'moved-away',
  NotDelivered: 'not-delivered',
  Parked: 'parked',
  Rejected: 'archive-rejected',
  Retention: 'retention',
  Silent: 'watch-silent',
  Throttles: 'throttles',
  Undeliverable: 'firehose-errors',
  Unproved: 'unproved',
};

const OF = /^(.+?)Of(Relay|Consume|Topic|Watch|Archive)/;

/** The name of the page of an alarm, by its logical id. Throws an Error for one without. */
function pageOf(id) {
  const page = PAGES[OF.exec(id)?.[1]];
  if (!page) throw new Error(`The alarm ${id} has no page: name one in expand/runbooks.js.`);
  return `${page}.md`;
}

/** The resources, each alarm's text with the place of its page. base: where the pages are. */
function withRunbooks(resources, base) {
  const told = ([id, resource]) => {
    if (resource.Type !== 'AWS::CloudWatch::Alarm') return [id, resource];
    const { AlarmDescription: text } = resource.Properties;
    const page = `${String(base).replace(/\/+$/, '')}/${pageOf(id)}`;
    const AlarmDescription = `${text} Runbook: ${page}`;
    return [id, { ...resource, Properties: { ...resource.Properties, AlarmDescription } }];
  };
  return Object.fromEntries(Object.entries(resources).map(told));
}

module.exports = { withRunbooks, PAGES };
