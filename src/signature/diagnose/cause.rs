//! The causes that the doctor can prove, in its own words.

pub(super) use super::diagnosis::Cause;

macro_rules! causes {
    ($($id:ident = $name:literal, $reason:literal, $hint:literal;)*) => {
        $(pub(super) const $id: Cause = Cause { name: $name, reason: $reason, hint: $hint };)*

        /// Every cause.
        #[cfg(test)]
        pub(super) const ALL: &[Cause] = &[$($id),*];
    };
}

causes! {
    // The header.
    HEADER_REPEATED = "header-repeated",
        "the signature header stands several times; one of them is right",
        "send it once: look for a proxy or a client that adds it again";
    HEADER_QUOTED = "header-quoted",
        "the signature is right but its header has quotes in it",
        "send the header's value without quotes";
    HEADER_SPACED = "header-spaced",
        "the signature is right but its header has white space in it",
        "send the header's value without spaces: not every documented receiver takes them";
    HEADER_SPLIT = "header-split",
        "the signature is right but its header was split at its separator into several",
        "hand the header on as it came: a gateway splits headers at their commas";
    TOOL_LINE = "tool-line",
        "the signature is right but stands in the line that a tool printed around it",
        "send the digits alone: `openssl dgst -r … | cut -d ' ' -f 1`";
    PREFIX_MISSING = "prefix-missing",
        "the signature is right but stands without {}",
        "put the documented prefix before the signature";
    PREFIX_EXTRA = "prefix-extra",
        "the signature is right but stands after a prefix that does not belong there",
        "send the signature in the documented form, with nothing added before it";
    PREFIX_OTHER = "prefix-other",
        "the signature is right but has another prefix than {}",
        "write the documented prefix, in lower case";
    PARTS_SWAPPED = "parts-swapped",
        "the signature is right but the parts of its header are in the wrong order",
        "send the parts in the documented order: documented receivers look for each at its place";
    SEPARATOR_OTHER = "separator-other",
        "the signature is right but the parts of its header are joined by the wrong character",
        "join the parts as documented";
    BASE64_FOR_HEX = "base64-for-hex",
        "the signature is right but in base64 where hex is documented",
        "write the digest in hex: `digest('hex')`, `hexdigest()`, `bin2hex`";
    BASE64_OF_HEX = "base64-of-hex",
        "the signature is right but its hex digits were encoded once more, in base64",
        "send the hex digits themselves";
    HEX_FOR_BASE64 = "hex-for-base64",
        "the signature is right but in hex where base64 is documented",
        "write the digest in base64: `digest('base64')`, `b64encode(digest())`";
    BASE64URL_FOR_BASE64 = "base64url-for-base64",
        "the signature is right but in another alphabet or padding of base64 than documented",
        "use the standard alphabet with padding: `base64`, not `base64url`";
    TRUNCATED = "truncated",
        "the signature is right as far as it goes but was cut short: {} characters are missing",
        "look for a column, a field or a log line that is too short for the whole signature";
    TIMESTAMP_ELSEWHERE = "timestamp-in-another-header",
        "the signature is right but its timestamp travels in `{}`",
        "put the timestamp into the signature header, as documented";
    TIMESTAMP_FORM = "timestamp-not-unix-seconds",
        "the signature is right but its timestamp is not written in unix seconds",
        "write the timestamp in unix seconds: `Math.floor(Date.now() / 1000)`";

    // The secret.
    SECRET_SPACE = "secret-surrounding-space",
        "the secret `{}` has white space around it; the signature was made without",
        "trim the secret where it is configured";
    SECRET_UNSEEN = "secret-invisible-character",
        "the secret `{}` has a character in it that nobody sees; the signature was made without",
        "take it out where the secret is kept: it was copied from a page or saved by an editor";
    SECRET_NEWLINE = "secret-trailing-newline",
        "the signature was made with the secret `{}` and a newline after it",
        "trim the secret on the signing side: a file written by `echo` ends with a newline";
    SECRET_SPACE_ADDED = "secret-space-added",
        "the signature was made with the secret `{}` and a space beside it",
        "trim the secret on the signing side: it was copied with a space";
    SECRET_QUOTED = "secret-quoted",
        "the secret `{}` has quotes around it; the signature was made without",
        "remove the quotes where the secret is configured: `docker --env-file` keeps them";
    SECRET_QUOTES_ADDED = "secret-quotes-added",
        "the signature was made with the secret `{}` in quotes",
        "remove the quotes on the signing side: `docker --env-file` keeps them";
    SECRET_NAMED = "secret-with-name",
        "the secret `{}` has a name and `=` before it; the signature was made without",
        "configure what stands after the `=` alone, or correct the provider's name";
    SECRET_PREFIX_STRIPPED = "secret-prefix-stripped",
        "the signature was made with the secret `{}` without its `whsec_`",
        "use the whole text of the secret, `whsec_` included";
    SECRET_PREFIX_ADDED = "secret-prefix-added",
        "the signature was made with `whsec_` before the secret `{}`",
        "configure the whole text of the secret, `whsec_` included";
    SECRET_PREFIX_DECODED = "secret-prefix-stripped-and-decoded",
        "the signature was made with the secret `{}` without `whsec_` and decoded from base64",
        "use the text of the secret as it is: this provider's are not decoded";
    SECRET_BASE64_DECODED = "secret-base64-decoded",
        "the signature was made with the secret `{}` decoded from base64",
        "use the text of the secret as it is: this provider's are not decoded";
    SECRET_HEX_DECODED = "secret-hex-decoded",
        "the signature was made with the secret `{}` decoded from hex",
        "use the text of the secret as it is: this provider's are not decoded";
    SECRET_NOT_DECODED = "secret-not-decoded",
        "the signature was made with the text of the secret `{}` in place of what it encodes",
        "decode the secret first, as this provider documents";
    SECRET_EMPTY = "secret-empty",
        "the signature was made with an empty secret",
        "set the secret on the signing side: anyone can make this signature";
    SECRET_UNSET = "secret-unset",
        "the signature was made with the word `{}` in place of a secret",
        "set the secret on the signing side: its variable is not set";
    SECRET_NOT_EXPANDED = "secret-not-expanded",
        "the signature was made with the text `{}` in place of the secret behind it",
        "let the shell or the program expand it: single quotes and `.env` files do not";
    SECRET_PLACEHOLDER = "secret-placeholder",
        "the signature was made with `{}`, the placeholder of the documentation",
        "put the endpoint's own secret in its place";
    ANOTHER_SECRET = "another-secret",
        "the signature was made with the secret `{}`",
        "use the secret of this endpoint, or choose the provider with `--provider`";

    // The scheme.
    ANOTHER_DIGEST = "another-digest",
        "the signature was made with {} in place of the documented hash function",
        "use the documented hash function";
    ANOTHER_SCHEME = "another-scheme",
        "the signature was made as `{}` makes it",
        "sign as this provider documents, or choose the other with `--provider`";
    ANOTHER_PROVIDER = "another-provider",
        "this is a delivery of another provider: its signature is right for {}",
        "choose that provider with `--provider`, or send its deliveries to its own path";
    ANOTHER_URL = "another-url",
        "the signature was made for the URL `{}`",
        "say by which URL senders reach the receiver: `--public-url`; behind a proxy or tunnel a receiver has \
        to be told";
    TIMESTAMP_NOT_SIGNED = "timestamp-not-signed",
        "the signature was made over `{}`: the timestamp was left out",
        "sign the timestamp with the body, as documented";
    TIMESTAMP_SIGNED = "timestamp-signed",
        "the signature was made over `{}`: a timestamp was put in",
        "sign the body alone, as documented";
    CLAIM_OTHER = "claim-other",
        "the token is genuine, but its claim `{}` is not what this request has",
        "make the token last, of the very bytes that are sent, and of no other request";
    DIGEST_OTHER = "digest-other",
        "the signature is genuine, but its `Content-Digest` is that of another body",
        "look for what changes the body on its way, or makes the digest of other bytes than are sent";
    KEY_UNKNOWN = "key-unknown",
        "none of the keys here is `{}`, the one that the signature names",
        "fetch the sender's keys anew: it may have changed them, or sign with another than it publishes";
    ID_NOT_SIGNED = "id-not-signed",
        "the signature was made over `{}`: the id was left out",
        "sign the id with the rest, as documented";
    PARTS_JOINED = "signed-parts-joined-otherwise",
        "the signature was made over the right parts, but as `{}`",
        "join what is signed as documented";
    TIMESTAMP_MILLISECONDS = "timestamp-milliseconds",
        "the timestamp was signed in {} and sent in the other unit",
        "sign the very text that stands in the header, in unix seconds";
    TIMESTAMP_FORMATTED = "timestamp-formatted",
        "the timestamp was signed in another form than it was sent: {}",
        "sign the very text that stands in the header";
    HASH_FOR_HMAC = "hash-in-place-of-hmac",
        "the signature is a plain hash over {}, not an HMAC",
        "use HMAC: `createHmac(…)`, `hmac.new(…)`, `hash_hmac(…)`";
    KEY_AND_BODY_SWAPPED = "key-and-body-swapped",
        "the HMAC was made with the body as the key, over the secret",
        "swap the arguments: the secret is the key";

    // The body's bytes.
    NEWLINE_ADDED = "trailing-newline-added",
        "the signature was made before a newline was added to the end of the body",
        "send the bytes that were signed: `printf '%s'` for `echo`, and an editor that adds no last newline";
    NEWLINE_LOST = "trailing-newline-lost",
        "the signature was made over a body that ended with a newline; it was lost on the way",
        "send the bytes that were signed: `curl --data-binary @file` for `-d @file`; `$(cat file)` drops it too";
    SPACE_ADDED = "trailing-space-added",
        "the signature was made over the body without the white space around it",
        "send and verify the bytes that were signed, trimmed nowhere";
    CRLF_TO_LF = "crlf-to-lf",
        "the signature was made over CRLF line ends; they became LF on the way",
        "send and verify the raw bytes: look at `core.autocrlf`, `dos2unix` and text-mode reads";
    LF_TO_CRLF = "lf-to-crlf",
        "the signature was made over LF line ends; they became CRLF on the way",
        "send and verify the raw bytes: look at `core.autocrlf`, `unix2dos` and text-mode writes";
    BOM_ADDED = "bom-added",
        "the signature was made before a byte order mark was put before the body",
        "write UTF-8 without a byte order mark: PowerShell's `-Encoding utf8NoBOM`";
    BOM_LOST = "bom-lost",
        "the signature was made over a body with a byte order mark; it was lost on the way",
        "sign without a byte order mark: PowerShell's `-Encoding utf8NoBOM`";
    LINE_BREAKS_ADDED = "line-breaks-added",
        "the signature was made over the body without its line breaks",
        "sign the bytes that are sent: `curl -d @file` strips line breaks, `--data-binary @file` does not";
    LINE_BREAKS_LOST = "line-breaks-lost",
        "the signature was made over the body with line breaks; they were stripped on the way",
        "send with `curl --data-binary @file`: `-d @file` strips line breaks";
    COMPRESSED = "compressed-after-signing",
        "the signature was made over the body before it was compressed",
        "sign the bytes that are sent, or undo the compression before verifying";
    FORM_ENCODED = "form-encoded",
        "the signature was made over the body before it was percent-encoded as a form",
        "send the JSON itself, with `Content-Type: application/json`";
    LATIN1_TO_UTF8 = "latin1-to-utf8",
        "the signature was made over other bytes, which were taken for Latin-1 and turned into UTF-8",
        "handle the body as bytes from end to end: `Buffer`, `bytes`, never text";
    UTF8_AS_LATIN1 = "utf8-read-as-latin1",
        "the signature was made over the body read as Latin-1 and encoded once more",
        "handle the body as bytes or as UTF-8: never `binary` or `latin1`";
    INVALID_UTF8_REPLACED = "invalid-utf8-replaced",
        "the signature was made over the body as text, its invalid UTF-8 replaced by U+FFFD",
        "sign and verify the raw bytes, not a string made of them";
    BODY_EMPTY = "empty-body-signed",
        "the signature was made over an empty body",
        "read the body once, as bytes, and sign that: a stream that was read before is empty";
    OBJECT_SIGNED = "object-signed",
        "the signature was made over the text `{}` in place of the body",
        "sign the bytes that are sent, not the object they are made of";
    STRINGIFIED_TWICE = "stringified-twice",
        "the signature was made over the body written as a JSON string",
        "call `JSON.stringify` once, and sign its result";
    STRING_SENT = "stringified-after-signing",
        "the signature was made before the body was written as a JSON string",
        "call `JSON.stringify` once: the client may do it again";
    BUFFER_STRINGIFIED = "buffer-stringified",
        "the signature was made over `JSON.stringify` of a Buffer",
        "pass the Buffer to `update` as it is";
    BYTES_REPR = "bytes-repr-signed",
        "the signature was made over Python's `b'…'` text of the body",
        "pass the bytes to `hmac.new` as they are; `str(body)` is not their text";
    BASE64_SIGNED = "base64-signed",
        "the signature was made over the body in base64",
        "sign the body itself, decoded";
    BASE64_ADDED = "base64-added",
        "the signature was made before the body was encoded in base64",
        "decode the body first: API gateways say so with `isBase64Encoded`";
    MEMBER_SIGNED = "member-signed",
        "the signature was made over `{}` alone, not over the whole body",
        "sign the whole body, envelope included";

    // The body as JSON.
    RESERIALIZED_COMPACT = "reserialized-compact",
        "the signature was made over the body written compactly: white space was added after it",
        "sign the bytes that are sent, and verify over the raw bytes: `express.raw({type: 'application/json'})`";
    RESERIALIZED_PRETTY = "reserialized-pretty",
        "the signature was made over the body written with indentation, which is not what was sent",
        "sign the bytes that are sent, and verify over the raw bytes: `express.raw({type: 'application/json'})`";
    RESERIALIZED_SPACED = "reserialized-spaced",
        "the signature was made over the body with a space after `,` and `:`, as Python's `json.dumps` writes it",
        "sign the bytes that are sent: `data=text`, not `json=object`, and `separators=(',', ':')` for compact text";
    RESERIALIZED_HALF_SPACED = "reserialized-half-spaced",
        "the signature was made over the body with a space after {} alone",
        "sign the bytes that are sent: look at `separators` of `json.dumps` and the like";
    PRINTED = "object-printed",
        "the signature was made over the object as {} prints it, which is no JSON",
        "sign the bytes that are sent, not the text of the object they are made of";
    FORM_TO_JSON = "form-to-json",
        "the signature was made over a form, which became JSON on the way",
        "hand the body on as it came: a proxy or a body parser reads forms and writes JSON";
    FORM_REENCODED = "form-reencoded",
        "the signature was made over the same form encoded otherwise: look at `+`, `%20` and `%2F`",
        "verify over the raw bytes: a parsed form is not written again as it was sent";
    RESERIALIZED_NUMBERS = "reserialized-numbers",
        "the signature was made over the body re-serialised as by `JSON.stringify`: {}",
        "verify over the raw bytes: `express.raw({type: 'application/json'})`, `await request.text()`, `request.get_data()`";
    RESERIALIZED_KEYS = "reserialized-keys",
        "the signature was made over the body re-serialised as by `JSON.stringify`: keys were moved or dropped",
        "verify over the raw bytes: `express.raw({type: 'application/json'})`; integer-like keys come first in JavaScript";
    RESERIALIZED_SORTED = "reserialized-sorted",
        "the signature was made over the body with its keys sorted",
        "sign the bytes that are sent: `sort_keys`, `jq -S` and Go maps change the order";
    ZEROS_LOST = "number-zeros-lost",
        "the signature was made before numbers lost their last zeros: {}",
        "send and verify the raw bytes: parsing and writing JSON turns `49.90` into `49.9`";
    ESCAPES_UNDONE = "escapes-undone",
        "the signature was made over the characters themselves where the body has escapes such as `\\u00e9` or `\\/`",
        "sign the bytes that are sent, and verify over the raw bytes";
    UNICODE_ESCAPED = "unicode-escaped",
        "the signature was made over the body with other characters than ASCII escaped, as `\\u00e9`",
        "sign the bytes that are sent: `ensure_ascii=False`, `JSON_UNESCAPED_UNICODE`";
    SLASHES_ESCAPED = "slashes-escaped",
        "the signature was made over the body with slashes escaped, as `\\/`",
        "sign the bytes that are sent: `JSON_UNESCAPED_SLASHES` in PHP's `json_encode`";
    PHP_ESCAPED = "unicode-and-slashes-escaped",
        "the signature was made over the body as PHP's `json_encode` writes it, with `\\u00e9` and `\\/`",
        "sign the bytes that are sent: `JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES`";
    HTML_ESCAPED = "html-escaped",
        "the signature was made over the body with `<`, `>` or `&` escaped, as `\\u003c`",
        "sign the bytes that are sent: Go's `SetEscapeHTML(false)`, Gson's `disableHtmlEscaping`, .NET's relaxed encoder";
}
