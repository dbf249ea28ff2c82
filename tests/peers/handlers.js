// The sample handlers of the four providers' documents, their mistakes included: do not mend them.
// `console.error` and the work on an event are replaced by notes in `seen`, which the tests read on stdout.
import crypto from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import express from 'express';

function hmacHex(text) {
  return crypto.createHmac('sha256', process.env.WEBHOOK_SECRET).update(text).digest('hex');
}

function sameText(signature, expected) {
  return crypto.timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
}

function ibakepro(req, res) {
  const expected = hmacHex(JSON.stringify(req.body));
  if (`sha256=${expected}` !== req.headers['x-webhook-signature']) {
    return res.status(401).send('Invalid signature');
  }
  res.locals.event = req.body.event;
  res.status(200).send('OK');
}

function olympusVerifies(payload, signature) {
  const parts = signature.split(',');
  const timestamp = parts[0].split('=')[1];
  const receivedSig = parts[1].split('=')[1];
  const eventTime = parseInt(timestamp) * 1000;
  if (Date.now() - eventTime > 300000) {
    return false;
  }
  return sameText(receivedSig, hmacHex(`${timestamp}.${payload}`));
}

function olympus(req, res) {
  const payload = req.body.toString();
  if (!olympusVerifies(payload, req.headers['x-olympus-signature'])) {
    return res.status(401).send('Invalid signature');
  }
  const event = JSON.parse(payload);
  res.locals.event = event.type;
  res.status(200).json({ received: true });
}

function barecommerceExpress(req, res) {
  const seen = res.locals;
  try {
    const body = req.body.toString();
    if (!sameText(req.headers['x-webhook-signature'], hmacHex(body))) {
      return res.status(401).json({ error: 'Invalid signature' });
    }
    processEvent(JSON.parse(body), seen).catch((error) => {
      seen.error = error.message;
    });
    res.status(200).json({ ok: true });
  } catch (error) {
    seen.error = error.message;
    res.status(500).json({ error: 'Processing failed' });
  }
}

async function processEvent(event, seen) {
  seen.event = event.type;
}

async function barecommerceNext(request, seen) {
  try {
    const signature = request.headers.get('x-webhook-signature');
    const body = await request.text();
    if (!sameText(signature, hmacHex(body))) {
      return Response.json({ error: 'Invalid signature' }, { status: 401 });
    }
    const event = JSON.parse(body);
    seen.event = event.type;
    return Response.json({ ok: true });
  } catch (error) {
    seen.error = error.message;
    return Response.json({ error: 'Processing failed' }, { status: 500 });
  }
}

function cimplify(req, res) {
  const signature = req.headers['x-cimplify-signature'];
  const expected = hmacHex(JSON.stringify(req.body));
  if (!sameText(signature, expected)) {
    return res.status(401).send('Invalid signature');
  }
  res.status(200).send('OK');
  res.locals.event = req.body.type;
}

/** Runs a Next.js route handler, which takes a web `Request` and returns a `Response`. */
function nextRoute(handler) {
  return async (req, res) => {
    const request = new Request(`http://localhost${req.url}`, {
      method: req.method,
      headers: req.headers,
      body: await buffer(req),
    });
    const response = await handler(request, res.locals);
    res.writeHead(response.status, Object.fromEntries(response.headers));
    res.end(await response.text());
  };
}

const rawJson = () => express.raw({ type: 'application/json' });

const ROUTES = {
  ibakepro: ['/webhooks/ibakepro', express.json(), ibakepro],
  olympus: ['/webhooks/olympus', rawJson(), olympus],
  'barecommerce-express': ['/webhooks/barecommerce', rawJson(), barecommerceExpress],
  'barecommerce-next': ['/api/webhooks/barecommerce', nextRoute(barecommerceNext)],
  cimplify: ['/webhooks/cimplify', express.json(), cimplify],
};

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function reportRequest(req, res, next) {
  const seen = res.locals;
  const report = () => print({ status: res.statusCode, event: seen.event ?? null, error: seen.error });
  // Later than the answer: BareCommerce's Express handler leaves the event to work in the background.
  res.on('finish', () => setImmediate(report));
  next();
}

function noteError(error, req, res, next) {
  res.locals.error = error.message;
  next(error);
}

function start(route) {
  const app = express();
  // In any other environment Express writes the stack of every error to stderr.
  app.set('env', 'test');
  app.use(reportRequest);
  app.post(...route);
  app.use(noteError);
  const server = app.listen(0, '127.0.0.1', () => print({ port: server.address().port }));
}

// A test that dies closes our stdin, so it leaves no handler behind.
process.stdin.on('end', () => process.exit()).resume();

const [name] = process.argv.slice(2);
if (!Object.hasOwn(ROUTES, name) || !process.env.WEBHOOK_SECRET) {
  console.error(`usage: WEBHOOK_SECRET=… node handlers.js ${Object.keys(ROUTES).join('|')}`);
  process.exit(2);
}
start(ROUTES[name]);
