'use strict';

// Keys that contradict each other, or that do nothing beside another one. Each would deploy, and
// then not do what it says.

/** The problems of captured tables: a column is only one of dropped, masked and cleared. */
function tableContradictions(sources) {
  return Object.entries(sources).flatMap(([name, { tables }]) =>
    Object.entries(tables).flatMap(([table, how]) => {
      const path = `sources.${name}.tables.${table}`;
      const { drop = [], mask = {}, clear = [] } = how ?? {};
      const masked = Object.keys(mask);
      const both = drop.filter((column) => masked.includes(column));
      const open = clear.filter((column) => [...drop, ...masked].includes(column));
      return [
        ...both.map(
          (column) =>
            `${path}.mask.${column} is of no use: ${path}.drop names ${column} too. Keep one of ` +
            'the two.',
        ),
        ...open.map(
          (column) =>
            `${path}.clear names ${column}, which ${drop.includes(column) ? 'drop' : 'mask'} ` +
            'hides. Keep one of the two.',
        ),
      ];
    }),
  );
}

/** Settings of containers on a relay that runs as a function; `sources` has no defaults yet. */
const relayContradictions = (sources) =>
  Object.entries(sources)
    .filter(([, { run, cpu }]) => run !== 'fargate' && cpu !== undefined)
    .map(
      ([name]) =>
        `sources.${name}.cpu is of no use for a function, whose memory decides. Take it out, or ` +
        'write run: fargate.',
    );

/** The problems of a consumer. listable: verify can read what its sink holds. */
function consumerContradictions(path, consumer, { kind, listable }) {
  const { filter, operations, verify } = consumer;
  const found = [];
  if (filter?.changed !== undefined && operations && !operations.includes('u'))
    found.push(
      `${path}.filter.changed is about updates, and ${path}.operations leaves them out. Add u ` +
        'there, or take changed out.',
    );
  for (const [column, wanted] of Object.entries(filter ?? {})) {
    const values = [wanted].flat();
    const twice = values.find((value, at) => values.indexOf(value) < at);
    if (column !== 'changed' && twice !== undefined)
      found.push(`${path}.filter.${column} names ${JSON.stringify(twice)} twice. Name each once.`);
  }
  if (verify && !listable)
    found.push(
      `${path}.verify is of no use: what ${kind} receives cannot be read back and compared. Take ` +
        'it out.',
    );
  return found;
}

const days = (text) => (/^\d+d$/.test(text ?? '') ? Number.parseInt(text, 10) : Infinity);

/** The problems of an archive with its defaults; undefined: there is none. */
const archiveContradictions = (archive) =>
  Number.isFinite(days(archive?.infrequentAfter)) &&
  days(archive.infrequentAfter) >= days(archive.retention)
    ? [
        `archive.infrequentAfter is ${archive.infrequentAfter}, but changes are kept for ` +
          `${archive.retention} only. Write fewer days, or off.`,
      ]
    : [];

module.exports = {
  tableContradictions,
  relayContradictions,
  consumerContradictions,
  archiveContradictions,
};
