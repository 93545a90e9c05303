import { RegionKitError } from '@regionkit/core';

export type OpsErrorCode =
  /** The command line is wrong. Nothing was done. */
  | 'ERR_OPS_USAGE'
  /** The configuration is missing or wrong. Nothing was done. */
  | 'ERR_OPS_CONFIG';

/** The command line or the configuration is wrong. Nothing was done; the message says what to write instead. */
export class OpsError extends RegionKitError<OpsErrorCode> {}
