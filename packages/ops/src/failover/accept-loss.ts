import { OpsError } from '../errors.ts';
import { readBytes } from '../options/bytes.ts';
import { readDuration } from '../options/duration.ts';

/** What may be lost, as the operator has said. */
export type AcceptLoss =
  | { readonly kind: 'none' }
  | { readonly kind: 'duration'; readonly ms: number }
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'unknown' };

/** @throws {OpsError} `ERR_OPS_USAGE` */
export function readAcceptLoss(given: string | undefined): AcceptLoss {
  if (given === undefined) return { kind: 'none' };
  if (given === 'unknown') return { kind: 'unknown' };
  const ms = readDuration(given);
  if (ms !== undefined) return { kind: 'duration', ms };
  const bytes = readBytes(given);
  if (bytes === undefined) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      '--accept-loss must be a duration (30s), an amount of WAL (16MB) or unknown: it names what may be lost',
    );
  }
  return { kind: 'bytes', bytes };
}
