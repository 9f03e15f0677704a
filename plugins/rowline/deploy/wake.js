'use strict';

const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');

/**
 * Starts the watch and each relay function now instead of at their next scheduled run. The payload
 * names the version that wants to run, so the running relay yields and hands over in about a
 * second. If one cannot be started, the deployment still succeeds: its schedule starts it within a
 * minute.
 */
async function wake(aws, functions, log) {
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
      log.notice(`Function ${name} started`);
    } catch (error) {
      log.warning(
        `Function ${name} could not be started now (${error.message}); its schedule starts it ` +
          'within a minute.',
      );
    }
  }
}

module.exports = { wake };
