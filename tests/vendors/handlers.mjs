// One server in which every vendor's own library judges, on `/NAME`, and signs, on `/NAME/sign`.
import http from 'node:http';
import https from 'node:https';
import { createPrivateKey, createPublicKey, createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createWebhookVerifier, signWebhook, StaticJwksResolver } from '@adcp/sdk/signing';
import { hmacValidator } from '@adyen/api-library';
import { verifyWebhook } from '@clerk/backend/webhooks';
import * as contentful from '@contentful/node-apps-toolkit';
import EasyPost from '@easypost/api';
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js';
import { Signature } from '@hubspot/api-client';
import { validateSignature } from '@line/bot-sdk';
import { LinearWebhookClient } from '@linear/sdk/webhooks';
import Mux from '@mux/mux-node';
import { signWebhookPayload, verifyWebhookSignature } from '@notionhq/client';
import * as octokit from '@octokit/webhooks-methods';
import { WebhookEventVerifier } from '@onfido/api';
import { Paddle } from '@paddle/paddle-node-sdk';
import { validateEvent, WebhookVerificationError } from '@polar-sh/sdk/webhooks';
import * as sanity from '@sanity/webhook';
import '@shopify/shopify-api/adapters/node';
import { ApiVersion, shopifyApi } from '@shopify/shopify-api';
import { verifySlackRequest } from '@slack/bolt';
import { WorkOS } from '@workos-inc/node';
import { EventWebhook } from '@sendgrid/eventwebhook';
import { AwsLambdaReceiver } from '@zoom/rivet/meetings';
import { WebhooksManager } from 'box-node-sdk/managers';
import cloudinary from 'cloudinary';
import coinbase from 'coinbase-commerce-node';
import { verifyKey } from 'discord-interactions';
import * as gocardless from 'gocardless-nodejs/webhooks';
import { Bot, webhookCallback } from 'grammy';
import mailgun from 'mailgun-js';
import { SignJWT, jwtVerify } from 'jose';
import { AccessToken, WebhookReceiver } from 'livekit-server-sdk';
import ModernTreasury from 'modern-treasury';
import OpenAI from 'openai';
import Pusher from 'pusher';
import Razorpay from 'razorpay';
import { validateWebhook } from 'replicate';
import { Resend } from 'resend';
import MessageValidator from 'sns-validator';
import { WebhooksHelper } from 'square';
import * as standardWebhooks from 'standardwebhooks';
import { StreamChat } from 'stream-chat';
import Stripe from 'stripe';
import * as svix from 'svix';
import Telnyx from 'telnyx';
import twilio from 'twilio';
import { WebflowClient } from 'webflow-api';

const TEXT = 'a secret of the test';
const BASE64 = `whsec_${Buffer.from('a key of thirty-two bytes, made up').toString('base64')}`;

const HEX = Buffer.from('a key of thirty-two bytes, made up').toString('hex');
// As long as Contentful's are.
const LONG = TEXT.repeat(4).replaceAll(' ', '_').slice(0, 64);

const adyen = new hmacValidator();
const linear = new LinearWebhookClient(TEXT);
const letters = mailgun({ apiKey: TEXT, domain: 'example.com' });
const elevenlabs = new ElevenLabsClient({ apiKey: 'key' }).webhooks;
const easypost = new EasyPost('key').Utils;
cloudinary.v2.config({ api_secret: TEXT });
// The key is the one that is sent where no other is given.
const pusher = new Pusher({ appId: '1', key: '278d425bdf160c739803', secret: TEXT, cluster: 'eu' });
const chat = new StreamChat('key', TEXT);
const onfido = new WebhookEventVerifier(TEXT);
const webflow = new WebflowClient({ accessToken: 'token' }).webhooks;
const openai = new OpenAI({ apiKey: 'key', webhookSecret: BASE64 }).webhooks;
// With `botInfo` it asks nobody who it is.
const bot = new Bot('1:key', { botInfo: { id: 1, is_bot: true, first_name: 'Bot', username: 'bot' } });
const telegram = webhookCallback(bot, 'std/http', { secretToken: TEXT });

