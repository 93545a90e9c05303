/**
 * Empty statements before a statement are only semicolons. Comments nested more than once are rare and are not parsed.
 */
const SPACE_AND_COMMENTS =
  /^(?:[\s;]+|--[^\n]*(?:\n|$)|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*)|\/\*(?:[^*]|\*(?!\/))*\*\/)*\*\/)+/;
const ENDS =
  /^(?:begin|start\s+transaction|commit|end|abort|rollback(?!\s+(?:work\s+|transaction\s+)?to\b)|prepare\s+transaction)\b/i;
const COMMIT = /^(?:commit|end)(?:\s+(?:work|transaction))?\s*;?\s*$/i;
/** How a text may begin that is a COMMIT: with its word, or with what is left out before it. */
const MAY_BE_COMMIT = /^[ce\s;/-]/i;
/** Statements that can run without changing anything, although they may change something. */
const READS = /^(?:select|with|values|table|explain|show|set|reset|execute|fetch|listen|unlisten)\b|^\(/i;

/** The statement without leading white space and comments. */
function body(text: string): string {
  return text.replace(SPACE_AND_COMMENTS, '');
}

/** Whether a statement begins or ends a transaction, judged by its first words. Savepoints do not. */
export function controlsTransaction(text: string): boolean {
  return ENDS.test(body(text));
}

/** Whether a statement may have changed nothing, judged by its first word. */
export function mayOnlyRead(text: string): boolean {
  return READS.test(body(text));
}

/** Statements on rows: they end no transaction, and expect no data from the client as COPY does. */
const ON_ROWS = /^(?:insert|update|delete|merge|select|with|values|table)\b|^\(/i;
const WRITES_ROWS = /\b(?:insert|update|delete|merge)\b/i;

/** Whether a statement reads or writes rows and does nothing else, judged by its first word. */
export function readsOrWritesRows(text: string): boolean {
  return ON_ROWS.test(body(text));
}

/** Whether a statement mentions a write. A function that writes does not show in its text. */
export function mentionsWrite(text: string): boolean {
  return WRITES_ROWS.test(text);
}

/** Whether a statement is a plain COMMIT. */
export function isCommit(text: string): boolean {
  return text.length < 64 && MAY_BE_COMMIT.test(text) && COMMIT.test(body(text));
}

type Text = string | { readonly text?: unknown } | null | undefined;

function textOf(query: Text): string {
  const text = typeof query === 'string' ? query : query?.text;
  return typeof text === 'string' ? text : '';
}

/**
 * Statements that PostgreSQL runs only outside a transaction, because they commit while they run or their effects stay
 * after a failure (`PreventInTransactionBlock` in its source). Outside a transaction, `CLUSTER` and `ANALYZE` also
 * commit table by table, and `CALL` and `DO` where their code says so.
 */
const COMMITS_ON_ITS_WAY =
  /^(?:call|do|vacuum|cluster|repack|analy[sz]e|reindex|commit\s+prepared|rollback\s+prepared|discard\s+all|(?:create|drop|alter)\s+(?:database|tablespace|subscription)|alter\s+system|alter\s+type\s[\s\S]*\badd\s+value|(?:create|drop|refresh|alter)\s[\s\S]*\bconcurrently)\b/i;

/** Whether a statement can commit while it runs, so that an error undoes only what came after. */
export function mayCommit(query: Text): boolean {
  return COMMITS_ON_ITS_WAY.test(body(textOf(query)));
}

/**
 * Whether a query is certainly one statement, so that an error undoes all of it. With values or a name the protocol
 * allows only one. A text is one statement if its only semicolons are at the end or inside plain quotes.
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
  // A backslash may escape a quote, and a dollar quote or a comment may hide one. Then this cannot be decided.
  return !/[\\$]|--|\/\*/.test(text) && !text.replace(/'[^']*'|"[^"]*"/g, '').includes(';');
}

function isFilled(values: unknown): boolean {
  return Array.isArray(values) && values.length > 0;
}
