/** Semicolons in front of a statement are empty ones. Comments nested more than once are rare, and are not looked into. */
const SPACE_AND_COMMENTS =
  /^(?:[\s;]+|--[^\n]*(?:\n|$)|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*)|\/\*(?:[^*]|\*(?!\/))*\*\/)*\*\/)+/;
const ENDS =
  /^(?:begin|start\s+transaction|commit|end|abort|rollback(?!\s+(?:work\s+|transaction\s+)?to\b)|prepare\s+transaction)\b/i;
const COMMIT = /^(?:commit|end)(?:\s+(?:work|transaction))?\s*;?\s*$/i;
const CALLS = /^(?:call|do)\b/i;

/** The statement behind white space and comments in front of it. */
function body(text: string): string {
  return text.replace(SPACE_AND_COMMENTS, '');
}

/** Whether a statement begins or ends a transaction, as far as its first words tell. Savepoints do not. */
export function controlsTransaction(text: string): boolean {
  return ENDS.test(body(text));
}

/** Whether a statement is a plain COMMIT. */
export function isCommit(text: string): boolean {
  return text.length < 64 && COMMIT.test(body(text));
}

/** Whether a statement can commit on its way, so that an error of it undoes only what came after: `CALL` and `DO`. */
export function mayCommit(query: string | { readonly text?: unknown }): boolean {
  const text = typeof query === 'string' ? query : query?.text;
  return typeof text === 'string' && CALLS.test(body(text));
}
