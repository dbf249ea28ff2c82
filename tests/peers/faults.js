// The faults of `broken.js`: each replaces one step of the correct handler and nothing else.
// `only` names the providers in which it can be planted, `correct` what is no fault but another way
// to be right, of which `webhook test` must not complain.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const TIMED = ['olympus'];
/** How long a query to a database takes, in milliseconds: long enough for others to come between. */
const ROUND_TRIP = 100;
/** How many requests the handler under load has connections for. */
const POOL = 10;

const SIGNATURE = {
  'no-signature-check': {
    what: 'takes every request for genuine',
    plant: (h) => (h.isGenuine = () => true),
  },
  'presence-only': {
    what: 'is content with any text in the signature header',
    plant: (h) => (h.isGenuine = (req) => Boolean(h.readHeader(req))),
  },
  'missing-header-accepted': {
    what: 'verifies only where there is a signature header',
    plant: (h) => acceptWhere(h, (value) => value === undefined),
  },
  'empty-header-accepted': {
    what: 'verifies only where the signature header is not empty',
    plant: (h) => acceptWhere(h, (value) => value === ''),
  },
  'missing-header-crashes': {
    what: 'uses the signature header without looking whether there is one',
    plant: (h) => replace(h, 'readHeader', (read, req) => read(req).trim()),
  },
  'length-crash': {
    what: 'hands the signature to timingSafeEqual whatever its length is',
    plant(h) {
      h.macPattern = /^/;
      h.matches = (mac, expected) => crypto.timingSafeEqual(Buffer.from(mac), Buffer.from(expected));
    },
  },
  'parse-crash': {
    what: 'takes the signature header apart without looking whether it has parts',
    only: ['ibakepro', 'olympus'],
    plant: (h) =>
      replace(h, 'splitHeader', (split, value) => {
        value.split(h.provider.timed ? ',' : '=')[1].trim();
        return split(value);
      }),
  },
  'refuses-with-500': {
    what: 'throws on a wrong signature, in place of answering 401',
    plant: (h) => (h.refuse = (req, res) => res.sendStatus(500)),
  },
  'refuses-with-redirect': {
    what: 'sends whoever has no valid signature to the login',
    plant: (h) => (h.refuse = (req, res) => res.redirect(302, '/login')),
  },
  'drops-connection': {
    what: 'closes the connection on a wrong signature',
    plant: (h) => (h.refuse = (req) => req.socket.destroy()),
  },
  'dies-on-bad-signature': {
    what: 'ends its process on a wrong signature',
    plant: (h) => (h.refuse = () => process.exit(1)),
  },
  'prefix-ignored': {
    what: 'takes what follows the `=` for the signature, whatever stands before it',
    plant: (h) => (h.splitHeader = h.provider.timed ? splitByPosition : splitAtEquals),
  },
  'accepts-upper-case': {
    what: 'decodes the hex digits before it compares',
    plant(h) {
      h.macPattern = /^[0-9a-f]{64}$/i;
      h.matches = (mac, expected) =>
        crypto.timingSafeEqual(Buffer.from(mac, 'hex'), Buffer.from(expected, 'hex'));
    },
  },
  'case-insensitive-compare': {
    what: 'compares the whole header without regard to case',
    plant: (h) => replace(h, 'splitHeader', (split, value) => split(value.toLowerCase())),
  },
  'header-prefix-compare': {
    what: 'compares only the first 16 digits',
    plant(h) {
      h.macPattern = /^[0-9a-f]{16,64}$/;
      h.matches = (mac, expected) => mac.slice(0, 16) === expected.slice(0, 16);
    },
  },
  'too-long-accepted': {
    what: 'compares only as many digits as it expects',
    plant(h) {
      h.macPattern = /^[0-9a-f]{64}/;
      h.matches = (mac, expected) => mac.startsWith(expected);
    },
  },
  'hex-decoded-loosely': {
    what: 'trusts Buffer.from(…, "hex"), which stops silently at what is no pair of digits',
    plant(h) {
      h.macPattern = /^/;
      h.matches = (mac, expected) => Buffer.from(mac, 'hex').equals(Buffer.from(expected, 'hex'));
    },
  },
  'body-ignored': {
    what: 'takes the signature of an empty body too, as where a middleware has read the body already',
    plant: (h) => alsoSigned(h, (signed, body, time) => signed(Buffer.alloc(0), time)),
  },
  'accepts-empty-secret': {
    what: 'has a previous secret for its rotation, which is not set',
    plant: (h) => h.keys.push(''),
  },
  'trusts-seen-signatures': {
    what: 'remembers signatures that were right and does not check them again',
    plant(h) {
      const seen = new Set();
      replace(h, 'matches', (matches, mac, expected) => {
        const right = seen.has(mac) || matches(mac, expected);
        return right && Boolean(seen.add(mac));
      });
    },
  },
  'crash-on-second-header': {
    what: 'throws where the signature header is there twice',
    plant: (h) =>
      replace(h, 'readHeader', (read, req) => {
        if (req.headersDistinct[h.provider.header.toLowerCase()]?.length > 1) {
          throw new TypeError('the signature is an array');
        }
        return read(req);
      }),
  },
};

