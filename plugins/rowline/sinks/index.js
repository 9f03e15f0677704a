'use strict';

const fs = require('node:fs');
const path = require('node:path');

// Each file beside this one is a sink, its name the key of the sink in a consumer's stanza. A new
// sink is a new file: nothing else lists them. A sink exports
//
//   schema                 the shape of the stanza below its key (schema/validate.js)
//   settings(stanza, {read})
//                          what functions and command read of it: `consumers.NAME.sink`, which gets
//                          `kind`, the sink's name. The stanza is valid and has its defaults.
//
// and, where there is something to say,
//
//   problems({path, stanza, patterns, tables, read})
//                          what is wrong with one stanza, one sentence each; `path` leads to it,
//                          `patterns` are the tables as its consumer names them, `tables` those
//                          that it receives, each with how its source captures it
//   clashes(consumers)     what is wrong with several together: [{name, source, tables, stanza}],
//                          all consumers that have this sink
//   permissions(settings)  statements (expand/statements.js) that its function's role needs beyond
//                          those of every consumer; docs/iam.md explains them
//   environment(settings)  variables that its function gets beyond those of every consumer
//
// `read(file)` gives the text of a file of the service, or throws.
const NOTHING = {
  problems: () => [],
  clashes: () => [],
  permissions: () => [],
  environment: () => ({}),
};

const sinks = Object.fromEntries(
  fs
    .readdirSync(__dirname)
    .filter((file) => file.endsWith('.js') && file !== path.basename(__filename))
    .sort()
    .map((file) => [
      path.basename(file, '.js'),
      { ...NOTHING, ...require(path.join(__dirname, file)) },
    ]),
);

/** The sink of a consumer's stanza that has exactly one: [kind, sink]. */
const sinkOf = (consumer) => Object.entries(sinks).find(([kind]) => consumer[kind] !== undefined);

/** What is wrong with the sinks of a consumer: it has exactly one. */
function sinkProblems(name, consumer) {
  const kinds = Object.keys(sinks);
  const given = kinds.filter((kind) => consumer[kind] !== undefined);
  if (given.length === 1) return [];
  const path = `consumers.${name}`;
  if (given.length) {
    const [first, ...others] = given;
    const rest = others.map((kind) => `${path}.${kind}`).join(' and ');
    return [
      `${path} has ${given.length} sinks, ${given.join(' and ')}: a consumer has one. Keep ` +
        `${path}.${first} and move ${rest} to a consumer of its own.`,
    ];
  }
  const choices = kinds.map((kind) => `${path}.${kind} (${sinks[kind].schema.description})`);
  return [`${path} has no sink, so its changes would go nowhere. Add ${choices.join(' or ')}.`];
}

module.exports = { sinks, sinkOf, sinkProblems };
