import { AsyncLocalStorage } from 'node:async_hooks';
import type { Events, NextDecision, RequestView } from '@regionkit/core';
import { type Clock, dropRejection } from '@regionkit/core/kit';
import type { HealthEvents } from '../events.ts';
import { type CheckDefaults, checkRules } from '../options.ts';
import type { Keeper } from '../verdict/keeper.ts';
import type { Check, CheckOptions } from './check.ts';
import { trackCheck } from './track.ts';

/** The checks of an app: it adds and removes them, and lets them observe its answers. */
export interface CheckRegistry {
  /** Runs `check` from now on. Returns a function that removes it. @throws the name is taken, or an option is wrong */
  add(name: string, check: Check, options: CheckOptions): () => void;
  /** The decision for a request that health does not answer: the checks that observe see its outcome. */
  observe(request: RequestView): NextDecision;
  /** Ends every check. One that is added later does not run. */
  close(): void;
}

export interface CheckRegistryOptions {
  readonly keeper: Keeper;
  readonly self: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly defaults: Required<CheckDefaults>;
  readonly events: Events<HealthEvents>;
}

const PASS: NextDecision = { action: 'next', reason: 'not-health' };

export function createCheckRegistry(options: CheckRegistryOptions): CheckRegistry {
  const { keeper, self, clock, random, defaults, events } = options;
  // A check that is added during a request does not keep the context of that request in memory for ever.
  const outside = AsyncLocalStorage.snapshot();
  let observers: readonly Check[] = [];
  let closed = false;

  const updateObservers = (): void => {
    observers = [...keeper.checks.values()].map(({ check }) => check).filter(({ observe }) => observe !== undefined);
  };

  return {
    add: (name, given, checkOptions) => {
      if (typeof given !== 'function') throw new TypeError(`health.check: '${name}' must be given a function`);
      const rules = checkRules(name, checkOptions, defaults);
      if (keeper.checks.has(name)) {
        throw new RangeError(
          `health.check: there is a check '${name}' already; health.follow() adds those of reads and writes itself`,
        );
      }
      const tracked = outside(() =>
        trackCheck(name, given, rules, { self, clock, random }, ({ status: settled }, run) => {
          events.emit('check', { name, status: run.status, settled, reason: run.reason, durationMs: run.durationMs });
          keeper.update();
        }),
      );
      if (closed) tracked.close();
      keeper.add(tracked);
      updateObservers();
      return () => {
        tracked.close();
        keeper.remove(tracked);
        updateObservers();
      };
    },
    observe: (request) =>
      observers.length === 0
        ? PASS
        : {
            ...PASS,
            onDone: (outcome) => {
              if (outcome.by !== 'handler') return;
              for (const check of observers) dropRejection(check.observe?.(outcome, request));
            },
          },
    close: () => {
      closed = true;
      for (const check of keeper.checks.values()) check.close();
    },
  };
}