const TIME = {
  'no-freshness': {
    what: 'takes a signature of any age',
    plant: (h) => (h.toleranceSeconds = Infinity),
  },
  'past-only-freshness-of-a-day': {
    what: 'takes a signature of most of a day',
    plant: (h) => (h.toleranceSeconds = 23 * 60 * 60),
  },
  'timestamp-not-signed': {
    what: 'takes the MAC of the body alone too',
    plant: (h) => alsoSigned(h, (signed, body) => [body]),
  },
  'timestamp-skew-tried': {
    what: 'tries the seconds before and after the timestamp too, for clocks that differ',
    plant: (h) =>
      alsoSigned(h, (signed, body, time) => [-1, 1].flatMap((by) => signed(body, Number(time) + by))),
  },
  'timestamp-parse-loose': {
    what: 'reads the timestamp with parseInt, and nothing is older than NaN',
    plant: (h) => (h.isFresh = (time) => !(Date.now() / 1000 - parseInt(time, 10) > 300)),
  },
  'timestamp-missing-accepted': {
    what: 'lets a signature without a timestamp pass, as that of an older scheme',
    plant: (h) => acceptWhere(h, (value) => /^v1=[0-9a-f]{64}$/.test(value ?? '')),
  },
  'timestamp-negative-accepted': {
    what: 'judges the age only of a time above zero',
    plant(h) {
      h.timestampPattern = /^-?[0-9]{1,19}$/;
      replace(h, 'isFresh', (fresh, time) => /^-[0-9]{1,19}$/.test(time) || fresh(time));
    },
  },
  'timestamp-huge-accepted': {
    what: 'takes a number of any length for a time',
    plant: (h) => (h.timestampPattern = /^[0-9]+$/),
  },
  'timestamp-crash': {
    what: 'makes a date of the timestamp before it checks it',
    plant: (h) =>
      replace(h, 'isFresh', (fresh, time) => {
        new Date(parseInt(time, 10) * 1000).toISOString();
        return fresh(time);
      }),
  },
};

const BODY = {
  reserializes: {
    what: 'verifies JSON.stringify(JSON.parse(body))',
    plant: (h) => (h.content = rewritten((value) => value)),
  },
  'reorders-keys': {
    what: 'verifies what its typed model of the envelope writes, which has an order of its own',
    plant: (h) => (h.content = rewritten((value) => inOrder(h.provider.envelope, value))),
  },
  'trims-body': {
    what: 'verifies the body without the white space around it',
    plant: (h) => (h.content = (body) => Buffer.from(body.toString('utf8').trim())),
  },
  'unicode-broken': {
    what: 'reads the body as latin1',
    plant: (h) => (h.content = (body) => Buffer.from(body.toString('latin1'), 'utf8')),
  },
  'small-body-limit': {
    what: 'has the default limit of its framework, 100 KB',
    plant: (h) => (h.bodyOptions.limit = '100kb'),
  },
  'charset-rejected': {
    what: 'reads the body only of exactly `application/json`',
    plant: (h) => (h.bodyOptions.type = (req) => req.headers['content-type'] === 'application/json'),
  },
  'header-case-sensitive': {
    what: 'looks for the signature header in the documented case only',
    plant: (h) =>
      (h.readHeader = ({ rawHeaders }) => {
        const at = rawHeaders.indexOf(h.provider.header);
        return at < 0 ? undefined : rawHeaders[at + 1];
      }),
  },
};

