'use strict';

const sourcesSchema = require('./sources');
const consumersSchema = require('./consumers');
const { validate, complete } = require('./validate');
const { nearest } = require('./nearest');
const { ownSources, capturedBy, relayProblems } = require('./relays');
const { withMaps } = require('./stanzas');

/** What is wrong with the stanzas: shape first; only a right shape is looked at further. */
function problems(stanzas) {
  const { sources, consumers } = withMaps(stanzas);
  const shape = [
    ...validate(sources, sourcesSchema, 'sources'),
    ...validate(consumers, consumersSchema, 'consumers'),
  ];
  if (shape.length) return shape;
  return [
    ...relayProblems(sources),
    ...Object.entries(complete(sources, sourcesSchema)).flatMap(([name, source]) =>
      sourceProblems(name, source),
    ),
    ...Object.entries(complete(consumers, consumersSchema)).flatMap(([name, consumer]) =>
      consumerProblems(name, consumer, sources),
    ),
    ...sharedIndexes(complete(consumers, consumersSchema), sources),
  ];
}

// MB that Fargate offers with so much processor, [from, to]. Source: ECS developer guide, "Task CPU
// and memory".
const TASK_MEMORY = {
  256: [512, 2048],
  512: [1024, 4096],
  1024: [2048, 8192],
  2048: [4096, 16384],
  4096: [8192, 30720],
};

function sizeProblems(name, { run, cpu, memory }) {
  if (memory === undefined)
    return run === 'fargate' && cpu > 256
      ? [
          `sources.${name}.memory is missing: with cpu ${cpu} it is at least ${TASK_MEMORY[cpu][0]}.`,
        ]
      : [];
  if (run !== 'fargate')
    return memory > 10240
      ? [`sources.${name}.memory is ${memory}; a function has at most 10240.`]
      : [];
  const [least, most] = TASK_MEMORY[cpu];
  const fits = memory >= least && memory <= most && (memory % 1024 === 0 || memory === 512);
  return fits
    ? []
    : [
        `sources.${name}.memory is ${memory}; with cpu ${cpu} Fargate has ${least} to ${most}, in steps of 1024.`,
      ];
}

function sourceProblems(name, source) {
  return [...sizeProblems(name, source), ...hiddenProblems(name, source)];
}

function hiddenProblems(name, source) {
  return Object.entries(source.tables).flatMap(([table, how]) => {
    const dropped = (how?.drop ?? []).filter((column) =>
      [...(how.key ?? []), ...(how.shardBy ?? [])].includes(column),
    );
    return dropped.map(
      (column) =>
        `sources.${name}.tables.${table}.drop names ${column}, which key or shardBy needs.`,
    );
  });
}

function consumerProblems(name, consumer, sources) {
  const path = `consumers.${name}`;
  const names = ownSources(sources);
  if (!names.length)
    return [`${path} has nothing to receive: there is no source. Add one under sources:.`];
  if (consumer.source === undefined && names.length > 1)
    return [`${path}.source is missing: there are several sources (${names.join(', ')}).`];
  const source = consumer.source ?? names[0];
  if (sources[source]?.relayOf)
    return [
      `${path}.source is ${source}, a relay of ${sources[source].relayOf}. Write ${sources[source].relayOf}: a consumer gets its tables from all relays of a source.`,
    ];
  if (!names.includes(source))
    return [
      `${path}.source is ${JSON.stringify(source)}, which is no source. Did you mean ${nearest(source, names)}?`,
    ];
  const captured = capturedBy(sources, source).map(([table]) => table);
  const found = consumer.tables.flatMap((pattern, index) => {
    if (matching(pattern, captured).length) return [];
    const close = nearest(
      pattern,
      pattern.endsWith('.*') ? captured.map((table) => `${table.split('.')[0]}.*`) : captured,
    );
    return [
      `${path}.tables[${index}] is ${pattern}, which source ${source} does not capture. Did you mean ${close}? Else add it to sources.${source}.tables.`,
    ];
  });
  const received = new Set(consumer.tables.flatMap((pattern) => matching(pattern, captured)));
  const { alias } = consumer.elasticsearch;
  const unknown = [...alias.matchAll(/\{([^}]*)\}/g)]
    .map((match) => match[1])
    .filter((word) => !['database', 'table'].includes(word));
  if (unknown.length)
    found.push(
      `${path}.elasticsearch.alias holds {${unknown[0]}}; only {database} and {table} are filled in.`,
    );
  else if (received.size > 1 && !alias.includes('{table}')) {
    found.push(
      `${path}.elasticsearch.alias is ${JSON.stringify(alias)} for ${received.size} tables: their documents would overwrite each other. ` +
        `Write {table} in it (${alias}-{table}), or give each table a consumer.`,
    );
  }
  return found;
}

const matching = (pattern, captured) =>
  pattern.endsWith('.*')
    ? captured.filter((table) => table.startsWith(pattern.slice(0, -1)))
    : captured.filter((table) => table === pattern);

/**
 * Two consumers of one cluster that write different tables into one index: rows of the same key
 * would overwrite each other.
 */
function sharedIndexes(consumers, sources) {
  const first = {};
  const [onlySource] = ownSources(sources);
  return Object.entries(consumers).flatMap(
    ([name, { source = onlySource, tables, elasticsearch }]) => {
      const captured = capturedBy(sources, source).map(([table]) => table);
      const received = [...new Set(tables.flatMap((pattern) => matching(pattern, captured)))];
      const found = received.flatMap((table) => {
        const [database, short] = table.split('.');
        const index = elasticsearch.alias
          .replaceAll('{database}', database)
          .replaceAll('{table}', short);
        const key = JSON.stringify([elasticsearch.secret, index]);
        first[key] ??= { name, source, table };
        const other = first[key];
        if (other.name === name || (other.source === source && other.table === table)) return [];
        return [
          `consumers.${name} and consumers.${other.name} both write to ${index}, ${table} of ${source} and ${other.table} of ${other.source}: ` +
            `their documents would overwrite each other. Give consumers.${name}.elasticsearch.alias a name of its own, like ${source.toLowerCase()}-{database}-{table}.`,
        ];
      });
      return found.slice(0, 1);
    },
  );
}

module.exports = { problems };
