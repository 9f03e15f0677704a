'use strict';

const { similar } = require('./schema/did_you_mean');

// The forms of `custom.rowline`'s options that AWS would refuse late, or that would not mean
// what they say.
const WORDS = [true, false, null, '', 'on', 'off'];
const FORMS = {
  subnets: [/^subnet-[0-9a-zA-Z]+$/, 'the id of a subnet, like subnet-0a1b2c3d'],
  securityGroups: [/^sg-[0-9a-zA-Z]+$/, 'the id of a security group, like sg-0a1b2c3d'],
};
const BOUNDARY = /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/\S+$/;

const TEXTS = ['requirements', 'archiveRequirements', 'runbooks', 'python', 'image'];
const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Options that there are not, and maps that are none, one sentence each. */
function unknownOptions(custom, known, path = 'custom.rowline') {
  if (!isMap(custom)) return [`${path} is ${JSON.stringify(custom)}; it must be a map.`];
  return Object.entries(custom).flatMap(([key, value]) => {
    if (!Object.hasOwn(known, key)) {
      const near = similar(key, Object.keys(known));
      return [
        `${path}.${key} is no option. ${near ? `Did you mean ${near}? ` : ''}` +
          `Known: ${Object.keys(known).join(', ')}.`,
      ];
    }
    return isMap(known[key]) && value !== null
      ? unknownOptions(value, known[key], `${path}.${key}`)
      : [];
  });
}

const within = (value, least, most) =>
  Number.isInteger(Number(value)) && Number(value) >= least && Number(value) <= most;

/** Why an option is wrong, one sentence each. The options have their defaults. */
function optionProblems(options) {
  const found = [];
  const wrong = (key, value, what) =>
    found.push(`custom.rowline.${key} is ${JSON.stringify(value)}; it must be ${what}.`);
  for (const key of ['relay', 'tls'])
    if (!WORDS.includes(options[key])) wrong(key, options[key], 'on or off');
  const { relayConcurrency, jobsMemory, permissionsBoundary } = options;
  // Source: Lambda developer guide, "Lambda quotas" and "Configuring reserved concurrency".
  if (![...WORDS, 0, '0'].includes(relayConcurrency) && !within(relayConcurrency, 1, 1000))
    wrong('relayConcurrency', relayConcurrency, 'a whole number from 1 to 1000, or off');
  if (!within(jobsMemory, 128, 10240))
    wrong('jobsMemory', jobsMemory, 'a whole number from 128 to 10240');
  for (const [key, [form, what]] of Object.entries(FORMS)) {
    const [odd] = options[key].filter((one) => typeof one === 'string' && !form.test(one));
    if (odd !== undefined) wrong(key, odd, what);
  }
  if (
    typeof permissionsBoundary === 'string' &&
    !WORDS.includes(permissionsBoundary) &&
    !BOUNDARY.test(permissionsBoundary)
  )
    wrong('permissionsBoundary', permissionsBoundary, 'the ARN of a managed policy, or empty');
  for (const key of TEXTS)
    if (options[key] !== null && typeof options[key] !== 'string') wrong(key, options[key], 'text');
  for (const group of ['handlers', 'local', 'resources'])
    for (const [key, value] of Object.entries(options[group]))
      if (typeof value !== 'string' || !value) wrong(`${group}.${key}`, value, 'text');
  for (const key of ['code', 'alive', 'checker']) {
    const [odd] = options[key].filter((one) => typeof one !== 'string');
    if (odd !== undefined) wrong(key, odd, 'a list of texts');
  }
  return found;
}

module.exports = { optionProblems, unknownOptions };