const EVENTS = {
  'unknown-event-500': {
    what: 'throws on an event type that it does not know',
    plant: (h) => (h.objection = ({ name }) => (fixtureOf(h, name) ? undefined : 500)),
  },
  'unknown-event-404': {
    what: 'refuses an event type that it does not know',
    plant: (h) => (h.objection = ({ name }) => (fixtureOf(h, name) ? undefined : 404)),
  },
  'one-event-crashes': {
    what: 'throws on one of the documented events, order.cancelled',
    plant: (h) => (h.objection = ({ name }) => (name === 'order.cancelled' ? 500 : undefined)),
  },
  'extra-field-rejected': {
    what: 'refuses an envelope with a member that is not documented',
    plant(h) {
      const known = [...h.provider.envelope, 'name'];
      h.objection = (event) => (Object.keys(event).every((key) => known.includes(key)) ? undefined : 422);
    },
  },
  'extra-data-field-rejected': {
    what: 'refuses data with a member that the documented resource does not have',
    plant: (h) =>
      (h.objection = ({ name, data }) => {
        const known = fixtureOf(h, name)?.data;
        const foreign = known && Object.keys(data ?? {}).some((key) => !Object.hasOwn(known, key));
        return foreign ? 422 : undefined;
      }),
  },
  'updated-before-created-404': {
    what: 'looks for the row of an update and does not find it',
    plant(h) {
      const rows = new Set();
      h.objection = ({ name, data }) => {
        const [noun, verb] = name.split('.');
        const row = rowOf(noun, data);
        if (verb === 'created') {
          rows.add(row);
        }
        const lost = verb === 'updated' && fixtureOf(h, `${noun}.created`) && !rows.has(row);
        return lost ? 404 : undefined;
      };
    },
  },
  'older-event-409': {
    what: 'refuses an event that is older than one which it has seen of the same resource',
    plant(h) {
      const newest = new Map();
      h.objection = (event) => {
        const row = rowOf(event.name.split('.')[0], event.data);
        const time = Date.parse(event[h.provider.timeKey]);
        if (time < (newest.get(row) ?? -Infinity)) {
          return 409;
        }
        newest.set(row, time);
        return undefined;
      };
    },
  },
};

const REPEATS = {
  'duplicates-rejected': {
    what: 'answers 409 to an event that it has already',
    plant: (h) => (h.repeated = () => 409),
  },
  'duplicates-crash': {
    what: 'inserts the event id without looking, and fails on the unique constraint',
    plant: (h) => (h.repeated = () => 500),
  },
  'duplicates-counted-twice': {
    what: 'acts on every delivery of an event',
    plant: (h) => (h.take = async () => true),
  },
  'race-counted-twice': {
    what: 'looks for the event id, and inserts it only after a query',
    plant: (h) => (h.take = lookThenInsert(() => true)),
  },
  'race-crash': {
    what: 'looks for the event id, and fails on the unique constraint where another was quicker',
    plant: (h) =>
      (h.take = lookThenInsert(() => {
        throw new Error('duplicate key value violates unique constraint');
      })),
  },
};

const PROMPT = {
  slow: {
    what: 'works before it answers, for a sixth of the deadline',
    plant: (h) => (h.beforeAnswer = () => wait(h.deadline / 6)),
  },
  'very-slow': {
    what: 'works before it answers, for twice the deadline',
    plant: (h) => (h.beforeAnswer = () => wait(h.deadline * 2)),
  },
  redirects: {
    what: 'redirects to the same path with a slash',
    plant: (h) => (h.atStart = (req, res) => res.redirect(301, `${req.path}/`)),
  },
  'half-body-hangs': {
    what: 'reads one body at a time, and waits for ever where one does not come to its end',
    plant(h) {
      let turn = Promise.resolve();
      h.atStart = (req, res, next) => {
        const before = turn;
        turn = new Promise((release) => req.on('end', release));
        before.then(() => next());
      };
    },
  },
  'crash-under-load': {
    what: 'has ten connections to its database, and throws where all are in use',
    plant(h) {
      let used = 0;
      h.atStart = (req, res, next) => {
        if (used === POOL) {
          return next(new Error('the pool is exhausted'));
        }
        used += 1;
        res.on('close', () => (used -= 1));
        next();
      };
      h.beforeAnswer = () => wait(ROUND_TRIP);
    },
  },
};

