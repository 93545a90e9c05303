import { RegionKitError } from '@regionkit/core';
import type { EpochStoreFailure } from '../history/epoch-store.ts';

const MEANINGS: Readonly<Record<EpochStoreFailure, string>> = {
  'in-use': 'another process of this machine uses the file; each process needs a file of its own',
  conflict: 'another process has saved since this one loaded; nothing was replaced',
  timeout: 'it did not answer in time; a save may or may not have been done',
  denied: 'it refuses the credentials, or they lack a permission',
  throttled: 'it refuses because of too many requests; nothing was saved',
  missing: 'the folder, table or bucket does not exist',
  refused: 'it must not be used: it is a standby, or the very database whose epochs it would keep',
  unavailable: 'it cannot be reached, or failed; a save may or may not have been done',
};

/** An epoch store could not be loaded or saved. The router goes on without it, and tries again. */
export class EpochStoreError extends RegionKitError<'ERR_EPOCH_STORE'> {
  readonly reason: EpochStoreFailure;

  /** @param store which one, such as `epochFile` */
  constructor(store: string, reason: EpochStoreFailure) {
    super('ERR_EPOCH_STORE', `${store}: ${MEANINGS[reason]} (${reason})`);
    this.reason = reason;
  }
}
