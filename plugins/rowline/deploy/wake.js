'use strict';

const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');

/**
 * Starts each relay function now instead of at its next tick. The payload says which version wants
 * to run: the relay under way is then asked to yield, and hands over in about a second. A relay
 * that cannot be started is no failed deployment: the schedule starts it within a minute.
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
        `Relay ${name} could not be started now (${error.message}); its schedule starts it within a minute.`,
      );
    }
  }
}

module.exports = { wakeRelays };
