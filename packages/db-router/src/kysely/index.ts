export { asReads } from './reads.ts';
export { type RegionDialectOptions, regionDialect } from './region-dialect.ts';
