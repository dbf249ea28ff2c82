// A handler for the webhooks of Olympus Cloud that passes `webhook test`: copy the file and
// start from it.
//
//   npm install express
//   WEBHOOK_SECRET=… PORT=3000 node olympus.js
//   webhook test --provider olympus --url http://127.0.0.1:3000/webhooks/olympus \
//     --effects-url http://127.0.0.1:3000/effects
//
// What it does, in the order that matters:
//
// 1. It takes the body as bytes. Olympus signs the time, a dot and the bytes that it sends; a body
//    that was parsed and written anew has other ones as soon as it holds white space, an escaped
//    letter, or a number such as 49.90.
// 2. It verifies before it parses, so that nobody without the secret reaches any further code.
// 3. A signature that is missing, sent twice or no signature is 401, never an exception. Olympus
//    does not come again after a 401, but does after a 500. The documented sample splits the header
//    by position and throws where a part is missing or has another length.
// 4. It refuses what was signed more than five minutes ago, so that what somebody recorded cannot be
//    sent again later. The time is checked as text first: parseInt takes `12x` for 12, and nothing
//    is older than NaN.
// 5. It acts on each event once. A delivery comes again when its answer was lost, even while the
//    first is still under way.
// 6. It answers at once and works afterwards: the longer Olympus waits, the likelier it gives up
//    and comes again.
// 7. It acknowledges events that it does not know: Olympus may add some.
import crypto from 'node:crypto';
import express from 'express';

const SECRET = process.env.WEBHOOK_SECRET;
if (!SECRET) {
  // Everybody can sign with an empty secret.
  console.error('WEBHOOK_SECRET is not set');
  process.exit(1);
}

// Exactly this text: lower-case hex, as Olympus sends it, and no time that only looks like a number.
const SIGNATURE = /^[0-9a-f]{64}$/;
const TIMESTAMP = /^[0-9]{1,19}$/;
const TOLERANCE_SECONDS = 300;

/** The parts of `t=…,v1=…`, or undefined where one is missing, malformed, or there twice. */
function parseSignature(header) {
  const parts = new Map();
  // A header that came twice reaches Node as "first, second", so it has a `v1` too many.
  for (const part of header.split(',')) {
    const [key] = part.split('=', 1);
    if (parts.has(key)) {
      return undefined;
    }
    parts.set(key, part.slice(key.length + 1));
  }
  const timestamp = parts.get('t') ?? '';
  const signature = parts.get('v1') ?? '';
  const wellFormed = TIMESTAMP.test(timestamp) && SIGNATURE.test(signature);
  return wellFormed ? { timestamp, signature } : undefined;
}

function isGenuine(body, header) {
  const received = parseSignature(header ?? '');
  if (!received) {
    return false;
  }
  const now = Math.floor(Date.now() / 1000);
  // Only the past is refused, as documented: their clock may be ahead of this one.
  if (now - Number(received.timestamp) > TOLERANCE_SECONDS) {
    return false;
  }
  // The time as it was sent, never a number written anew.
  const hmac = crypto.createHmac('sha256', SECRET).update(`${received.timestamp}.`);
  const expected = hmac.update(body).digest();
  // timingSafeEqual throws on two lengths; the pattern lets only 64 digits through, so 32 bytes.
  return crypto.timingSafeEqual(Buffer.from(received.signature, 'hex'), expected);
}

/** The event, or undefined where the body is none. */
function parseEvent(body) {
  try {
    const event = JSON.parse(body.toString('utf8'));
    return typeof event?.id === 'string' ? event : undefined;
  } catch {
    return undefined;
  }
}

// In memory it holds for one process, until it ends. In yours it is a table with a unique constraint
// on the event's id: `INSERT … ON CONFLICT DO NOTHING`, and whoever inserted the row does the work.
// Looking first and inserting later lets two deliveries at the same moment through.
const taken = new Set();

/** Whether this delivery is the one that takes the event. */
function take(id) {
  if (taken.has(id)) {
    return false;
  }
  taken.add(id);
  return true;
}

let effects = 0;

/** What your program does about an event. Events come in any order: an update may be the first. */
async function work(event) {
  switch (event.type) {
    case 'order.created':
    case 'order.updated':
      // Insert or update by `event.data.id`, unless what you have is newer than `event.created_at`.
      break;
    default:
      // An event that this program has no use for, or that did not exist when it was written.
      break;
  }
  effects += 1;
}

const app = express();

// Every content type, or one with a charset would pass unread. The default limit, 100 KB, is less
// than an order may have. A compressed body is refused (415): what is signed is what was sent.
const rawBody = express.raw({ type: () => true, limit: '25mb', inflate: false });

app.post('/webhooks/olympus', rawBody, (req, res) => {
  // Express leaves `body` undefined where a request has none.
  const body = req.body ?? Buffer.alloc(0);
  if (!isGenuine(body, req.headers['x-olympus-signature'])) {
    return res.status(401).send('Invalid signature');
  }
  const event = parseEvent(body);
  if (!event) {
    return res.status(400).send('Not an event');
  }
  if (take(event.id)) {
    // After the answer. The sender will not come again, so what fails here is yours to try again:
    // from the table, or from a queue.
    setImmediate(() => work(event).catch((error) => console.error(event.id, error)));
  }
  res.status(200).json({ received: true });
});

// How many events took effect, for `webhook test --effects-url`. Not for production.
app.get('/effects', (req, res) => res.type('text').send(String(effects)));

// A body that is too large or never arrives in full is the sender's error. Without this, Express
// answers with a stack trace.
app.use((error, req, res, next) => {
  if (res.headersSent) {
    return next(error);
  }
  const status = error.status ?? 500;
  if (status >= 500) {
    console.error(error);
  }
  res.sendStatus(status);
});

// HTTPS ends at a proxy in front. Port 0 takes a free one.
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) {
    throw error;
  }
  console.log(JSON.stringify({ port: server.address().port }));
});