// The published keys of RFC 8032, section 7.1, and of RFC 7515, appendix A.3: everybody knows their private halves.
const ED25519 = createPrivateKey({
  key: Buffer.from('302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'),
  format: 'der',
  type: 'pkcs8',
});
const P256 = createPrivateKey({
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
  },
  format: 'jwk',
});
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const inPem = (key) => key.export({ format: 'pem', type: 'pkcs8' });
// As a sender has it, who gives receivers the same without `d`.
const ADCP = {
  ...ED25519.export({ format: 'jwk' }),
  kid: 'a-key-of-the-test',
  alg: 'EdDSA',
  use: 'sig',
  key_ops: ['sign', 'verify'],
  // This version of the library takes no other.
  adcp_use: 'webhook-signing',
};
const { d, ...ADCP_PUBLIC } = ADCP;
const adcp = createWebhookVerifier({ jwks: new StaticJwksResolver([ADCP_PUBLIC]) });
const publicHalf = (key) => createPublicKey(key).export({ format: 'der', type: 'spki' });
const hashOf = (body, encoding) => createHash('sha256').update(body).digest(encoding);

// SNS's library fetches the key that a message names, and gets ours without a network.
https.get = (_url, take) => {
  const key = Readable.from([RSA.publicKey.export({ format: 'pem', type: 'spki' })]);
  take(Object.assign(key, { statusCode: 200 }));
  return key;
};
const sns = new MessageValidator();

const stripe = new Stripe('key').webhooks;
const telnyx = new Telnyx({ apiKey: 'key', publicKey: publicHalf(ED25519).subarray(-32).toString('base64') }).webhooks;
const paddle = new Paddle('key').webhooks;
const workos = new WorkOS('key', { clientId: 'client' }).webhooks;
const mux = new Mux({ tokenId: 'id', tokenSecret: 'token', webhookSecret: TEXT }).webhooks;
const treasury = new ModernTreasury({ apiKey: 'key', organizationID: 'id' }).webhooks;
const zoom = new AwsLambdaReceiver({ webhooksSecretToken: TEXT }).start();
const shopify = shopifyApi({
  apiKey: 'key',
  apiSecretKey: TEXT,
  hostName: 'localhost',
  apiVersion: Object.values(ApiVersion).at(-1),
  isEmbeddedApp: false,
  logger: { level: 0 },
}).webhooks;

// The libraries that take and give the three headers of Standard Webhooks under a prefix.
const standard = (library, prefix, Webhook) => ({
  library,
  secret: BASE64,
  verify: ({ body, headers }) => new Webhook(BASE64).verify(body, headers),
  sign: ({ body, now }) => ({
    [`${prefix}-id`]: 'msg_1',
    [`${prefix}-timestamp`]: String(Math.floor(now / 1000)),
    [`${prefix}-signature`]: new Webhook(BASE64).sign('msg_1', new Date(now), body),
  }),
});

const headersOf = (headers, prefix) => ({
  id: headers[`${prefix}-id`],
  timestamp: headers[`${prefix}-timestamp`],
  signature: headers[`${prefix}-signature`],
});

const fields = (body) => Object.fromEntries(new URLSearchParams(body));
const hubspot = ({ body, url }, timestamp) => ({ clientSecret: TEXT, requestBody: body, url, timestamp });
const hubspotHash = (signatureVersion) => ({
  library: '@hubspot/api-client',
  verify: (request) => {
    const signature = request.headers['x-hubspot-signature'];
    return Signature.isValid({ signature, signatureVersion, method: 'POST', ...hubspot(request) });
  },
  sign: (request) => ({
    'X-HubSpot-Signature': Signature.getSignature('POST', signatureVersion, hubspot(request)),
  }),
});

const adyenItem = (body) => body.notificationItems[0].NotificationRequestItem;
const contentfulRequest = ({ body, url, headers }) => {
  return { method: 'POST', path: new URL(url).pathname, headers, body };
};

