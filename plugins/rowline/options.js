'use strict';

const { MODES } = require('./deploy/check');
const { optionProblems, unknownOptions } = require('./option_forms');

// All that the plugin assumes about its service. `custom.rowline` overrides any of it.
const DEFAULTS = {
  handlers: {
    relay: 'handlers.relay.handle',
    consume: 'handlers.consume.handle',
    watch: 'handlers.watch.handle',
    jobs: 'handlers.jobs.handle',
    archive: 'handlers.archive.handle',
    history: 'handlers.history.handle',
  },
  // health check of a relay's container: fails when the relay gives no sign of life
  alive: ['python', '-m', 'handlers.relay_service', '--healthy'],
  code: ['handlers', 'shared'], // Python packages in the zip, beside the wheels of `requirements`
  requirements: 'requirements.txt',
  archiveRequirements: 'requirements-archive.txt', // of the archive's own zip
  // interpreter that runs pip; null: ROWLINE_PYTHON, .venv, the active environment, python3
  python: null,
  // aws: wheels for the provider's runtime and architecture; host: those of the interpreter above
  build: 'aws',
  // on: a deployment compares the stanzas with the database and Elasticsearch, if it can reach
  // them, and refuses mistakes; report: it only reports them; off: it does not compare
  check: 'on',
  checker: ['-m', 'cli.main', 'check'], // arguments with which the interpreter above compares them
  relay: 'on', // off: neither the schedule nor a deployment starts the relay functions
  // two, so that a new version can stand by while the old one ends; off: reserves none
  relayConcurrency: 2,
  jobsMemory: 1024, // of the jobs function, MB; a verify needs 8 MB for a million rows
  // off: topic, queues and bucket may be used over plain HTTP, which only an emulator should allow
  tls: 'on',
  // share of messages that X-Ray traces, above 0 and at most 1; off: none (docs/trace.md)
  tracing: 'off',
  subscribers: [], // ids of other accounts that may subscribe queues of their own to the topic
  // where the pages of the alarms are, for their texts: a folder of the repository, or a URL
  runbooks: 'docs/runbooks',
  subnets: [], // VPC of functions and containers; empty: none
  securityGroups: [],
  permissionsBoundary: '', // ARN of a managed policy that bounds every role
  image: '', // of relays that run as containers (see Dockerfile)
  // the stage that runs on this machine, and the file in which it says how to reach it
  local: { stage: 'local', record: '.local/stage/stage.json' },
  // logical ids of the resources that all sources and consumers share; the service declares them
  resources: { key: 'Key', topic: 'Topic', state: 'State', claims: 'Claims' },
};

const isOff = (value) =>
  value === undefined ||
  value === null ||
  value === false ||
  value === '' ||
  value === 'off' ||
  value === 0;

const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A list from a list, or from one string with commas, because stage params are strings. A map is a
 * function of CloudFormation, like {Fn::ImportValue: private-subnet}.
 */
const asList = (value) =>
  (Array.isArray(value) ? value : isMap(value) ? [value] : String(value ?? '').split(','))
    .map((entry) => (isMap(entry) ? entry : String(entry).trim()))
    .filter(Boolean);

/** The share of messages that are traced; 0 for none. */
function rateOf(tracing) {
  const rate = isOff(tracing) ? 0 : tracing === true ? NaN : Number(tracing);
  if (!(rate >= 0 && rate <= 1))
    throw new Error(
      `custom.rowline.tracing is ${JSON.stringify(tracing)}: off, or the share of messages to ` +
        'trace, above 0 and at most 1, like 0.01.',
    );
  return rate;
}

/** Options with their defaults. Throws an Error that names an unknown option. */
function readOptions(custom) {
  const [unknown] = unknownOptions(custom ?? {}, DEFAULTS);
  if (unknown) throw new Error(unknown);
  const given = Object.fromEntries(
    Object.entries(custom ?? {}).filter(([, value]) => value !== null),
  );
  const options = { ...DEFAULTS, ...given };
  for (const key of ['handlers', 'local', 'resources'])
    options[key] = { ...DEFAULTS[key], ...options[key] };
  for (const key of ['code', 'alive', 'checker']) options[key] = [options[key]].flat();
  for (const key of ['subnets', 'securityGroups', 'subscribers'])
    options[key] = asList(options[key]);
  if (Boolean(options.subnets.length) !== Boolean(options.securityGroups.length)) {
    throw new Error(
      'custom.rowline.subnets and securityGroups go together: a function in a VPC needs both.',
    );
  }
  const [odd] = options.subscribers.filter((id) => !/^\d{12}$/.test(id));
  if (odd !== undefined)
    throw new Error(
      `custom.rowline.subscribers names ${JSON.stringify(odd)}, which is no account. Write the ` +
        '12 digits of an account in quotes, like "111122223333".',
    );
  if (!['aws', 'host'].includes(options.build))
    throw new Error(`custom.rowline.build is ${JSON.stringify(options.build)}: aws or host.`);
  const check = options.check === true ? 'on' : isOff(options.check) ? 'off' : options.check;
  if (!MODES.includes(check))
    throw new Error(`custom.rowline.check is ${JSON.stringify(check)}: ${MODES.join(', ')}.`);
  const [wrong] = optionProblems(options);
  if (wrong) throw new Error(wrong);
  return { ...options, check, tracing: rateOf(options.tracing) };
}

module.exports = { readOptions, isOff };
