import { OpsError } from '../../errors.ts';
import type { Field, TableName } from '../decode/change.ts';
import { LEDGER } from '../ledger/ledger-table.ts';
import type { TrustedNames } from './is-traced.ts';

/** What stands in the place of a value that must not be shown. */
export const MARK = '[redacted]';

/** Columns whose values are shown nowhere. */
export interface Redaction {
  /** As they were asked for. */
  readonly columns: readonly string[];
  /** Values of other names are hidden, too. */
  readonly trusted: TrustedNames;
  /** Whether a value of this column is hidden. `root`: the partitioned table of the table. */
  hides(table: TableName, root: TableName | undefined, column: string): boolean;
}

/** A column by its names, as PostgreSQL stores them. */
export interface RedactedColumn extends TableName {
  readonly column: string;
}

/** An answer is what the app told a client: it may have any value that is hidden elsewhere. */
const ANSWERS = { ...LEDGER, column: 'answer' };
/** The same, as `--redact` would name it. */
export const ANSWERS_NAME = 'regionkit.ledger.answer';

/**
 * `table.column`, or `schema.table.column`. Without a schema: in every schema. Answers of a ledger are hidden unless
 * `ledgerAnswers` is set. `found`: more names of the same columns. @throws {OpsError} `ERR_OPS_USAGE`
 */
export function readRedaction(
  given: readonly string[],
  {
    ledgerAnswers = false,
    found = [],
    trusted = 'all',
  }: {
    readonly ledgerAnswers?: boolean;
    readonly found?: readonly RedactedColumn[];
    readonly trusted?: TrustedNames;
  } = {},
): Redaction {
  const asked = given.map((text) => {
    const parts = text.split('.');
    const [column, name, schema] = parts.reverse();
    if (column === undefined || name === undefined || parts.length > 3 || parts.includes('')) {
      throw new OpsError(
        'ERR_OPS_USAGE',
        '--redact must be table.column or schema.table.column; give it once for each column',
      );
    }
    return { schema, name, column };
  });
  const rules = [...asked, ...found, ...(ledgerAnswers ? [] : [ANSWERS])];
  const isOf = (table: TableName | undefined, rule: (typeof rules)[number]): boolean =>
    table !== undefined && table.name === rule.name && (rule.schema ?? table.schema) === table.schema;
  return {
    columns: given,
    trusted,
    hides: (table, root, column) =>
      rules.some((rule) => rule.column === column && (isOf(table, rule) || isOf(root, rule))),
  };
}

export const shown = (fields: readonly Field[], isHidden: (column: string) => boolean): readonly Field[] =>
  fields.map(([name, value]) => [name, isHidden(name) ? MARK : value]);
