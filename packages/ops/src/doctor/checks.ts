import type { Check } from './check.ts';
import { replayPaused } from './checks/replay-paused.ts';
import { twoWriters } from './checks/two-writers.ts';
import { unreachable } from './checks/unreachable.ts';

/** Every check, the most valuable first. */
export const CHECKS: readonly Check[] = [twoWriters, unreachable, replayPaused];
