import { isRegionKitError } from '@regionkit/core';
import type { EpochStoreFailure } from '../history/epoch-store.ts';

/** Why one of our own stores failed. Undefined for every other error: its text may contain a secret. */
export function failureOf(error: unknown): EpochStoreFailure | undefined {
  if (!isRegionKitError(error) || error.code !== 'ERR_EPOCH_STORE') return undefined;
  return (error as { readonly reason?: EpochStoreFailure }).reason;
}
