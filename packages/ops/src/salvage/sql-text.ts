import type { Field, TableName } from './decode/change.ts';

/** A name in double quotes: no name can leave them. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const quoteTable = ({ schema, name }: TableName): string => `${quoteName(schema)}.${quoteName(name)}`;

/**
 * A value in single quotes: no value can leave them, whatever `standard_conforming_strings` is. The server reads it as a
 * value of the type of its column.
 */
export function quoteValue(value: string | null): string {
  if (value === null) return 'NULL';
  const quoted = value.replaceAll("'", "''");
  return value.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

/** One line of a comment. No text can end it: line breaks and everything that is not to be seen are escaped. */
export const comment = (text: string): string => `-- ${escapeInvisible(text)}`;

export function escapeInvisible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

/** Columns and values as one JSON object. */
export const jsonOf = (fields: readonly Field[]): string => JSON.stringify(Object.fromEntries(fields));
