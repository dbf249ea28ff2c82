// Answers each line of stdin, a JSON string that holds a body, with `true` when
// `JSON.stringify(JSON.parse(body))` is that body again, else with the JSON string of what it is,
// or `null` when the body is not JSON.

function reserialise(body) {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return null;
  }
}

function answer(line) {
  const body = JSON.parse(line);
  const again = reserialise(body);
  process.stdout.write(`${again === body ? true : JSON.stringify(again)}\n`);
}

// Not `node:readline`: it also ends a line at U+2028, which a JSON string may hold as it is.
let rest = '';
for await (const chunk of process.stdin.setEncoding('utf8')) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  lines.forEach(answer);
}
if (rest) answer(rest);
