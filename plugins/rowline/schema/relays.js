'use strict';

const { nearest } = require('./did_you_mean');

// A source may have several relays: the entry with the secret, and entries whose `relayOf` names
// it. Each table is read by one of them.

/** The source of an entry of `sources:`: its `relayOf`, or its own name without one. */
const sourceOf = (name, entry) => entry.relayOf ?? name;

/** The names of the entries that are sources of their own. */
const ownSources = (sources) =>
  Object.keys(sources).filter((name) => sources[name].relayOf === undefined);

/** The tables that the relays of a source capture, as [table, entry that captures it]. */
const capturedBy = (sources, source) =>
  Object.entries(sources)
    .filter(([name, entry]) => sourceOf(name, entry) === source)
    .flatMap(([name, entry]) => Object.keys(entry.tables).map((table) => [table, name]));

/**
 * The name of a secret that is given by name or by ARN. Secrets Manager appends six characters to
 * the name in an ARN. Source: Secrets Manager user guide, "What's in a Secrets Manager secret?".
 */
const secretName = (secret) =>
  secret.startsWith('arn:')
    ? secret
        .split(':')
        .slice(6)
        .join(':')
        .replace(/-[A-Za-z0-9]{6}$/, '')
    : secret;

function entryProblems(name, entry, sources) {
  const path = `sources.${name}`;
  const { relayOf, secret } = entry;
  if (relayOf === undefined)
    return secret === undefined
      ? [
          `${path}.secret is missing. Add it: Secrets Manager secret {host, port, username, ` +
            'password, tls}.',
        ]
      : [];
  if (secret !== undefined)
    return [
      `${path} has a secret and relayOf: it is read with the secret of ${relayOf}. Leave out ` +
        `${path}.secret.`,
    ];
  const others = ownSources(sources);
  if (others.includes(relayOf)) return [];
  if (!(relayOf in sources)) {
    const near = others.length ? ` Did you mean ${nearest(relayOf, others)}?` : '';
    return [`${path}.relayOf is ${JSON.stringify(relayOf)}, which is no source.${near}`];
  }
  return [
    `${path}.relayOf is ${relayOf}, itself a relay of ${sources[relayOf].relayOf}. Name the ` +
      'entry that has the secret.',
  ];
}

/**
 * Finds sources with the same secret. They would be one database under two names: a table that
 * moves between them would reach its consumers under another name, or not at all.
 */
function sharedSecrets(sources) {
  const first = {};
  return ownSources(sources).flatMap((name) => {
    const secret = secretName(sources[name].secret ?? '');
    if (!secret) return [];
    first[secret] ??= name;
    return first[secret] === name
      ? []
      : [
          `sources.${name}.secret is also the secret of sources.${first[secret]}. For a second ` +
            `relay on one database write relayOf: ${first[secret]} in its place.`,
        ];
  });
}

function sharedTables(sources) {
  return ownSources(sources).flatMap((source) => {
    const first = {};
    return capturedBy(sources, source).flatMap(([table, name]) => {
      first[table] ??= name;
      return first[table] === name
        ? []
        : [
            `sources.${first[table]}.tables.${table} and sources.${name}.tables.${table} are the ` +
              `same table of ${source}: only one relay may read it. Take it out of one of the two.`,
          ];
    });
  });
}

/** The problems of sources, relays and tables together. */
function relayProblems(sources) {
  return [
    ...Object.entries(sources).flatMap(([name, entry]) => entryProblems(name, entry, sources)),
    ...sharedSecrets(sources),
    ...sharedTables(sources),
  ];
}

module.exports = { secretName, sourceOf, ownSources, capturedBy, relayProblems };
