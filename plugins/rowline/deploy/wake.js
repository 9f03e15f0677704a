'use strict';

const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');

/**
 * Starts each relay function now instead of at its next scheduled run. The payload names the
 * version that wants to run, so the running relay yields and hands over in about a second. If a
 * relay cannot be started, the deployment still succeeds: the schedule starts it within a minute.
 */
async function wakeRelays(aws, functions, log) {
  const client = new LambdaClient(await aws.getAwsSdkV3Config());
  for (const { name, environment } of functions) {
    const payload = JSON.stringify({ wanted: environment.ROWLINE_VERSION });
    try {
      await client.send(
        new InvokeCommand({
          FunctionName: name,
          InvocationType: 'Event',
          Payload: Buffer.from(payload),
        }),
      );
      log.notice(`Relay ${name} started`);
    } catch (error) {
      log.warning(
        `Relay ${name} could not be started now (${error.message}); its schedule starts it ` +
          'within a minute.',
      );
    }
  }
}

module.exports = { wakeRelays };
