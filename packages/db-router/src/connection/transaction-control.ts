/** Semicolons in front of a statement are empty ones. Comments nested more than once are rare, and are not looked into. */
const SPACE_AND_COMMENTS =
  /^(?:[\s;]+|--[^\n]*(?:\n|$)|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*)|\/\*(?:[^*]|\*(?!\/))*\*\/)*\*\/)+/;
const ENDS =
  /^(?:begin|start\s+transaction|commit|end|abort|rollback(?!\s+(?:work\s+|transaction\s+)?to\b)|prepare\s+transaction)\b/i;
const COMMIT = /^(?:commit|end)(?:\s+(?:work|transaction))?\s*;?\s*$/i;
/** What can be run without changing anything, though it need not. */
const READS = /^(?:select|with|values|table|explain|show|set|reset|execute|fetch|listen|unlisten)\b|^\(/i;

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

/** Whether a statement is a plain COMMIT. */
export function isCommit(text: string): boolean {
  return text.length < 64 && COMMIT.test(body(text));
}

type Text = string | { readonly text?: unknown } | null | undefined;

function textOf(query: Text): string {
  const text = typeof query === 'string' ? query : query?.text;
  return typeof text === 'string' ? text : '';
}

/**
 * What PostgreSQL runs outside a transaction only, as it commits on its way, or as what it did before it failed stays
 * (`PreventInTransactionBlock` in its source); outside one `CLUSTER` and `ANALYZE` commit table by table, and `CALL` and
 * `DO` where they say so.
 */
const COMMITS_ON_ITS_WAY =
  /^(?:call|do|vacuum|cluster|repack|analy[sz]e|reindex|commit\s+prepared|rollback\s+prepared|discard\s+all|(?:create|drop|alter)\s+(?:database|tablespace|subscription)|alter\s+system|alter\s+type\s[\s\S]*\badd\s+value|(?:create|drop|refresh|alter)\s[\s\S]*\bconcurrently)\b/i;

/** Whether a statement can commit on its way, so that an error of it undoes only what came after. */
export function mayCommit(query: Text): boolean {
  return COMMITS_ON_ITS_WAY.test(body(textOf(query)));
}

/**
 * Whether a query is certainly one statement, which an error undoes as a whole. With values or a name the protocol takes
 * only one; a text is one if no semicolon is in it but at its end and between plain quotes.
 */
export function isOneStatement(
  query: Text | { readonly name?: unknown; readonly values?: unknown },
  values?: unknown,
): boolean {
  const { name, values: own } = (typeof query === 'object' && query !== null ? query : {}) as {
    readonly name?: unknown;
    readonly values?: unknown;
  };
  if (name || isFilled(values) || isFilled(own)) return true;
  const text = textOf(query as Text).replace(/[\s;]+$/, '');
  if (!text.includes(';')) return true;
  // A backslash may take a quote its meaning, a dollar or a comment may hide one: then it cannot be told.
  return !/[\\$]|--|\/\*/.test(text) && !text.replace(/'[^']*'|"[^"]*"/g, '').includes(';');
}

function isFilled(values: unknown): boolean {
  return Array.isArray(values) && values.length > 0;
}
