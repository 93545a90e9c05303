import { check } from '@regionkit/core/kit';
import { type CheckedHook, checkHooks, type ReadSecret } from './check-failover.ts';
import type { GamedayConfig } from './gameday-config.ts';

export interface GamedaySettings {
  readonly inject: readonly CheckedHook[];
  readonly end: readonly CheckedHook[];
  readonly holdMs: number;
}

export function checkGameday(given: GamedayConfig, readSecret: ReadSecret): GamedaySettings {
  check.object('config: gameday', given, ['inject', 'end', 'holdSeconds']);
  const { inject = [], end = [], holdSeconds = 60 } = given;
  return {
    inject: checkHooks('config: gameday.inject', inject, readSecret),
    end: checkHooks('config: gameday.end', end, readSecret),
    holdMs: check.integer('config: gameday.holdSeconds', holdSeconds, { min: 1, max: 86_400 }) * 1_000,
  };
}
