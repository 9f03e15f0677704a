'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { OFFLINE } = require('./endpoint');

// The local stage finds its emulator in the record that `rowline local up` writes. It never reaches
// AWS, whatever credentials the shell has.

/** Hosts of AWS itself. Source: AWS general reference, "AWS service endpoints". */
const AWS = /(^|\.)(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$/i;

/** Whether a variable would change a client's endpoint or its credentials. */
const misleading = (name) =>
  /^AWS_(ENDPOINT_URL_.+|IGNORE_CONFIGURED_ENDPOINT_URLS)$/.test(name) ||
  /^AWS_(PROFILE|DEFAULT_PROFILE|SESSION_TOKEN)$/.test(name);

/**
 * Points this process at the emulator if `stage` is the local stage. Throws an Error when that is
 * not running, or when AWS_ENDPOINT_URL names AWS.
 *
 * local: {stage, record}, as options.js describes them.
 * folder: the folder of the service.
 */
function useLocalStage(command, stage, local, folder, environment = process.env) {
  if (stage !== local.stage || OFFLINE.has(command)) return;
  for (const name of Object.keys(environment)) if (misleading(name)) delete environment[name];
  const url = environment.AWS_ENDPOINT_URL;
  if (!url) {
    Object.assign(environment, recorded(path.resolve(folder, local.record), stage));
    return;
  }
  if (URL.canParse(url) && AWS.test(new URL(url).hostname))
    throw new Error(
      `AWS_ENDPOINT_URL is ${url}, which is AWS. Stage ${stage} runs on this machine only: unset ` +
        'the variable, or deploy another stage.',
    );
}

/** The variables of the running local stage that AWS clients read. */
function recorded(file, stage) {
  try {
    const { environment } = JSON.parse(fs.readFileSync(file, 'utf8'));
    return Object.fromEntries(
      Object.entries(environment).filter(([name]) => name.startsWith('AWS_')),
    );
  } catch {
    throw new Error(
      `Stage ${stage} runs on this machine, and is not up. Start it: rowline local up. To use ` +
        'another emulator, set AWS_ENDPOINT_URL.',
    );
  }
}

module.exports = { useLocalStage };
