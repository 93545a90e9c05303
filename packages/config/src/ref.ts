import type { ConfigRef } from './config.ts';
import type { Entry } from './entry.ts';
import { hide } from './seal.ts';
import { createSubscribers } from './subscribers.ts';

/** A ref, and the half of it that config keeps. */
export interface OwnedRef {
  readonly ref: ConfigRef<unknown>;
  readonly busy: number;
  tell(value: unknown): void;
  clear(): void;
}

export function createRef(entry: Entry, refresh: ConfigRef<unknown>['refresh']): OwnedRef {
  // A listener that is busy hears only the latest value: the ones between are no longer true.
  const listeners = createSubscribers<unknown>(
    () => entry,
    () => {},
  );
  const ref: ConfigRef<unknown> = Object.create(null, {
    // Not enumerable: a ref is passed around in options, which get printed and serialised.
    current: { get: () => entry.box.value },
  });
  return {
    ref: Object.freeze(
      hide(
        Object.defineProperties(ref, {
          key: { value: entry.key, enumerable: true },
          version: { get: () => entry.version, enumerable: true },
          subscribe: { value: listeners.add, enumerable: true },
          refresh: { value: refresh, enumerable: true },
          at: {
            value: async (stage: 'pending' | 'previous') => (await entry.at(stage))?.value,
            enumerable: true,
          },
        }),
      ),
    ),
    get busy() {
      return listeners.busy;
    },
    tell: listeners.tell,
    clear: listeners.clear,
  };
}
