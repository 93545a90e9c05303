/**
 * Copies a text that is only ASCII. A part of a string keeps the whole string in memory: of a token that would be the
 * header field, with all other cookies in it.
 */
export function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
