import { types } from 'pg';
import type { RegionRouter } from '../src/index.ts';

/** Every field of node-postgres' QueryConfig and QueryArrayConfig compiles as a literal, and others do not. */
export function queries(router: RegionRouter, values: readonly number[]): void {
  void router.read({ name: 'orders', text: 'select 1', values });
  void router.read({ text: 'select 1', rowMode: 'array' });
  void router.write({ text: 'select 1', types: { getTypeParser: types.getTypeParser } });
  void router.transaction((tx) => tx.query({ name: 'order', text: 'select $1', values: [1], rowMode: 'array' }));
  // @ts-expect-error rowMode has one value
  void router.read({ text: 'select 1', rowMode: 'object' });
  // @ts-expect-error a misspelt field
  void router.read({ text: 'select 1', value: [1] });
}
