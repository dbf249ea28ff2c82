// A handler for the webhooks of Cimplify that passes `webhook test`: copy the file and
// start from it.
//
//   npm install express
//   WEBHOOK_SECRET=… PORT=3000 node cimplify.js
//   webhook test --provider cimplify --url http://127.0.0.1:3000/webhooks/cimplify \
//     --effects-url http://127.0.0.1:3000/effects
//
// What it does, in the order that matters:
//
// 1. It takes the body as bytes. Cimplify signs the bytes that it sends; the documented sample
//    verifies JSON.stringify(req.body), which has other ones as soon as a body holds white space, an
//    escaped letter, or a number such as 49.90.
// 2. It verifies before it parses, so that nobody without the secret reaches any further code.
// 3. A signature that is missing, sent twice or no signature is 401, never an exception. The sample
//    hands it to timingSafeEqual as it came, which throws on every length but one.
// 4. It acts on each event once. A delivery comes again when its answer was lost, even while the
//    first is still under way; and as nothing in the signature ages, whoever recorded a delivery can
//    send it again for ever.
// 5. It answers at once and works afterwards: Cimplify waits no longer than 30 s.
// 6. It acknowledges events that it does not know: Cimplify may add some, and would retry a refusal.
import crypto from 'node:crypto';
import express from 'express';

const SECRET = process.env.WEBHOOK_SECRET;
if (!SECRET) {
  // Everybody can sign with an empty secret.
  console.error('WEBHOOK_SECRET is not set');
  process.exit(1);
}

// Exactly this text: lower-case hex without a prefix, as Cimplify sends it. A header that came twice
// reaches Node as "first, second" and does not match.
const SIGNATURE = /^[0-9a-f]{64}$/;

function isGenuine(body, header) {
  if (!SIGNATURE.test(header ?? '')) {
    return false;
  }
  const expected = crypto.createHmac('sha256', SECRET).update(body).digest();
  // timingSafeEqual throws on two lengths; the pattern lets only 64 digits through, so 32 bytes.
  return crypto.timingSafeEqual(Buffer.from(header, 'hex'), expected);
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
      // Insert or update by `event.data.order_id`, unless what you have is newer than
      // `event.created_at`.
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

app.post('/webhooks/cimplify', rawBody, (req, res) => {
  // Express leaves `body` undefined where a request has none.
  const body = req.body ?? Buffer.alloc(0);
  if (!isGenuine(body, req.headers['x-cimplify-signature'])) {
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
  res.status(200).send('OK');
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
