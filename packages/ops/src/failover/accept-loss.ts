import { OpsError } from '../errors.ts';
import { readDuration } from '../options/duration.ts';

/** What may be lost, as the operator has said. */
export type AcceptLoss =
  | { readonly kind: 'none' }
  | { readonly kind: 'duration'; readonly ms: number }
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'unknown' };

/** As in PostgreSQL: 1 kB is 1,024 bytes. */
const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1_024, MB: 1_024 ** 2, GB: 1_024 ** 3 };

/** @throws {OpsError} `ERR_OPS_USAGE` */
export function readAcceptLoss(given: string | undefined): AcceptLoss {
  if (given === undefined) return { kind: 'none' };
  if (given === 'unknown') return { kind: 'unknown' };
  const ms = readDuration(given);
  if (ms !== undefined) return { kind: 'duration', ms };
  const match = /^(\d{1,9})(B|kB|MB|GB)$/.exec(given);
  if (match === null) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      '--accept-loss must be a duration (30s), an amount of WAL (16MB) or unknown: it names what may be lost',
    );
  }
  return { kind: 'bytes', bytes: Number(match[1]) * (UNITS[match[2] as string] as number) };
}
