'use strict';

const names = require('./logical_ids');
const permissions = require('./permissions');
const { lambda, logGroup } = require('./function');
const snapshots = require('./archive_snapshots');
const { ref, sub } = require('./intrinsics');

const LONGEST = 900; // seconds, Lambda's longest run: a job needs fewer slices

/**
 * The jobs function: works on the jobs of every consumer, slice after slice. It gets the URL of one
 * queue and the names of all: all URLs may exceed the 4 KB of an environment.
 */
function jobs(all, context) {
  const { options, prefix } = context;
  const consumers = [...permissions.workedOn(all), ...snapshots.archiving(all)];
  if (!consumers.length) return {};
  const ids = names.jobs;
  const name = `${prefix}-${ids.function}`;
  const queue = (one) => names.consumer(one.name).queue;
  return {
    functions: {
      [ids.function]: {
        ...lambda({
          name,
          handler: options.handlers.jobs,
          role: ids.role,
          memory: Number(options.jobsMemory),
          timeout: LONGEST,
          environment: {
            ...snapshots.environment(all),
            // A replay asks it for archived changes.
            ...(all.archive && {
              ROWLINE_ARCHIVE_FUNCTION: `${prefix}-${names.archive.function}`,
            }),
            ROWLINE_QUEUE_URL: ref(queue(consumers[0])),
            ROWLINE_QUEUES: {
              'Fn::Join': [
                ',',
                // A redrive of the archive's consumer is continued here too.
                Object.values(all.consumers).map((one) =>
                  sub(`${one.name}=\${${queue(one)}.QueueName}`),
                ),
              ],
            },
          },
          context,
        }),
        description: 'Works on backfills, resyncs and verifies',
        // A slice that failed is not repeated at once: the next one starts within a minute.
        maximumRetryAttempts: 0,
        maximumEventAge: 60,
        events: [], // the command and the watch function start it
      },
    },
    resources: {
      [ids.role]: permissions.role(
        permissions.jobs({ all, functionName: name, prefix, options }),
        options,
      ),
      [ids.logGroup]: logGroup(name, options),
    },
    outputs: { [names.output.jobs]: { Value: ref('JobsLambdaFunction') } },
  };
}

module.exports = { jobs };
