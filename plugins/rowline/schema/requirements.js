'use strict';

/** The problems of a consumer's requirements file: missing, or for code that there is not. */
function requirementsProblems(path, { requirements }, read) {
  if (requirements === undefined) return [];
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
