'use strict';

// The forms that `shared/values/schedule.py` reads. Source: EventBridge Scheduler user guide,
// "Schedule types": six fields, one of the two days is `?`.
const NAMED = ['nightly', 'weekly'];
const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const DAYS = 'SUN MON TUE WED THU FRI SAT'.split(' ');
const FIELDS = [
  ['minutes', 0, 59, []],
  ['hours', 0, 23, []],
  ['day of month', 1, 31, []],
  ['month', 1, 12, MONTHS],
  ['day of week', 1, 7, DAYS],
  ['year', 1970, 2199, []],
];

/** Why a text is no schedule; undefined when it is one. */
function scheduleProblem(text) {
  if (NAMED.includes(text)) return undefined;
  const fields = /^cron\(([^()]*)\)$/.exec(text)?.[1].trim().split(/\s+/);
  if (!fields) return `It is none of ${NAMED.join(', ')} and cron(…). Write one of them.`;
  if (fields.length !== FIELDS.length)
    return 'cron(…) has six fields: minutes hours day-of-month month day-of-week year.';
  if ((fields[2] === '?') === (fields[4] === '?'))
    return 'Exactly one of day of month and day of week must be ?.';
  for (const [index, [what, least, most, names]] of FIELDS.entries()) {
    const day = index === 2 || index === 4;
    const good = fields[index].split(',').every((part) => isPart(part, least, most, names, day));
    if (!good) {
      const range = `numbers from ${least} to ${most}`;
      return `${fields[index]} is no ${what}. Write ${range}, *, a-b or a/n.`;
    }
  }
  return never(fields);
}

const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]; // days of each month

/** Why the time never comes, though each field is right. */
function never(fields) {
  const [, , days, months, , years] = fields.map((text, index) => values(text, FIELDS[index]));
  if (!days.some((day) => months.some((month) => day <= LONGEST[month - 1])))
    return `No month of ${fields[3]} has a day ${fields[2]}, so it never comes. Correct the two.`;
  if (Math.max(...years) < new Date().getUTCFullYear())
    return `The year ${fields[5]} is over, so it never comes. Write *.`;
  return undefined;
}

/** The numbers that a valid field names. */
function values(text, [, least, most, names]) {
  const number = (word) => (names.includes(word) ? names.indexOf(word) + least : Number(word));
  return text
    .toUpperCase()
    .split(',')
    .flatMap((part) => {
      const [span, step] = part.split('/');
      const all = span === '*' || span === '?';
      const [low, high] = span.split('-');
      const first = all ? least : number(low);
      const last = all || (step && high === undefined) ? most : number(high ?? low);
      const every = Number(step ?? 1);
      return Array.from(
        { length: Math.floor((last - first) / every) + 1 },
        (_, at) => first + at * every,
      );
    });
}

function isPart(part, least, most, names, day) {
  const match = /^(\*|\?|(\w+)(?:-(\w+))?)(?:\/([1-9]\d*))?$/.exec(part.toUpperCase());
  if (!match) return false;
  const [, span, low, high] = match;
  if (span === '*') return true;
  if (span === '?') return day;
  const number = (text) =>
    names.includes(text) ? names.indexOf(text) + least : /^\d+$/.test(text) ? Number(text) : NaN;
  const [first, last] = [number(low), number(high ?? low)];
  return first >= least && last <= most && first <= last;
}

const schema = {
  verify: {
    description: 'Compare the sink with its source, like {schedule: nightly}; none without it.',
    type: 'object',
    required: ['schedule'],
    properties: {
      schedule: {
        type: 'string',
        description: 'nightly (02:00 UTC), weekly (Sunday 02:00 UTC), or cron(…) as EventBridge.',
      },
      repair: {
        type: 'boolean',
        default: false,
        description: 'Repair differences; many deletions still wait for a person.',
      },
    },
  },
};

/** The problems of a consumer's schedule. */
function scheduleProblems(path, { verify }) {
  const problem = verify && scheduleProblem(verify.schedule);
  return problem
    ? [`${path}.verify.schedule is ${JSON.stringify(verify.schedule)}. ${problem}`]
    : [];
}

module.exports = { schema, scheduleProblem, scheduleProblems };
