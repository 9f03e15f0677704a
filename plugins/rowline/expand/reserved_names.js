'use strict';

/**
 * Names of the service that Rowline needs for itself, one sentence each: what it makes would
 * replace what the service declares.
 *
 * service: as the framework has read it. stack: the name of its stack. prefix: SERVICE-STAGE.
 */
function nameClashes({ functions = {}, resources }, { stack, prefix, made }) {
  const shared = (own, ours) => Object.keys(ours).filter((name) => Object.hasOwn(own ?? {}, name));
  return [
    // Functions and the command look for the stack by this name, and its key lets only logs of it
    // in.
    ...(stack === prefix
      ? []
      : [
          `provider.stackName makes ${stack} of the stack, and Rowline looks for ${prefix}. Take ` +
            'it out.',
        ]),
    ...shared(functions, made.functions).map(
      (name) => `functions.${name} has the name of a function of Rowline. Choose another.`,
    ),
    ...shared(resources?.Resources, made.resources).map(
      (id) => `resources: ${id} is the name of a resource of Rowline. Choose another.`,
    ),
  ];
}

module.exports = { nameClashes };
