'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFile } = require('node:child_process');

const TIMEOUT = 60000; // milliseconds
const MODES = ['on', 'report', 'off'];

/**
 * Compares the stanzas with the database and Elasticsearch before a deployment, by `rowline check`.
 * A mistake in the stanzas throws an Error. An unreachable database or Elasticsearch is only
 * logged.
 *
 * stanzas: {settings, places, problems}, as `rowline check` reads them.
 * mode: one of MODES; `report` logs mistakes and throws nothing.
 * environment: region and profile of the deployment.
 */
async function checkStanzas({ python, checker, stage, folder, stanzas, mode, environment, log }) {
  if (mode === 'off') return;
  const findings = await ask({ python, checker, stage, folder, stanzas, environment }, log);
  const wrong = findings.filter(({ level }) => level !== 'ok');
  const mistakes = mode === 'on' ? wrong.filter(({ refuses }) => refuses) : [];
  for (const finding of wrong) if (!mistakes.includes(finding)) log.warning(sentence(finding));
  if (mistakes.length)
    throw new Error(
      [
        'Nothing was deployed. The stanzas do not fit database or Elasticsearch:',
        ...mistakes.map((finding) => `  - ${sentence(finding)}`),
        'To deploy anyway, set custom.rowline.check to report.',
      ].join('\n'),
    );
}

const sentence = ({ thing, what, fix, place }) =>
  `${place ? `${place}: ` : ''}${thing}: ${what}.${fix ? ` ${fix}` : ''}`;

async function ask({ python, checker, stage, folder, stanzas, environment }, log) {
  const own = fs.mkdtempSync(path.join(os.tmpdir(), 'rowline-check-'));
  const file = path.join(own, 'stanzas.json');
  try {
    fs.writeFileSync(file, JSON.stringify(stanzas));
    const words = [...checker, '--stage', stage, '--stanzas', file, '--json'];
    return JSON.parse(await run(python, words, folder, environment)).findings;
  } catch (error) {
    log.warning(
      `The stanzas were not compared with database and Elasticsearch: ${error.message}. ` +
        `Run \`rowline check --stage ${stage}\` where both are reachable.`,
    );
    return [];
  } finally {
    fs.rmSync(own, { recursive: true });
  }
}

function run(program, words, cwd, environment) {
  const options = { cwd, timeout: TIMEOUT, env: { ...process.env, ...environment } };
  return new Promise((resolve, reject) => {
    execFile(program, words, options, (error, stdout, stderr) => {
      if (stdout.trim())
        resolve(stdout); // the exit code also reports failed findings
      else reject(new Error(stderr.trim().split('\n').at(-1) || error?.message || 'no answer'));
    });
  });
}

module.exports = { checkStanzas, MODES };
