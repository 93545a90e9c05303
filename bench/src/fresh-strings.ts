/** A new string object each time, as each request brings one: V8 keeps the hash of a string it has looked up before. */
export function freshStrings(texts: readonly string[]): () => string {
  const bytes = texts.map((text) => Buffer.from(text, 'latin1'));
  let at = -1;
  return () => {
    at = (at + 1) % bytes.length;
    return (bytes[at] as Buffer).toString('latin1');
  };
}
