// Prints the signature header, `Name: value`, that a provider would send with the body on stdin.
import crypto from 'node:crypto';
import { buffer } from 'node:stream/consumers';

const SIGNERS = {
  ibakepro: (hmac, body) => `X-Webhook-Signature: sha256=${hmac(body)}`,
  olympus: (hmac, body, time) =>
    `X-Olympus-Signature: t=${time},v1=${hmac(Buffer.concat([Buffer.from(`${time}.`), body]))}`,
  barecommerce: (hmac, body) => `X-Webhook-Signature: ${hmac(body)}`,
  cimplify: (hmac, body) => `X-Cimplify-Signature: ${hmac(body)}`,
};

const now = String(Math.floor(Date.now() / 1000));
const [provider, secret, timestamp = now] = process.argv.slice(2);
if (!Object.hasOwn(SIGNERS, provider) || !secret) {
  console.error(`usage: node sign.js ${Object.keys(SIGNERS).join('|')} SECRET [TIMESTAMP] < body`);
  process.exit(2);
}

const hmac = (bytes) => crypto.createHmac('sha256', secret).update(bytes).digest('hex');
console.log(SIGNERS[provider](hmac, await buffer(process.stdin), timestamp));
