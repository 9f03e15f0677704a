'use strict';

const upper = (name) => name[0].toUpperCase() + name.slice(1);

/**
 * Logical ids and function names of a source or a consumer. The kind comes first, and no kind is a
 * prefix of another. So no two ids are equal, whatever names a user chooses.
 */
const relay = (source) => ({
  function: `relay${upper(source)}`,
  role: `RoleOfRelay${upper(source)}`,
  logGroup: `Relay${upper(source)}LogGroup`,
  alarm: (what) => `${what}OfRelay${upper(source)}`,
});

/** The same for a relay that runs as a container; visible names end with `family`. */
const relayService = (source) => ({
  family: `relay${upper(source)}`,
  cluster: `ClusterOfRelay${upper(source)}`,
  task: `TaskOfRelay${upper(source)}`,
  service: `ServiceOfRelay${upper(source)}`,
  taskRole: `TaskRoleOfRelay${upper(source)}`,
  executionRole: `ExecutionRoleOfRelay${upper(source)}`,
  logGroup: `LogsOfRelay${upper(source)}`,
  alarm: (what) => `${what}OfRelay${upper(source)}`,
});

const consumer = (name) => ({
  function: `consume${upper(name)}`,
  role: `RoleOfConsume${upper(name)}`,
  logGroup: `Consume${upper(name)}LogGroup`,
  queue: `Queue${upper(name)}`,
  queuePolicy: `AccessToQueue${upper(name)}`,
  dlq: `Dlq${upper(name)}`,
  dlqPolicy: `AccessToDlq${upper(name)}`,
  undelivered: `Undelivered${upper(name)}`,
  undeliveredPolicy: `AccessToUndelivered${upper(name)}`,
  subscription: `Subscription${upper(name)}`,
  alarm: (what) => `${what}OfConsume${upper(name)}`,
});

const watch = () => ({
  function: 'watch',
  role: 'RoleOfWatch',
  logGroup: 'WatchLogGroup',
  alarm: (what) => `${what}OfWatch`,
});

/** The topic that all sources of a stage publish to. */
const topic = { alarm: (what) => `${what}OfTopic` };

/** The jobs function of a stage. No id of a relay or a consumer begins with the same word. */
const jobs = {
  function: 'jobs',
  role: 'RoleOfJobs',
  logGroup: 'JobsLogGroup',
};

/** The archive: there is one a stage. */
const archive = {
  function: 'archive',
  role: 'RoleOfArchive',
  logGroup: 'ArchiveLogGroup',
  bucket: 'ArchiveBucket',
  bucketPolicy: 'AccessToArchive',
  database: 'ArchiveDatabase',
  workgroup: 'ArchiveWorkgroup',
  stream: 'ArchiveStream',
  streamRole: 'RoleOfArchiveStream',
  streamLogGroup: 'ArchiveStreamLogGroup',
  streamLog: 'ArchiveStreamLog',
  alarm: (what) => `${what}OfArchive`,
};

/** The history API: there is one a stage, where the archive has it. */
const historyApi = {
  function: 'history',
  lambda: 'HistoryLambdaFunction',
  role: 'RoleOfHistory',
  logGroup: 'HistoryLogGroup',
  api: 'HistoryApi',
  stage: 'HistoryApiStage',
  integration: 'HistoryApiIntegration',
  route: 'HistoryApiRoute',
  permission: 'HistoryApiPermission',
};

/** Keys of the stack's outputs. `shared/adapters/stack` uses the same keys. */
const output = {
  topic: 'TopicArn',
  state: 'StateTable',
  claims: 'ClaimsBucket',
  key: 'KeyArn',
  watch: 'WatchFunction',
  jobs: 'JobsFunction',
  relay: (source) => `${upper(source)}RelayFunction`,
  relayService: (source) => `${upper(source)}RelayService`,
  consume: (name) => `${upper(name)}ConsumeFunction`,
  queue: (name) => `${upper(name)}QueueUrl`,
  dlq: (name) => `${upper(name)}DlqUrl`,
  undelivered: (name) => `${upper(name)}UndeliveredUrl`,
  archiveBucket: 'ArchiveBucket',
  archiveDatabase: 'ArchiveDatabase',
  archiveWorkgroup: 'ArchiveWorkgroup',
  archive: 'ArchiveFunction',
  historyApi: 'HistoryApiUrl',
};

/** The key of the stanza that a resource belongs to, by its logical id; undefined for any other. */
function ownerOf(id, { sources, consumers }) {
  const has = (ids) =>
    Object.values(ids).includes(id) ||
    (ids.function && `${upper(ids.function)}LambdaFunction` === id);
  const [found] = [
    ...Object.keys(consumers)
      .filter((name) => has(consumer(name)))
      .map((name) => `consumers.${name}`),
    ...Object.keys(sources)
      .filter((name) => has(relay(name)) || has(relayService(name)))
      .map((name) => `sources.${name}`),
  ];
  return found;
}

module.exports = {
  ownerOf,
  relay,
  relayService,
  consumer,
  topic,
  watch,
  jobs,
  output,
  archive,
  historyApi,
};
