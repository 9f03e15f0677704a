'use strict';

const { REFERENCE, codeProblems } = require('../schema/own_code');

const schema = {
  ...REFERENCE,
  also: ['function', 'lambda'],
  description: 'your own code: FOLDER/MODULE.NAME of a function or a class',
};

module.exports = {
  listable: false,
  schema,
  problems: ({ path, stanza, read }) => codeProblems(path, stanza, read),
  settings: (stanza) => ({ function: stanza }),
  ownCode: (settings) => [settings.function],
};
