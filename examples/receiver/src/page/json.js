// JSON as text: indented and coloured without being parsed, so that every digit stays as it came.

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:])/gy;
const MOST_COLOURED = 200_000;

function* tokens(text) {
  const pattern = new RegExp(TOKEN);
  for (let match; (match = pattern.exec(text)); ) yield [match[1], pattern.lastIndex];
}

/** The text of a member of an object, as it stands there. */
export function memberText(object, name) {
  let depth = 0, before = "", key = "", from = 0;
  for (const [token, end] of tokens(object)) {
    if (depth === 1 && token === ":" && key === "") {
      if (before === JSON.stringify(name)) [key, from] = [name, end];
    } else if (depth === 1 && (token === "," || token === "}") && key !== "") {
      return object.slice(from, end - 1).trim();
    }
    if (token === "{" || token === "[") depth += 1;
    if (token === "}" || token === "]") depth -= 1;
    before = token;
  }
  return null;
}

/** A `pre` with the text; where it is no JSON, as it is. */
export function view(text) {
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  try {
    JSON.parse(text);
  } catch {
    pre.textContent = text;
    return pre;
  }
  const coloured = text.length <= MOST_COLOURED;
  let line = "";
  const plain = (part) => { line += part; };
  const colour = (part, kind) => {
    if (!coloured) return plain(part);
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = part;
    pre.append(line, span);
    line = "";
  };
  indent(text, plain, colour);
  pre.append(line);
  return pre;
}

function indent(text, plain, colour) {
  const all = [...tokens(text)].map(([token]) => token);
  let depth = 0;
  const newLine = () => plain(`\n${"  ".repeat(depth)}`);
  all.forEach((token, at) => {
    const next = all[at + 1];
    if (token === "{" || token === "[") {
      plain(token);
      if (next === "}" || next === "]") return;
      depth += 1;
      newLine();
    } else if (token === "}" || token === "]") {
      if (all[at - 1] !== "{" && all[at - 1] !== "[") {
        depth -= 1;
        newLine();
      }
      plain(token);
    } else if (token === ",") {
      plain(token);
      newLine();
    } else if (token === ":") {
      plain(": ");
    } else if (token.startsWith('"')) {
      colour(token, next === ":" ? "key" : "string");
    } else {
      colour(token, /^[tfn]/.test(token) ? "word" : "number");
    }
  });
}
