'use strict';

const sourcesSchema = require('./sources');
const consumersSchema = require('./consumers');
const { distance } = require('fastest-levenshtein');
const { validate, complete } = require('./validate');
const { nearest } = require('./did_you_mean');
const { ownSources, capturedBy, relayProblems } = require('./relays');
const { withMaps } = require('./stanzas');
const archive = require('./archive');
const { alertsProblems } = require('./alerts');
const {
  tableContradictions,
  relayContradictions,
  consumerContradictions,
  archiveContradictions,
} = require('./contradictions');
const { filterProblems } = require('./filters');
const { refusalProblems } = require('./refusal_settings');
const { ownRowsProblems } = require('./own_rows');
const { scheduleProblems } = require('./schedule');
const { requirementsProblems } = require('./requirements');
const { sinks, sinkOf, sinkProblems } = require('../sinks');

const nothingToRead = () => {
  throw new Error('no files');
};

/**
 * Returns the problems of the stanzas. If their shape is wrong, nothing else is checked.
 *
 * read: returns the text of a file of the service, or throws.
 */
function problems(stanzas, { read = nothingToRead } = {}) {
  const { sources, consumers, archive: kept } = withMaps(stanzas);
  const shape = [
    ...misspelt(stanzas),
    ...alertsProblems(stanzas.alerts),
    ...(stanzas.sources !== undefined && !Object.keys(sources).length
      ? ['sources is empty. Name at least one source, with its secret and its tables.']
      : []),
    ...validate(sources, sourcesSchema, 'sources'),
    ...validate(consumers, consumersSchema, 'consumers'),
    ...(archive.isOn(kept) ? validate(kept, archive.schema, 'archive') : []),
  ];
  if (shape.length) return shape;
  const taken = archive.archiveProblems(sources, consumers, kept);
  if (taken.length) return taken;
  const among = Object.entries(consumers).flatMap(([name, one]) => sinkProblems(name, one));
  if (among.length) return among;
  const [full, whole] = [complete(consumers, consumersSchema), complete(sources, sourcesSchema)];
  return [
    ...tableContradictions(whole),
    ...relayContradictions(sources),
    ...archiveContradictions(archive.isOn(kept) ? complete(kept, archive.schema) : undefined),
    ...Object.entries(full).flatMap(([name, consumer]) => {
      const [kind, sink] = sinkOf(consumer);
      const { listable } = sink;
      return consumerContradictions(`consumers.${name}`, consumer, { kind, listable });
    }),
    ...relayProblems(sources),
    ...Object.entries(whole).flatMap(([name, source]) => sourceProblems(name, source)),
    ...Object.entries(full).flatMap(([name, consumer]) =>
      consumerProblems(name, consumer, sources),
    ),
    ...Object.entries(full).flatMap(([name, consumer]) =>
      refusalProblems(`consumers.${name}`, consumer),
    ),
    ...Object.entries(full).flatMap(([name, consumer]) =>
      filterProblems(`consumers.${name}`, consumer, howReceived(consumer, whole)),
    ),
    ...Object.entries(full).flatMap(([name, consumer]) =>
      scheduleProblems(`consumers.${name}`, consumer),
    ),
    ...Object.entries(full).flatMap(([name, consumer]) =>
      requirementsProblems(`consumers.${name}.requirements`, consumer, read),
    ),
    ...Object.entries(full).flatMap(([name, consumer]) =>
      ownRowsProblems(`consumers.${name}`, consumer, howReceived(consumer, whole), read),
    ),
    ...Object.entries(full).flatMap(([name, consumer]) => {
      const [kind, sink] = sinkOf(consumer);
      const path = `consumers.${name}.${kind}`;
      return sink.problems({
        path,
        stanza: consumer[kind],
        patterns: consumer.tables,
        tables: howReceived(consumer, whole),
        mapping: consumer.mapping,
        read,
      });
    }),
    ...Object.entries(sinks).flatMap(([kind, sink]) => {
      const having = Object.entries(full).filter(([, consumer]) => consumer[kind] !== undefined);
      return sink.clashes(
        having.map(([name, consumer]) => ({
          name,
          source: consumer.source ?? ownSources(sources)[0],
          tables: received(consumer, sources),
          stanza: consumer[kind],
        })),
      );
    }),
  ];
}

