import { RegionKitError } from '@regionkit/core';

/** What can go wrong in a lab. The README says what to do for each code. */
export type LabErrorCode =
  | 'ERR_LAB_PLATFORM'
  | 'ERR_LAB_NO_POSTGRES'
  | 'ERR_LAB_ACCOUNT'
  | 'ERR_LAB_DIRECTORY'
  | 'ERR_LAB_PORT_TAKEN'
  | 'ERR_LAB_SERVER'
  | 'ERR_LAB_STATE'
  | 'ERR_LAB_TIMEOUT'
  | 'ERR_LAB_CLOSED';

export interface LabErrorOptions {
  readonly cause?: unknown;
  /** The last lines of the server's log. They are appended to the message. */
  readonly logs?: string;
}

/**
 * Thrown by all functions of the lab. The first line of `message` says what happened and what to do. If a server
 * failed, the last lines of its log follow; they are also in `logs`.
 */
export class LabError extends RegionKitError<LabErrorCode> {
  readonly logs: string;

  constructor(code: LabErrorCode, message: string, { cause, logs = '' }: LabErrorOptions = {}) {
    super(code, logs === '' ? message : `${message}\n${logs.replace(/^/gm, '  | ')}`, { cause });
    this.logs = logs;
  }
}
