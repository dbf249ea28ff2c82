"""One server in which vendors' own Python libraries judge, on `/NAME`, and sign, on `/NAME/sign`."""

import base64
import hashlib
import json
import os
import pathlib
import sys
import threading
import time
import urllib.parse
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import cloudinary.utils
import easypost
import openai
import pusher
import razorpay
import standardwebhooks
import stripe
import svix
import workos
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hubspot.utils.signature import Signature
from linebot.v3.webhook import SignatureValidator
from livekit import api as livekit
from sendgrid.helpers.eventwebhook import EventWebhook
from slack_sdk.signature import SignatureVerifier
from square.utils import webhooks_helper as square
from stream_chat import StreamChat
from twilio.request_validator import RequestValidator

TEXT = "a secret of the test"
BASE64 = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, made up").decode()

# The published key of RFC 7515, appendix A.3: everybody knows its private half.
P256 = ec.derive_private_key(
    int.from_bytes(base64.urlsafe_b64decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI="), "big"),
    ec.SECP256R1(),
)
P256_PEM = P256.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
P256_PUBLIC = P256.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)

cloudinary.config(api_secret=TEXT)
slack = SignatureVerifier(TEXT)
twilio = RequestValidator(TEXT)
razor = razorpay.Client(auth=("key", "secret")).utility
chat = StreamChat("key", TEXT)
# The key is the one that is sent where no other is given.
channels = pusher.Pusher(app_id="1", key="278d425bdf160c739803", secret=TEXT, cluster="eu")
openai_webhooks = openai.OpenAI(api_key="key", webhook_secret=BASE64).webhooks
workos_webhooks = workos.WorkOSClient(api_key="key", client_id="client").webhooks
sendgrid = EventWebhook(base64.b64encode(P256_PUBLIC).decode())
rooms = livekit.WebhookReceiver(livekit.TokenVerifier("devkey", TEXT))


def form(request):
    return dict(urllib.parse.parse_qsl(request.text, keep_blank_values=True))


def standard(library, prefix, webhook):
    """A library that takes and gives the three headers of Standard Webhooks under a prefix."""

    def sign(request):
        moment = datetime.fromtimestamp(request.now, timezone.utc)
        return {
            f"{prefix}-id": "msg_1",
            f"{prefix}-timestamp": str(request.now),
            f"{prefix}-signature": webhook.sign("msg_1", moment, request.text),
        }

    return {
        "library": library,
        "secret": BASE64,
        "verify": lambda r: webhook.verify(r.text, r.headers),
        "sign": sign,
    }


def hubspot(version):
    header = "X-HubSpot-Signature-v3" if version == "v3" else "X-HubSpot-Signature"

    def rest(request, sent_at):
        rest = {"request_body": request.text, "http_uri": request.url, "signature_version": version}
        return rest | {"client_secret": TEXT, "timestamp": sent_at}

    def verify(request):
        sent_at = request.headers.get("x-hubspot-request-timestamp")
        return Signature.is_valid(request.headers[header.lower()], **rest(request, sent_at))

    def sign(request):
        sent_at = str(request.now * 1000)
        signed = {header: Signature.get_signature(**rest(request, sent_at))}
        return signed | ({"X-HubSpot-Request-Timestamp": sent_at} if version == "v3" else {})

    return {"library": "hubspot-api-client", "verify": verify, "sign": sign}


def sign_for_livekit(request):
    token = livekit.AccessToken("devkey", TEXT)
    token = token.with_sha256(base64.b64encode(hashlib.sha256(request.body).digest()).decode())
    return {"Authorization": token.to_jwt()}


