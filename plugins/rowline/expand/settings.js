'use strict';

const sourcesSchema = require('../schema/sources');
const consumersSchema = require('../schema/consumers');
const { complete } = require('../schema/validate');
const { sourceOf, ownSources } = require('../schema/relays');
const { withArchive } = require('../schema/stanzas');
const archive = require('../schema/archive');
const { filterSettings } = require('../schema/filters');
const refusals = require('../schema/refusal_settings');
const { sinkOf } = require('../sinks');
const { isOff } = require('../options');

const pick = (object, keys) =>
  Object.fromEntries(
    keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]),
  );

/**
 * The settings that the functions and the command read, from `rowline.json` and the template's
 * metadata: the valid stanzas with every default.
 *
 * read: returns the text of a file that a stanza names.
 */
function settings(stanzas, { service, stage, read, options }) {
  const { sources, consumers, archive: kept } = withArchive(stanzas);
  const [onlySource] = ownSources(sources);
  const table = (how) => ({
    key: [],
    shardBy: [],
    drop: [],
    clear: [],
    ...how,
    mask: Object.fromEntries(
      Object.entries(how.mask ?? {}).map(([column, kind]) => [column, String(kind)]),
    ),
  });
  const source = (name, full) => ({
    name,
    ...pick(full, ['relayOf', 'start', 'run', 'lingerMs']),
    secret: sources[sourceOf(name, full)].secret,
    compression: isOff(full.compression) ? 'off' : full.compression,
    tables: Object.fromEntries(
      Object.entries(full.tables).map(([key, how]) => [
        key,
        table(complete(how ?? {}, sourcesSchema.values.properties.tables.values)),
      ]),
    ),
  });
  const consumer = (name, full) => {
    const [kind, sink] = sinkOf(full);
    return {
      name,
      source: full.source ?? onlySource,
      tables: full.tables,
      marks: !isOff(full.marks),
      ...(isOff(full.enabled) && { enabled: false }),
      ...pick(full, ['operations', 'upcasters', 'mapping', 'verify', 'timeout', ...refusals.keys]),
      ...(full.filter && { filter: filterSettings(full.filter) }),
      sink: { kind, ...sink.settings(full[kind], { read }) },
    };
  };
  const each = (map, build) =>
    Object.fromEntries(Object.entries(map).map(([name, full]) => [name, build(name, full)]));
  return {
    service,
    stage,
    ...(options?.tracing > 0 && { tracing: String(options.tracing) }),
    sources: each(complete(sources, sourcesSchema), source),
    consumers: each(complete(consumers, consumersSchema), consumer),
    ...(archive.isOn(kept) && {
      archive: archiveOf(complete({ ...kept, snapshots: kept.snapshots ?? {} }, archive.schema)),
    }),
  };
}

/** `forever` is 0 days. */
const archiveOf = ({ retention, via, snapshots: { keep, schedule, ...snapshots } }) => ({
  retentionDays: retention === 'forever' ? 0 : Number(retention.slice(0, -1)),
  ...(via !== 's3' && { via }),
  snapshots: {
    schedule: isOff(schedule) ? '' : schedule,
    keepDays: Number(keep.slice(0, -1)),
    ...snapshots,
  },
});

/** Sizes of the functions, which no settings file needs: memory, time-out, concurrency. */
function sizes(stanzas) {
  const { sources, consumers, archive: kept } = withArchive(stanzas);
  const each = (map, keys) =>
    Object.fromEntries(Object.entries(map).map(([name, full]) => [name, pick(full, keys)]));
  return {
    sources: Object.fromEntries(
      Object.entries(complete(sources, sourcesSchema)).map(([name, { run, cpu, memory }]) => [
        name,
        { cpu, memory: memory ?? (run === 'fargate' ? 512 : 1024) },
      ]),
    ),
    consumers: each(complete(consumers, consumersSchema), [
      'memory',
      'timeout',
      'concurrency',
      'requirements',
      'alarms',
    ]),
    archive: archive.isOn(kept)
      ? pick(complete(kept, archive.schema), [
          'memory',
          'scanLimit',
          'api',
          'infrequentAfter',
          'via',
        ])
      : null,
  };
}

module.exports = { settings, sizes };
