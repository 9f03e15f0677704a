'use strict';

const names = require('./logical_ids');
const { settings, sizes } = require('./settings');
const { relay } = require('./relay');
const { relayContainer } = require('./relay_container');
const { consumer } = require('./consumer');
const { watch } = require('./watch');
const { jobs } = require('./jobs');
const { archive } = require('./archive');
const { historyApi } = require('./history_api');
const { isOff } = require('../options');
const { sharedPolicies } = require('./transport');
const { withRunbooks } = require('./runbooks');
const { ref, arn, sub } = require('./intrinsics');
const { topsOf } = require('../schema/own_code');
const { ownCodeOf } = require('./own_code');

/** An output that other stacks import, as STACK-NAME (docs/subscribe.md). */
const exported = (name, value) => ({
  Value: value,
  Export: { Name: sub(`\${AWS::StackName}-${name}`) },
});

/**
 * Expands valid stanzas (schema/problems.js finds no problem) into entries of `functions:`,
 * CloudFormation resources and outputs, and the settings that the functions and the command read.
 * `own` has the names of files and folders with the service's own code; `requirements` the files of
 * own packages of each function that has any.
 *
 * Pure: the same arguments give the same result, nothing is written, and only `read` reads.
 *
 * context: service, stage, prefix of the function names, runtime, architecture, logRetention
 *     (days), options (options.js), alerts (ARN or null), and read, which returns the text of a
 *     file of the service.
 */
function expand(stanzas, context) {
  const all = settings(stanzas, context);
  const size = sizes(stanzas);
  const { topic, state, claims, key } = context.options.resources;
  const parts = [
    ...Object.values(all.sources).map((source) =>
      (source.run === 'fargate' ? relayContainer : relay)(
        source,
        size.sources[source.name],
        context,
      ),
    ),
    ...Object.values(all.consumers).map((one) => consumer(one, size.consumers[one.name], context)),
    watch(context),
    jobs(all, context),
    ...(size.archive ? [archive(size.archive, all.sources, context)] : []),
    ...(size.archive && !isOff(size.archive.api) ? [historyApi(all.sources, context)] : []),
  ];
  const merged = (kind) => Object.assign({}, ...parts.map((part) => part[kind]));
  return {
    functions: merged('functions'),
    resources: {
      ...sharedPolicies(context.options),
      ...withRunbooks(merged('resources'), context.options.runbooks),
    },
    outputs: {
      [names.output.topic]: exported(names.output.topic, ref(topic)),
      [names.output.state]: { Value: ref(state) },
      [names.output.claims]: exported(names.output.claims, ref(claims)),
      [names.output.key]: exported(names.output.key, arn(key)),
      ...merged('outputs'),
    },
    settings: all,
    own: topsOf(Object.values(all.consumers).flatMap(ownCodeOf)),
    requirements: requirementsOf(all, size),
  };
}

/**
 * The jobs function calls every consumer's mapping: a backfill and a verify compute the documents
 * of rows. It calls no upcaster, since a row that is read has the newest columns.
 */
function requirementsOf({ consumers }, size) {
  const own = Object.entries(size.consumers).filter(([, { requirements }]) => requirements);
  const mapped = own.filter(([name]) => consumers[name].mapping !== undefined);
  const files = [...new Set(mapped.map(([, { requirements }]) => requirements))].sort();
  return {
    ...Object.fromEntries(
      own.map(([name, { requirements }]) => [names.consumer(name).function, [requirements]]),
    ),
    ...(files.length && { [names.jobs.function]: files }),
  };
}

module.exports = { expand };
