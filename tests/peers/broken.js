// A correct handler of one provider with exactly one deliberate fault: what `webhook test` has to find.
// Prints its port, serves /webhooks/PROVIDER and GET /effects, ends with its stdin.
//
//   WEBHOOK_SECRET=… [DEADLINE_MS=30000] node broken.js PROVIDER FAULT
//   node broken.js --list
import crypto from 'node:crypto';
import express from 'express';
import { FAULTS } from './faults.js';

const PROVIDERS = {
  ibakepro: {
    header: 'X-Webhook-Signature',
    prefix: 'sha256=',
    eventKey: 'event',
    envelope: ['id', 'event', 'created_at', 'data'],
    timeKey: 'created_at',
  },
  olympus: {
    header: 'X-Olympus-Signature',
    timed: true,
    eventKey: 'type',
    envelope: ['id', 'type', 'api_version', 'created_at', 'tenant_id', 'location_id', 'data'],
    timeKey: 'created_at',
  },
  barecommerce: {
    header: 'X-Webhook-Signature',
    prefix: '',
    eventKey: 'type',
    envelope: ['type', 'id', 'timestamp', 'storeId', 'data'],
    timeKey: 'timestamp',
  },
  cimplify: {
    header: 'X-Cimplify-Signature',
    prefix: '',
    eventKey: 'type',
    envelope: ['id', 'type', 'created_at', 'data'],
    timeKey: 'created_at',
  },
};

/** The correct handler: its steps, each of which a fault may replace. */
function correctHandler(name) {
  const provider = { name, ...PROVIDERS[name] };
  const headerName = provider.header.toLowerCase();
  const taken = new Set();
  const handler = {
    provider,
    /** The deadline of the provider in milliseconds. */
    deadline: Number(process.env.DEADLINE_MS ?? 30000),
    keys: [process.env.WEBHOOK_SECRET],
    bodyOptions: { type: () => true, limit: '25mb', inflate: false },
    macPattern: /^[0-9a-f]{64}$/,
    timestampPattern: /^[0-9]{1,19}$/,
    toleranceSeconds: 300,
    acknowledgement: 200,

    /** Middleware before the body is read. */
    atStart: (req, res, next) => next(),
    readHeader: (req) => req.headers[headerName],
    /** The timestamp's text and the MAC's, or undefined where the header does not hold them. */
    splitHeader: (value) => splitHeader(provider, value),
    isFresh: (timestamp) =>
      handler.timestampPattern.test(timestamp) &&
      !(Date.now() / 1000 - Number(timestamp) > handler.toleranceSeconds),
    /** The body as the MAC is computed over it. */
    content: (body) => body,
    /** What the MAC may be over; any one of them will do. */
    signedBytes: (body, timestamp) =>
      provider.timed ? [Buffer.concat([Buffer.from(`${timestamp}.`), body])] : [body],
    matches: (mac, expected) =>
      mac.length === expected.length && crypto.timingSafeEqual(Buffer.from(mac), Buffer.from(expected)),
    isGenuine: (req, body) => isGenuine(handler, req, body),
    refuse: (req, res) => res.status(401).send('Invalid signature'),
    /** The status to refuse an event with, or undefined. */
    objection: () => undefined,
    /** Whether this delivery is the one that takes the event. */
    take: async (id) => !taken.has(id) && Boolean(taken.add(id)),
    /** What a delivery is answered whose event is taken; undefined for the acknowledgement. */
    repeated: () => undefined,
    beforeAnswer: async () => {},
  };
  return handler;
}

function splitHeader(provider, value) {
  if (!provider.timed) {
    return value.startsWith(provider.prefix) ? { mac: value.slice(provider.prefix.length) } : undefined;
  }
  const [, timestamp, mac] = /^t=([^,]*),v1=([^,]*)$/.exec(value) ?? [];
  return mac === undefined ? undefined : { timestamp, mac };
}

function isGenuine(handler, req, body) {
  const value = handler.readHeader(req);
  const received = value === undefined ? undefined : handler.splitHeader(value);
  if (!received || !handler.macPattern.test(received.mac)) {
    return false;
  }
  if (handler.provider.timed && !handler.isFresh(received.timestamp)) {
    return false;
  }
  const possible = handler.signedBytes(handler.content(body), received.timestamp);
  return possible.some((bytes) =>
    handler.keys.some((key) => handler.matches(received.mac, hmacHex(key, bytes))),
  );
}

function hmacHex(key, bytes) {
  return crypto.createHmac('sha256', key).update(bytes).digest('hex');
}

function parseEvent(provider, body) {
  try {
    const event = JSON.parse(body.toString('utf8'));
    const { id, [provider.eventKey]: name } = event ?? {};
    return typeof id === 'string' && typeof name === 'string' ? { ...event, name } : undefined;
  } catch {
    return undefined;
  }
}

let effects = 0;

/** Answers one delivery. */
async function receive(handler, req, res) {
  const body = req.body ?? Buffer.alloc(0);
  if (!handler.isGenuine(req, body)) {
    return handler.refuse(req, res);
  }
  const event = parseEvent(handler.provider, body);
  const refusal = event ? handler.objection(event) : 400;
  if (refusal) {
    return res.sendStatus(refusal);
  }
  const first = await handler.take(event.id);
  if (first) {
    setImmediate(() => (effects += 1));
  }
  await handler.beforeAnswer();
  res.sendStatus((first ? undefined : handler.repeated()) ?? handler.acknowledgement);
}

function start(handler) {
  const app = express();
  // A path with a slash more is another one, as it is behind most routers.
  app.enable('strict routing');
  // In any other environment Express writes the stack of every error to stderr.
  app.set('env', 'test');
  app.get('/effects', (req, res) => res.type('text').send(String(effects)));
  app.post(
    `/webhooks/${handler.provider.name}`,
    (req, res, next) => handler.atStart(req, res, next),
    express.raw(handler.bodyOptions),
    (req, res) => receive(handler, req, res),
  );
  app.use((error, req, res, next) => (res.headersSent ? next(error) : res.sendStatus(error.status ?? 500)));
  const server = app.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
  });
}

/** The providers that a fault can be planted in. */
function providersOf(fault) {
  return FAULTS[fault].only ?? Object.keys(PROVIDERS);
}

function list() {
  for (const [fault, { what, correct = false }] of Object.entries(FAULTS)) {
    console.log(JSON.stringify({ fault, providers: providersOf(fault), correct, what }));
  }
}

function main([name, fault]) {
  if (name === '--list') {
    return list();
  }
  const known = Object.hasOwn(PROVIDERS, name) && Object.hasOwn(FAULTS, fault);
  if (!known || !providersOf(fault).includes(name) || !process.env.WEBHOOK_SECRET) {
    console.error(`usage: WEBHOOK_SECRET=… node broken.js ${Object.keys(PROVIDERS).join('|')} FAULT`);
    process.exit(2);
  }
  // A test that dies closes our stdin, so it leaves no handler behind.
  process.stdin.on('end', () => process.exit()).resume();
  const handler = correctHandler(name);
  FAULTS[fault].plant(handler);
  start(handler);
}

main(process.argv.slice(2));
