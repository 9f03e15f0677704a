'use strict';

const names = require('./logical_ids');
const permissions = require('./permissions');
const { lambda, logGroup } = require('./function');
const { relayAlarms } = require('./alarms');
const { ref } = require('./intrinsics');
const { isOff } = require('../options');

// seconds; Lambda's longest run, so that the relay opens as few connections to the source as
// possible
const LONGEST = 900;

/** The relay function of one source, with its role and alarms. */
function relay(source, { memory }, context) {
  const { options, prefix, alerts } = context;
  const ids = names.relay(source.name);
  const name = `${prefix}-${ids.function}`;
  const running = !isOff(options.relay);
  return {
    functions: {
      [ids.function]: {
        ...lambda({
          name,
          handler: options.handlers.relay,
          role: ids.role,
          memory,
          timeout: LONGEST,
          environment: {
            ROWLINE_STREAM: source.name,
            ROWLINE_TOPIC_ARN: ref(options.resources.topic),
          },
          context,
          traced: true,
        }),
        description: `Publishes the changes of source ${source.name}`,
        // Lambda does not repeat a failed run: the schedule starts the next one, and repeated runs
        // would only wait for the lease.
        maximumRetryAttempts: 0,
        maximumEventAge: 60,
        ...(!isOff(options.relayConcurrency) && {
          reservedConcurrency: Number(options.relayConcurrency),
        }),
        events: running ? [{ schedule: { rate: ['rate(1 minute)'], enabled: true } }] : [],
      },
    },
    resources: {
      [ids.role]: permissions.role(
        permissions.relay({ source, functionName: name, options }),
        options,
      ),
      [ids.logGroup]: logGroup(name, options),
      ...(alerts && running && relayAlarms(ids, source.name, prefix, alerts)),
    },
    outputs: {
      [names.output.relay(source.name)]: {
        Value: ref(`${ids.function[0].toUpperCase()}${ids.function.slice(1)}LambdaFunction`),
      },
    },
  };
}

module.exports = { relay };
