'use strict';

/** The problems of a consumer's requirements file: it is missing, or no own code needs it. */
function requirementsProblems(path, { requirements, mapping, upcasters, handler }, read) {
  if (requirements === undefined) return [];
  if ([mapping, upcasters, handler].every((code) => code === undefined))
    return [
      `${path} is of no use: the consumer has no code of its own. Take it out, or add a handler, ` +
        'a mapping or upcasters.',
    ];
  try {
    if (read(requirements).trim()) return [];
  } catch {
    return [
      `${path}: there is no file ${requirements}. Create it, or correct the path; it begins at ` +
        'the folder of serverless.yml.',
    ];
  }
  return [`${path}: ${requirements} is empty. Name the packages in it, or drop the key.`];
}

module.exports = { requirementsProblems };
