'use strict';

const { isOff } = require('../options');

// The stanza `alerts:`. Alarms publish to a standard topic. Source: CloudWatch user guide,
// "Notifying users on alarm changes".
const TOPIC = /^arn:aws[a-z-]*:sns:[a-z]{2}[a-z-]*-\d:\d{12}:[A-Za-z0-9_-]{1,256}$/;
const EXAMPLE = 'arn:aws:sns:eu-west-1:111122223333:alarms';

/** The problems of `alerts`. A map is a function of CloudFormation, like {Ref: Alarms}. */
function alertsProblems(alerts) {
  if (isOff(alerts)) return [];
  const keys = typeof alerts === 'object' ? Object.keys(alerts) : [];
  if (keys.length === 1 && /^(Ref|Fn::\w+)$/.test(keys[0])) return [];
  const is = `alerts is ${JSON.stringify(alerts)}; it must be the ARN of an SNS topic, like`;
  if (typeof alerts === 'string' && TOPIC.test(alerts)) return [];
  if (typeof alerts === 'string' && alerts.includes('@'))
    return [
      `${is} ${EXAMPLE}. Subscribe the address to a topic (aws sns subscribe --protocol email), ` +
        'and write the ARN of the topic.',
    ];
  if (typeof alerts === 'string' && alerts.endsWith('.fifo'))
    return [`${is} ${EXAMPLE}. Name a standard topic: alarms cannot publish to a FIFO topic.`];
  return [`${is} ${EXAMPLE}, or off. Create a topic, and write its ARN.`];
}

module.exports = { alertsProblems };
