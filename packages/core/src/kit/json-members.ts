const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * Counts the members of all objects in a JSON text, as written: each has one colon outside of strings. `JSON.parse`
 * keeps one member of each name. If a parsed value has fewer members than the text, a name occurs twice, and another
 * parser may keep the other one. Undefined if the text is nested more than `maxDepth` deep, so that it can be refused
 * before it is parsed.
 *
 * @param json the text in UTF-8: V8 reads bytes twice as fast as characters
 */
export function writtenMembers(json: Uint8Array, maxDepth: number = Number.POSITIVE_INFINITY): number | undefined {
  let members = 0;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json[at];
    if (quoted) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === COLON) members += 1;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return undefined;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return members;
}
