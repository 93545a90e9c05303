import type { Table } from '../tables/table.ts';

/**
 * Which names of the tail are certainly not those of a hidden column. A table or a column may have had several names in the tail, and the
 * servers know the first and the last one alone.
 *
 * `all`: nothing is hidden. `known`: those that a server has. `unchanged`: those that mean the same column on both servers, because one of
 * the hidden columns, or its table, has another name on one of them, or is on one of them alone.
 */
export type TrustedNames = 'all' | 'known' | 'unchanged';

/** @param tables the table of this name on each server. Pure. */
export function isTraced(trusted: TrustedNames, tables: readonly (Table | undefined)[], column: string): boolean {
  if (trusted === 'all') return true;
  const places = tables.map((table) => {
    const number = table?.columns.find(({ name }) => name === column)?.number;
    return number === undefined ? undefined : `${table?.oid} ${number}`;
  });
  if (trusted === 'known') return places.some((place) => place !== undefined);
  return places.every((place) => place !== undefined && place === places[0]);
}
