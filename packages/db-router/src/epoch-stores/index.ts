export { type EpochFile, type EpochFileOptions, epochFile } from './epoch-file.ts';
export { EpochStoreError } from './epoch-store-error.ts';
