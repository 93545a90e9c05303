/** Longer texts are cut: they come from a server and may have any length. */
const MAX_LENGTH = 1_000;

/**
 * A text from outside on one line: without control characters, lone surrogates and non-characters, which could move the
 * cursor of a terminal or make a file of XML invalid, and not longer than 1,000 characters.
 */
export function plain(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\ufffe\uffff]+/gu, ' ').trim();
  if (clean.length <= MAX_LENGTH) return clean;
  // The cut may be inside a pair of surrogates.
  return `${clean.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, '')}…`;
}
