'use strict';

const { SECRET } = require('../schema/naming');
const { secret } = require('../expand/policy_statements');

const schema = {
  description: 'a webhook',
  also: ['webhook'],
  type: 'object',
  required: ['url', 'secret'],
  properties: {
    url: {
      type: 'string',
      pattern: /^https?:\/\/[^\s/?#]+\S*$/,
      example: 'https://partner.example/rowline',
      what: 'the URL of the receiver',
      description: 'URL that gets a POST request for each change or batch.',
    },
    secret: {
      ...SECRET,
      description: 'Secrets Manager secret {signing_key, authorization, ca_certificate}.',
    },
    batch: {
      type: 'integer',
      minimum: 1,
      maximum: 500,
      default: 1,
      description: 'The most changes in one request.',
    },
  },
};

const HERE = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/;

function problems({ path, stanza: { url } }) {
  if (/^https?:\/\/[^/?#]*@/.test(url))
    return [
      `${path}.url has a login in it, which logs would show. Put it into the secret, as ` +
        'authorization.',
    ];
  if (!URL.canParse(url))
    return [`${path}.url is ${url}, which is no URL. Check its host and its port.`];
  if (url.includes('#'))
    return [`${path}.url has a part behind #, which is never sent. Take it out.`];
  if (url.startsWith('https://') || HERE.test(url)) return [];
  return [`${path}.url is ${url}: rows would travel in clear text. Use https.`];
}

module.exports = {
  listable: false,
  schema,
  problems,
  settings: (stanza) => stanza,
  permissions: (sink) => [secret(sink.secret)],
};
