import type { Logger } from '@regionkit/core';
import {
  type Clock,
  check,
  integer,
  type OptionTable,
  optional,
  readOptions,
  systemClock,
  withDefault,
} from '@regionkit/core/kit';

/** Options of a tail keeper. */
export interface TailKeeperOptions {
  /**
   * By which `application_name` each node of the router streams from a primary, by the id of the node (`region/0`): the
   * `cluster_name` of its server, or the name in its `primary_conninfo`. All but the primary itself must have flushed a write before
   * the slot is moved past it.
   */
  readonly standbys: Readonly<Record<string, string>>;
  /** The slot is dropped if it holds more WAL than this, so that it does not fill the disk. In bytes. @default 17_179_869_184 (16 GB) */
  readonly maxHeldBytes?: number;
  /** From the end of a tick to the start of the next, in milliseconds. @default 5_000 */
  readonly intervalMs?: number;
  /** A statement of a tick that takes longer is cancelled. In milliseconds. @default 60_000 */
  readonly timeoutMs?: number;
  /** Gets a line for each event but `advanced`. @default process warnings, one of each kind */
  readonly logger?: Logger;
  /** @default the system's clock */
  readonly clock?: Clock;
}

export type Settings = Required<Omit<TailKeeperOptions, 'logger'>> & { readonly logger: Logger | undefined };

const OPTIONS: OptionTable<Settings> = {
  standbys: readStandbys,
  maxHeldBytes: integer(16 * 1_024 ** 3, { min: 1_024 ** 2 }),
  intervalMs: integer(5_000, { min: 100, max: 600_000 }),
  timeoutMs: integer(60_000, { min: 100, max: 3_600_000 }),
  logger: optional(check.logger),
  clock: withDefault(systemClock, check.clock),
};

/** @throws {TypeError | RangeError} An option is wrong; the message names it. */
export function checkOptions(given: TailKeeperOptions): Settings {
  return readOptions('createTailKeeper: options', 'createTailKeeper: ', given as Settings, OPTIONS);
}

function readStandbys(option: string, given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(check.object(option, given));
  for (const [node, name] of entries) {
    if (!/^[\x20-\x7e]{1,63}$/.test(check.string(`${option}[${JSON.stringify(node)}]`, name))) {
      throw new RangeError(`${option}[${JSON.stringify(node)}] must be 1 to 63 printable ASCII characters`);
    }
  }
  if (entries.length < 2) throw new RangeError(`${option} must name every node: a primary and its standbys`);
  return Object.freeze(Object.fromEntries(entries));
}
