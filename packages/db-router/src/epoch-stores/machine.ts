import { readFile } from 'node:fs/promises';
import os from 'node:os';

/** A moment of this machine, by which the gap between two processes is measured. */
export interface Moment {
  /** Differs after every start of the machine. Empty where the system does not tell it. */
  readonly boot: string;
  /** Since the start of the machine, in milliseconds. It counts while the machine sleeps. */
  readonly uptimeMs: number;
  readonly wallMs: number;
}

export interface Machine {
  now(): Moment;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export async function thisMachine(): Promise<Machine> {
  const boot = await readFile(BOOT_ID, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  return { now: () => ({ boot, uptimeMs: os.uptime() * 1_000, wallMs: Date.now() }) };
}

/** How far a clock may seem to go back between two reads: the uptime is told in hundredths of a second. */
const RESOLUTION_MS = 20;

/**
 * The time between two moments: the longer of what both clocks say. Undefined if that cannot be told: the machine was started
 * again, or a clock went back.
 */
export function gapBetween(before: Moment, after: Moment): number | undefined {
  const wallMs = after.wallMs - before.wallMs;
  const uptimeMs = after.uptimeMs - before.uptimeMs;
  if (before.boot !== after.boot || wallMs < 0 || uptimeMs < -RESOLUTION_MS) return undefined;
  return Math.max(wallMs, uptimeMs);
}