const STANZAS = ['sources', 'consumers', 'alerts', 'archive'];

/** Keys of serverless.yml that look like a misspelt stanza; the framework would only warn. */
function misspelt(stanzas) {
  return Object.keys(stanzas).flatMap((key) => {
    const meant = nearest(key, STANZAS);
    if ([...STANZAS, 'resources'].includes(key) || distance(key.toLowerCase(), meant) > 2)
      return [];
    return [`${key} is no known key. Did you mean ${meant}? Known here: ${STANZAS.join(', ')}.`];
  });
}

// CPU units → the MB that Fargate offers with them, [from, to]. Source: ECS developer guide, "Task
// CPU and memory".
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
          `sources.${name}.memory is missing. Add it: with cpu ${cpu} it is at least ` +
            `${TASK_MEMORY[cpu][0]}.`,
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
        `sources.${name}.memory is ${memory}; with cpu ${cpu} Fargate has ${least} to ${most}, ` +
          'in steps of 1024.',
      ];
}

function sourceProblems(name, source) {
  return [...sizeProblems(name, source), ...hiddenProblems(name, source)];
}

/** Key and shard columns that the source drops, or masks to one value. */
function hiddenProblems(name, source) {
  return Object.entries(source.tables).flatMap(([table, how]) => {
    const path = `sources.${name}.tables.${table}`;
    const needed = ['key', 'shardBy'].flatMap((by) => (how?.[by] ?? []).map((one) => [one, by]));
    return needed.flatMap(([column, by]) => {
      if ((how.drop ?? []).includes(column))
        return [`${path}.drop names ${column}, which ${by} needs. Keep it, or mask it: hash.`];
      const mask = Object.hasOwn(how.mask ?? {}, column) ? String(how.mask[column]) : 'hash';
      if (mask === 'hash') return [];
      return [
        `${path}.mask.${column} is ${mask}, which would make all rows alike, and ${by} needs the ` +
          'column. Write hash, or leave it as it is.',
      ];
    });
  });
}

function consumerProblems(name, consumer, sources) {
  const path = `consumers.${name}`;
  const names = ownSources(sources);
  if (!names.length)
    return [`${path} has nothing to receive: there is no source. Add one under sources:.`];
  if (consumer.source === undefined && names.length > 1)
    return [`${path}.source is missing. Add it: there are several sources (${names.join(', ')}).`];
  const source = consumer.source ?? names[0];
  if (sources[source]?.relayOf)
    return [
      `${path}.source is ${source}, a relay of ${sources[source].relayOf}. Write ` +
        `${sources[source].relayOf}: a consumer gets its tables from all relays of a source.`,
    ];
  if (!names.includes(source))
    return [
      `${path}.source is ${JSON.stringify(source)}, which is no source. Did you mean ` +
        `${nearest(source, names)}?`,
    ];
  const captured = capturedBy(sources, source).map(([table]) => table);
  return consumer.tables.flatMap((pattern, index) => {
    if (matching(pattern, captured).length) return [];
    const close = nearest(
      pattern,
      pattern.endsWith('.*') ? captured.map((table) => `${table.split('.')[0]}.*`) : captured,
    );
    return [
      `${path}.tables[${index}] is ${pattern}, which source ${source} does not capture. Did you ` +
        `mean ${close}? If not, add it to sources.${source}.tables.`,
    ];
  });
}

const matching = (pattern, captured) =>
  pattern.endsWith('.*')
    ? captured.filter((table) => table.startsWith(pattern.slice(0, -1)))
    : captured.filter((table) => table === pattern);

/** The captured tables that a consumer receives. */
function received({ source, tables }, sources) {
  const captured = capturedBy(sources, source ?? ownSources(sources)[0]).map(([table]) => table);
  return [...new Set(tables.flatMap((pattern) => matching(pattern, captured)))];
}

/** The same tables with their capture settings: {table: {drop, mask, …}}. */
function howReceived(consumer, sources) {
  const by = Object.fromEntries(
    capturedBy(sources, consumer.source ?? ownSources(sources)[0]).map(([table, name]) => [
      table,
      sources[name].tables[table] ?? {},
    ]),
  );
  return Object.fromEntries(received(consumer, sources).map((table) => [table, by[table]]));
}

module.exports = { problems };
