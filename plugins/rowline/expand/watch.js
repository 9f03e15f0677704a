'use strict';

const names = require('./logical_ids');
const permissions = require('./permissions');
const { watchPermissions } = require('./watch_permissions');
const { lambda, logGroup, outsideVpc } = require('./function');
const { topicAlarms, watchAlarms } = require('./alarms');
const { ref } = require('./intrinsics');

const MEMORY = 256;
// Seconds: the schedule starts the next run then, and no two runs work at once.
const TIMEOUT = 60;

/**
 * The watch of a stage: the function that looks after everything else each minute. It is outside
 * the VPC, since it calls only AWS.
 */
function watch(context) {
  const { options, prefix, alerts } = context;
  const ids = names.watch();
  const name = `${prefix}-${ids.function}`;
  return {
    functions: {
      [ids.function]: {
        ...lambda({
          name,
          handler: options.handlers.watch,
          role: ids.role,
          memory: MEMORY,
          timeout: TIMEOUT,
          environment: {},
          context: outsideVpc(context),
        }),
        description: 'Looks after relays and consumers each minute',
        // The next minute starts another run.
        maximumRetryAttempts: 0,
        maximumEventAge: 60,
        events: [{ schedule: { rate: ['rate(1 minute)'], enabled: true } }],
      },
    },
    resources: {
      [ids.role]: permissions.role(
        watchPermissions({
          functionName: name,
          prefix,
          jobs: `${prefix}-${names.jobs.function}`,
          options,
        }),
        options,
      ),
      [ids.logGroup]: logGroup(name, options),
      ...(alerts && {
        ...watchAlarms(ids, prefix, alerts),
        ...topicAlarms(options.resources.topic, alerts),
      }),
    },
    outputs: {
      [names.output.watch]: {
        Value: ref(`${ids.function[0].toUpperCase()}${ids.function.slice(1)}LambdaFunction`),
      },
    },
  };
}

module.exports = { watch };