// `false` and whatever is thrown is a refusal; a library that answers nothing has accepted.
const VENDORS = {
  adcp: {
    library: '@adcp/sdk',
    secret: JSON.stringify(ADCP),
    verify: ({ body, headers, url, raw }) => adcp({ method: raw.method, url, headers, body }),
    sign: ({ body, url }) => {
      const headers = { 'Content-Type': 'application/json' };
      const signer = { keyid: ADCP.kid, alg: 'ed25519', privateKey: ADCP };
      const signed = signWebhook({ method: 'POST', url, headers, body }, signer).headers;
      const { 'Content-Type': _, ...fields } = signed;
      return fields;
    },
  },
  adyen: {
    library: '@adyen/api-library',
    secret: HEX,
    verify: ({ body }) => adyen.validateHMAC(adyenItem(JSON.parse(body)), HEX),
    // The proof stands in the body, which is answered anew.
    sign: (request) => {
      const body = JSON.parse(request.body);
      const item = adyenItem(body);
      item.additionalData.hmacSignature = adyen.calculateHmac(item, HEX);
      request.body = JSON.stringify(body);
      return {};
    },
  },
  'adyen-platform': {
    library: '@adyen/api-library',
    secret: HEX,
    verify: ({ body, headers }) => adyen.validateHMACSignature(HEX, headers.hmacsignature, body),
    sign: ({ body }) => ({ HmacSignature: adyen.calculateHmac(body, HEX) }),
  },
  box: {
    library: 'box-node-sdk',
    verify: ({ body, headers }) => WebhooksManager.validateMessage(body, headers, TEXT),
  },
  clerk: {
    library: '@clerk/backend',
    secret: BASE64,
    verify: ({ body, headers, url }) =>
      verifyWebhook(new Request(url, { method: 'POST', headers, body }), { signingSecret: BASE64 }),
  },
  cloudinary: {
    library: 'cloudinary',
    verify: ({ body, headers }) =>
      cloudinary.v2.utils.verifyNotificationSignature(
        body,
        Number(headers['x-cld-timestamp']),
        headers['x-cld-signature'],
      ),
  },
  'coinbase-commerce': {
    library: 'coinbase-commerce-node',
    verify: ({ body, headers }) =>
      coinbase.Webhook.verifySigHeader(body, headers['x-cc-webhook-signature'], TEXT),
    sign: ({ body }) => ({ 'X-CC-Webhook-Signature': coinbase.Webhook.computeSignature(body, TEXT) }),
  },
  contentful: {
    library: '@contentful/node-apps-toolkit',
    secret: LONG,
    verify: (request) => contentful.verifyRequest(LONG, contentfulRequest(request)),
    sign: (request) => contentful.signRequest(LONG, contentfulRequest({ ...request, headers: {} })),
  },
  easypost: {
    library: '@easypost/api',
    verify: ({ body, headers }) => easypost.validateWebhook(Buffer.from(body), headers, TEXT),
  },
  elevenlabs: {
    library: '@elevenlabs/elevenlabs-js',
    verify: ({ body, headers }) => elevenlabs.constructEvent(body, headers['elevenlabs-signature'], TEXT),
  },
  discord: {
    library: 'discord-interactions',
    secret: inPem(ED25519),
    verify: ({ body, headers }) =>
      verifyKey(
        body,
        headers['x-signature-ed25519'],
        headers['x-signature-timestamp'],
        publicHalf(ED25519).subarray(-32).toString('hex'),
      ),
  },
  getstream: {
    library: 'stream-chat',
    verify: ({ body, headers }) => chat.verifyWebhook(body, headers['x-signature']),
  },
  github: {
    library: '@octokit/webhooks-methods',
    verify: ({ body, headers }) => octokit.verify(TEXT, body, headers['x-hub-signature-256']),
    sign: async ({ body }) => ({ 'X-Hub-Signature-256': await octokit.sign(TEXT, body) }),
  },
  gocardless: {
    library: 'gocardless-nodejs',
    verify: ({ body, headers }) => gocardless.parse(body, TEXT, headers['webhook-signature']),
  },
  hubspot: {
    library: '@hubspot/api-client',
    verify: (request) => {
      const { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': time } = request.headers;
      return Signature.isValid({ signature, signatureVersion: 'v3', ...hubspot(request, Number(time)) });
    },
    sign: (request) => ({
      'X-HubSpot-Request-Timestamp': String(request.now),
      'X-HubSpot-Signature-v3': Signature.getSignature('POST', 'v3', hubspot(request, request.now)),
    }),
  },
  'hubspot-v1': hubspotHash('v1'),
  'hubspot-v2': hubspotHash('v2'),
  line: {
    library: '@line/bot-sdk',
    verify: ({ body, headers }) => validateSignature(body, TEXT, headers['x-line-signature']),
  },
  linear: {
    library: '@linear/sdk',
    verify: ({ body, headers }) => linear.verify(Buffer.from(body), headers['linear-signature']),
  },
  mailgun: {
    library: 'mailgun-js',
    verify: ({ body }) => {
      const { timestamp, token, signature } = JSON.parse(body).signature;
      return letters.validateWebhook(timestamp, token, signature);
    },
  },
  livekit: {
    library: 'livekit-server-sdk',
    verify: ({ body, headers }) => new WebhookReceiver('devkey', TEXT).receive(body, headers.authorization),
    sign: async ({ body }) => {
      const token = new AccessToken('devkey', TEXT, { ttl: '5m' });
      token.sha256 = hashOf(body, 'base64');
      return { Authorization: await token.toJwt() };
    },
  },
  'modern-treasury': {
    library: 'modern-treasury',
    verify: ({ body, headers }) => treasury.validateSignature(body, headers, { key: TEXT }),
    sign: ({ body }) => ({ 'X-Signature': treasury.getSignature(body, { key: TEXT }) }),
  },
  mux: {
    library: '@mux/mux-node',
    verify: ({ body, headers }) => mux.verifySignature(body, headers, TEXT),
  },
  notion: {
    library: '@notionhq/client',
    verify: ({ body, headers }) =>
      verifyWebhookSignature({ body, signature: headers['x-notion-signature'], verificationToken: TEXT }),
    sign: async ({ body }) => ({
      'X-Notion-Signature': await signWebhookPayload({ body, verificationToken: TEXT }),
    }),
  },
  onfido: {
    library: '@onfido/api',
    verify: ({ body, headers }) => onfido.readPayload(body, headers['x-sha2-signature']),
  },
  openai: {
    library: 'openai',
    secret: BASE64,
    verify: ({ body, headers }) => openai.unwrap(body, headers),
  },
  paddle: {
    library: '@paddle/paddle-node-sdk',
    verify: ({ body, headers }) => paddle.unmarshal(body, TEXT, headers['paddle-signature']),
  },
  plaid: {
    library: 'jose',
    secret: inPem(P256),
    verify: async ({ body, headers }) => {
      const rules = { algorithms: ['ES256'], maxTokenAge: '5 min' };
      const { payload } = await jwtVerify(headers['plaid-verification'], createPublicKey(P256), rules);
      return payload.request_body_sha256 === hashOf(body, 'hex');
    },
    sign: async ({ body }) => ({
      'Plaid-Verification': await new SignJWT({ request_body_sha256: hashOf(body, 'hex') })
        .setProtectedHeader({ alg: 'ES256', kid: 'bfbd5111-8e33-4643-8ced-b2e642a72f3c', typ: 'JWT' })
        .setIssuedAt()
        .sign(P256),
    }),
  },
  polar: {
    library: '@polar-sh/sdk',
    // Once the signature is right it reads the event by its schemas, and these are not the question.
    verify: ({ body, headers }) => {
      try {
        validateEvent(body, headers, TEXT);
      } catch (error) {
        if (error instanceof WebhookVerificationError) throw error;
      }
    },
  },
  pusher: {
    library: 'pusher',
    verify: ({ body, headers }) => pusher.webhook({ rawBody: body, headers }).isValid(),
  },
  razorpay: {
    library: 'razorpay',
    verify: ({ body, headers }) =>
      Razorpay.validateWebhookSignature(body, headers['x-razorpay-signature'], TEXT),
  },
  replicate: {
    library: 'replicate',
    secret: BASE64,
    verify: ({ body, headers }) =>
      validateWebhook({ ...headersOf(headers, 'webhook'), body, secret: BASE64 }),
  },
  resend: {
    library: 'resend',
    secret: BASE64,
    verify: ({ body, headers }) =>
      new Resend('key').webhooks.verify({
        payload: body,
        headers: headersOf(headers, 'svix'),
        webhookSecret: BASE64,
      }),
  },
  sanity: {
    library: '@sanity/webhook',
    verify: ({ body, headers }) => sanity.isValidRequest({ body, headers }, TEXT),
    sign: async ({ body, now }) => ({
      [sanity.SIGNATURE_HEADER_NAME]: await sanity.encodeSignatureHeader(body, now, TEXT),
    }),
  },
  sendgrid: {
    library: '@sendgrid/eventwebhook',
    secret: inPem(P256),
    verify: ({ body, headers }) => {
      const webhook = new EventWebhook();
      const key = webhook.convertPublicKeyToECDSA(publicHalf(P256).toString('base64'));
      const [signature, timestamp] = ['signature', 'timestamp'].map(
        (name) => headers[`x-twilio-email-event-webhook-${name}`],
      );
      return webhook.verifySignature(key, body, signature, timestamp);
    },
  },
  shopify: {
    library: '@shopify/shopify-api',
    verify: async ({ body, raw }) =>
      (await shopify.validate({ rawBody: body, rawRequest: raw, rawResponse: {} })).valid,
  },
  slack: {
    library: '@slack/bolt',
    verify: ({ body, headers }) => verifySlackRequest({ signingSecret: TEXT, body, headers }),
  },
  sns: {
    library: 'sns-validator',
    secret: inPem(RSA.privateKey),
    verify: ({ body }) =>
      new Promise((resolve, reject) => sns.validate(body, (error) => (error ? reject(error) : resolve()))),
  },
  square: {
    library: 'square',
    verify: ({ body, headers, url }) =>
      WebhooksHelper.verifySignature({
        requestBody: body,
        signatureHeader: headers['x-square-hmacsha256-signature'],
        signatureKey: TEXT,
        notificationUrl: url,
      }),
  },
  'standard-webhooks': standard('standardwebhooks', 'webhook', standardWebhooks.Webhook),
  stripe: {
    library: 'stripe',
    verify: ({ body, headers }) => stripe.constructEvent(body, headers['stripe-signature'], TEXT),
    sign: ({ body }) => ({
      'Stripe-Signature': stripe.generateTestHeaderString({ payload: body, secret: TEXT }),
    }),
  },
  svix: standard('svix', 'svix', svix.Webhook),
  telegram: {
    library: 'grammy',
    verify: async ({ body, headers, url }) =>
      (await telegram(new Request(url, { method: 'POST', headers, body }))).ok,
  },
  telnyx: {
    library: 'telnyx',
    secret: inPem(ED25519),
    verify: ({ body, headers }) => telnyx.unwrap(body, { headers }),
  },
  twilio: {
    library: 'twilio',
    verify: ({ body, headers, url }) =>
      twilio.validateRequest(TEXT, headers['x-twilio-signature'], url, fields(body)),
    sign: ({ body, url }) => ({
      'X-Twilio-Signature': twilio.getExpectedTwilioSignature(TEXT, url, fields(body)),
    }),
  },
  webflow: {
    library: 'webflow-api',
    verify: ({ body, headers }) => webflow.verifySignature({ body, headers, secret: TEXT }),
  },
  workos: {
    library: '@workos-inc/node',
    verify: ({ body, headers }) =>
      workos.verifyHeader({ payload: JSON.parse(body), sigHeader: headers['workos-signature'], secret: TEXT }),
    sign: async ({ body, now }) => ({
      'WorkOS-Signature': `t=${now}, v1=${await workos.computeSignature(now, JSON.parse(body), TEXT)}`,
    }),
  },
  zoom: {
    library: '@zoom/rivet',
    verify: async ({ body, headers }) =>
      (await zoom({ body, headers, isBase64Encoded: false }, {})).statusCode === 200,
  },
};

async function answer(raw) {
  const [, name, sign] = raw.url.split('/');
  const vendor = VENDORS[name];
  const request = {
    raw,
    body: (await buffer(raw)).toString(),
    headers: raw.headers,
    url: `http://${raw.headers.host}/${name}`,
    now: Date.now(),
  };
  if (sign) {
    const headers = Object.entries(await vendor.sign(request));
    return [200, { headers, body: request.body }];
  }
  return [(await vendor.verify(request)) === false ? 401 : 200, null];
}

const server = http.createServer(async (raw, response) => {
  const [status, value] = await answer(raw).catch((error) => [401, String(error)]);
  const text = JSON.stringify(value);
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(text) }).end(text);
});

// What they say of what they refuse is no matter of the test, and its output is one line.
console.debug = console.log = console.error = () => {};
// A test that dies closes our stdin, so it leaves no handler behind.
process.stdin.on('end', () => process.exit()).resume();

const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url)));
const vendors = Object.entries(VENDORS).map(([name, { library, secret = TEXT, sign }]) => {
  return { name, secret, signs: Boolean(sign), proof: `accepted by ${library} ${dependencies[library]}` };
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port, vendors })}\n`);
});
