/**
 * A text of another process as one line of bounded length. Control characters, and those that turn the direction of text
 * around, become a visible mark: a name must not look like another one.
 */
export function clean(text: string, max = 120): string {
  // Cut first: the text may be very long.
  const line = text.slice(0, max + 1).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}
