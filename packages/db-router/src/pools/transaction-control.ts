/** Semicolons in front of a statement are empty ones. Comments nested more than once are rare, and are not looked into. */
const SPACE_AND_COMMENTS =
  /^(?:[\s;]+|--[^\n]*(?:\n|$)|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*)|\/\*(?:[^*]|\*(?!\/))*\*\/)*\*\/)+/;
const ENDS =
  /^(?:begin|start\s+transaction|commit|end|abort|rollback(?!\s+(?:work\s+|transaction\s+)?to\b)|prepare\s+transaction)\b/i;
const COMMIT = /^(?:commit|end)(?:\s+(?:work|transaction))?\s*;?\s*$/i;
/** What can be run without changing anything, though it need not. */
const READS = /^(?:select|with|values|table|explain|show|set|reset|execute|fetch|listen|unlisten)\b|^\(/i;
const CALLS = /^(?:call|do)\b/i;

/** The statement behind white space and comments in front of it. */
function body(text: string): string {
  return text.replace(SPACE_AND_COMMENTS, '');
}

/** Whether a statement begins or ends a transaction, as far as its first words tell. Savepoints do not. */
export function controlsTransaction(text: string): boolean {
  return ENDS.test(body(text));
}

/** Whether a statement may have changed nothing, as far as its first word tells. */
export function mayOnlyRead(text: string): boolean {
  return READS.test(body(text));
}

/** Whether a text is certain to hold one statement: it has a semicolon at its end only. One in quotes is not looked into. */
export function isOneStatement(text: string): boolean {
  const semicolon = text.indexOf(';');
  return semicolon === -1 || /^[\s;]*$/.test(text.slice(semicolon));
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