const CORRECT = {
  none: { what: 'has no fault', plant: () => {} },
  'answers-204': {
    what: 'acknowledges without a body',
    plant: (h) => (h.acknowledgement = 204),
  },
  'refuses-with-400': {
    what: 'calls a wrong signature a bad request',
    plant: (h) => (h.refuse = (req, res) => res.sendStatus(400)),
  },
  'refuses-with-403': {
    what: 'calls a wrong signature forbidden',
    plant: (h) => (h.refuse = (req, res) => res.sendStatus(403)),
  },
  'first-of-two-headers': {
    what: 'judges the first of two signature headers, whichever that is',
    plant: (h) => (h.readHeader = (req) => req.headersDistinct[h.provider.header.toLowerCase()]?.[0]),
  },
  'refuses-the-future': {
    what: 'refuses a time ahead of its clock by more than the tolerance',
    only: TIMED,
    plant: (h) =>
      replace(h, 'isFresh', (fresh, time) => fresh(time) && Number(time) - Date.now() / 1000 <= 300),
  },
};

/** Replaces a step by one that is given the former as its first argument. */
function replace(handler, step, change) {
  const former = handler[step];
  handler[step] = (...args) => change(former, ...args);
}

function acceptWhere(handler, holds) {
  replace(handler, 'isGenuine', (isGenuine, req, body) => holds(handler.readHeader(req)) || isGenuine(req, body));
}

function alsoSigned(handler, others) {
  replace(handler, 'signedBytes', (signed, body, time) => [
    ...signed(body, time),
    ...others(signed, body, time),
  ]);
}

function splitAtEquals(value) {
  return { mac: value.slice(value.lastIndexOf('=') + 1) };
}

function splitByPosition(value) {
  const [timestamp, mac] = value.split(',').map((part) => part.slice(part.indexOf('=') + 1));
  return mac === undefined ? undefined : { timestamp, mac };
}

/** Parses and writes the body anew; as it came where it is not JSON. */
function rewritten(change) {
  return (body) => {
    try {
      return Buffer.from(JSON.stringify(change(JSON.parse(body.toString('utf8')))));
    } catch {
      return body;
    }
  };
}

function inOrder(keys, value) {
  const known = keys.filter((key) => Object.hasOwn(value, key)).map((key) => [key, value[key]]);
  return { ...Object.fromEntries(known), ...value };
}

/** The fixture of a documented event. */
function fixtureOf({ provider }, event) {
  const events = new URL(`../../fixtures/${provider.name}/events/`, import.meta.url);
  const file = fs.readdirSync(events).find((name) => name === `${event}.json`);
  return file && JSON.parse(fs.readFileSync(new URL(file, events), 'utf8'));
}

function rowOf(noun, data) {
  return `${noun} ${data?.id ?? data?.[`${noun}_id`]}`;
}

function lookThenInsert(ifOvertaken) {
  const rows = new Set();
  return async (id) => {
    if (rows.has(id)) {
      return false;
    }
    await wait(ROUND_TRIP);
    if (rows.has(id)) {
      return ifOvertaken();
    }
    rows.add(id);
    return true;
  };
}

function onlyTimed(faults) {
  const limited = ([name, fault]) => [name, { ...fault, only: TIMED }];
  return Object.fromEntries(Object.entries(faults).map(limited));
}

export const FAULTS = {
  ...CORRECT,
  ...SIGNATURE,
  ...onlyTimed(TIME),
  ...BODY,
  ...EVENTS,
  ...REPEATS,
  ...PROMPT,
};
