/** Longer texts are cut: they come from a server and may have any length. */
const MAX_LENGTH = 500;

/**
 * A text from outside on one line: without control characters and lone surrogates, which could move the cursor of
 * a terminal or make a file of XML invalid, and not longer than 500 characters.
 */
export function plain(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ').trim();
  return clean.length > MAX_LENGTH ? `${clean.slice(0, MAX_LENGTH)}…` : clean;
}
