'use strict';

// Own code: functions and classes of the service that the stanzas name.

const PART = '[A-Za-z_][A-Za-z0-9_]*';
const REFERENCE = {
  type: 'string',
  pattern: new RegExp(`^${PART}(/${PART})*(\\.${PART})+$`),
  example: 'consumers/price_alerts.handle',
  description: 'Like consumers/price_alerts.handle.',
  what: 'FOLDER/MODULE.NAME of Python code, from the folder of serverless.yml',
};
// packages of the functions themselves, and of Lambda
const TAKEN = ['shared', 'handlers', 'cli', 'local', 'boto3', 'botocore', 'rowline'];

/** The module of a reference as a path without its suffix, and the name in it. */
function parts(reference) {
  const words = reference.replaceAll('/', '.').split('.');
  return { module: words.slice(0, -1).join('/'), name: words.at(-1) };
}

/**
 * The problems of a reference: a file that is missing, or that does not have the name.
 *
 * read: returns the text of a file of the service, or throws.
 */
function codeProblems(path, reference, read) {
  const { module, name } = parts(reference);
  const top = module.split('/')[0];
  if (TAKEN.includes(top))
    return [
      `${path} is in ${top}, which is a package of the functions themselves. Put your code into ` +
        'another folder, like consumers.',
    ];
  const files = [`${module}.py`, `${module}/__init__.py`];
  const texts = files.flatMap((file) => {
    try {
      return [read(file)];
    } catch {
      return [];
    }
  });
  if (!texts.length)
    return [
      `${path} is ${reference}, but there is no file ${files[0]}. Create it, or correct the ` +
        'path; it begins at the folder of serverless.yml.',
    ];
  if (new RegExp(`^\\s*async\\s+def\\s+${name}\\b`, 'm').test(texts[0]))
    return [`${path}: ${name} in ${files[0]} is async. Write a plain def.`];
  // any mention counts: it may be imported or assigned there
  if (new RegExp(`\\b${name}\\b`).test(texts[0])) return [];
  return [`${path}: ${files[0]} has no ${name}. Correct the name, or write it there.`];
}

/** The names of the files or folders at the service's top that references need. */
const topsOf = (references) => [
  ...new Set(references.map((reference) => parts(reference).module.split('/')[0])),
];

module.exports = { REFERENCE, codeProblems, topsOf };