# `False`, `None` where `refuses_with_none` says so, and whatever is raised is a refusal.
VENDORS = {
    "cloudinary": {
        "library": "cloudinary",
        "verify": lambda r: cloudinary.utils.verify_notification_signature(
            r.text, r.headers["x-cld-timestamp"], r.headers["x-cld-signature"], 7200
        ),
    },
    "easypost": {
        "library": "easypost",
        "verify": lambda r: easypost.util.validate_webhook(
            r.body, {"X-Hmac-Signature": r.headers.get("x-hmac-signature")}, TEXT
        ),
    },
    "getstream": {
        "library": "stream-chat",
        "verify": lambda r: chat.verify_webhook(r.body, r.headers["x-signature"]),
    },
    "hubspot": hubspot("v3"),
    "hubspot-v1": hubspot("v1"),
    "hubspot-v2": hubspot("v2"),
    "line": {
        "library": "line-bot-sdk",
        "verify": lambda r: SignatureValidator(TEXT).validate(r.text, r.headers["x-line-signature"]),
    },
    "livekit": {
        "library": "livekit-api",
        "verify": lambda r: rooms.receive(r.text, r.headers["authorization"]),
        "sign": sign_for_livekit,
    },
    "openai": {
        "library": "openai",
        "secret": BASE64,
        "verify": lambda r: openai_webhooks.verify_signature(r.text, r.headers),
    },
    "pusher": {
        "library": "pusher",
        "refuses_with_none": True,
        "verify": lambda r: channels.validate_webhook(
            r.headers["x-pusher-key"], r.headers["x-pusher-signature"], r.text
        ),
    },
    "razorpay": {
        "library": "razorpay",
        "verify": lambda r: razor.verify_webhook_signature(
            r.text, r.headers["x-razorpay-signature"], TEXT
        ),
    },
    "sendgrid": {
        "library": "sendgrid",
        "secret": P256_PEM,
        "verify": lambda r: sendgrid.verify_signature(
            r.text,
            r.headers["x-twilio-email-event-webhook-signature"],
            r.headers["x-twilio-email-event-webhook-timestamp"],
        ),
    },
    "slack": {
        "library": "slack_sdk",
        "verify": lambda r: slack.is_valid_request(r.body, r.headers),
        "sign": lambda r: {
            "X-Slack-Request-Timestamp": str(r.now),
            "X-Slack-Signature": slack.generate_signature(timestamp=str(r.now), body=r.body),
        },
    },
    "square": {
        "library": "squareup",
        "verify": lambda r: square.verify_signature(
            request_body=r.text,
            signature_header=r.headers["x-square-hmacsha256-signature"],
            signature_key=TEXT,
            notification_url=r.url,
        ),
    },
    "standard-webhooks": standard("standardwebhooks", "webhook", standardwebhooks.Webhook(BASE64)),
    "stripe": {
        "library": "stripe",
        "verify": lambda r: stripe.Webhook.construct_event(r.body, r.headers["stripe-signature"], TEXT),
    },
    "svix": standard("svix", "svix", svix.Webhook(BASE64)),
    "twilio": {
        "library": "twilio",
        "verify": lambda r: twilio.validate(r.url, form(r), r.headers["x-twilio-signature"]),
        "sign": lambda r: {"X-Twilio-Signature": twilio.compute_signature(r.url, form(r))},
    },
    "workos": {
        "library": "workos",
        "verify": lambda r: workos_webhooks.verify_header(
            event_body=r.body, event_signature=r.headers["workos-signature"], secret=TEXT
        ),
    },
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        name, _, sign = self.path[1:].partition("/")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = SimpleNamespace(
            body=body,
            text=body.decode(),
            headers={name.lower(): value for name, value in self.headers.items()},
            url=f"http://{self.headers['Host']}/{name}",
            now=int(time.time()),
        )
        try:
            status, value = self.judge(VENDORS[name], request, sign)
        except Exception as error:
            status, value = 401, repr(error)
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def judge(self, vendor, request, sign):
        if sign:
            return 200, {"headers": list(vendor["sign"](request).items()), "body": request.text}
        verdict = vendor["verify"](request)
        is_refused = verdict is False or (verdict is None and "refuses_with_none" in vendor)
        return (401 if is_refused else 200), None

    def log_message(self, *_):
        """What is asked is no matter of the test."""


class Server(ThreadingHTTPServer):
    # As many as all vendors' deliveries at once.
    request_queue_size = 128


def end_with_stdin():
    # A test that dies closes our stdin, so it leaves no handler behind.
    sys.stdin.read()
    os._exit(0)


def main():
    pins = pathlib.Path(__file__).with_name("requirements.txt").read_text().split()
    versions = dict(pin.split("==") for pin in pins)
    vendors = [
        {
            "name": name,
            "secret": vendor.get("secret", TEXT),
            "signs": "sign" in vendor,
            "proof": f"accepted by {vendor['library']} {versions[vendor['library']]} for Python",
        }
        for name, vendor in VENDORS.items()
    ]
    threading.Thread(target=end_with_stdin, daemon=True).start()
    server = Server(("127.0.0.1", 0), Handler)
    print(json.dumps({"port": server.server_port, "vendors": vendors}), flush=True)
    server.serve_forever()


main()
