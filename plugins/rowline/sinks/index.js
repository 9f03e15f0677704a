'use strict';

const fs = require('node:fs');
const path = require('node:path');

// Each file beside this one is a sink, and its name is the sink's key in a consumer's stanza. To
// add a sink, add a file: nothing else lists them. A sink exports
//
//   schema                 the shape of the stanza below its key (schema/validate.js)
//   settings(stanza, {read})
//                          settings for functions and command, `consumers.NAME.sink`; the caller
//                          adds `kind`, the sink's name. The stanza is valid and has its defaults.
//
// and, if it has something to say,
//
//   problems({path, stanza, patterns, tables, mapping, read})
//                          the problems of one stanza, one sentence each; `path` leads to it,
//                          `patterns` are the tables as its consumer names them, `tables` those
//                          that it receives, each with its capture settings; `mapping` is the
//                          consumer's own code that makes documents
//   clashes(consumers)     the problems of several together: [{name, source, tables, stanza}], all
//                          consumers that have this sink
//   permissions(settings, resources, prefix)
//                          statements (expand/policy_statements.js) for its function's role
//                          besides those of every consumer; docs/iam.md explains them.
//                          `resources`: the logical ids of what all share (options.js);
//                          `prefix` begins the names of functions
//   environment(settings, prefix)
//                          variables for its function besides those of every consumer
//   ownCode(settings)      references to the service's own code (schema/own_code.js)
//   listable               false: verify cannot read what the sink holds
//   internal               true: a stanza of its own makes its consumers, nobody writes it in one
//   drained                true: a schedule starts its function, which receives large batches
//                          itself (shared/flows/consume/draining.py); no event source mapping
//
// `read(file)` returns the text of a file of the service, or throws.
const NOTHING = {
  problems: () => [],
  clashes: () => [],
  permissions: () => [],
  environment: () => ({}),
  ownCode: () => [],
  listable: true,
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

/** The sink of a valid consumer: [kind, sink]. */
const sinkOf = (consumer) => Object.entries(sinks).find(([kind]) => consumer[kind] !== undefined);

/** The problems of a consumer that has no sink, or more than one. */
function sinkProblems(name, consumer) {
  const kinds = Object.keys(sinks).filter((kind) => !sinks[kind].internal);
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
