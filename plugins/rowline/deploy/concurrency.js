'use strict';

const { LambdaClient, GetAccountSettingsCommand } = require('@aws-sdk/client-lambda');

const UNRESERVED = 100; // of the quota, never reserved (Lambda quotas)
const OF_A_RELAY = 2; // the run that reads, and the next run, which waits

/**
 * Returns the problem with a stage's concurrency in an account with this quota, or an empty text.
 *
 * relays: the number of relay functions.
 * reserved: the concurrency that each of them reserves; 0 for none.
 * consumers: the sum of the consumers' concurrency.
 */
function concurrencyProblem(quota, { relays, reserved, consumers }) {
  const higher = 'Ask AWS for a higher quota (Service Quotas, "Concurrent executions")';
  if (relays && reserved) {
    const needed = relays * reserved + UNRESERVED;
    if (quota >= needed) return '';
    return (
      `The account runs ${quota} functions at once; reserving ${reserved} for each of ${relays} ` +
      `relays needs a quota of ${needed}. ${higher}, or set the param relayConcurrency to off.`
    );
  }
  const needed = relays * OF_A_RELAY + consumers;
  if (!relays || quota >= needed) return '';
  const left = quota - relays * OF_A_RELAY;
  return (
    `The account runs ${quota} functions at once: ${left} beside the relays. The consumers ` +
    `may take ${consumers}, so that a relay could find no place. ${higher}, or lower ` +
    `consumers.NAME.concurrency to ${left} in all.`
  );
}

/** Throws an Error when the account's quota is too low for the stage. */
async function requireConcurrency(aws, wanted, log) {
  let quota;
  try {
    const client = new LambdaClient(await aws.getAwsSdkV3Config());
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    quota = AccountLimit.ConcurrentExecutions;
  } catch (error) {
    log.warning(`The account's concurrency was not checked: ${error.message}`);
    return;
  }
  const problem = concurrencyProblem(quota, wanted);
  if (problem) throw new Error(problem);
}

module.exports = { concurrencyProblem, requireConcurrency };
