import type { Change, ConfigRef } from './config.ts';
import type { Entry } from './entry.ts';
import { hide } from './seal.ts';
import { createSubscribers } from './subscribers.ts';

/** A ref, and the half of it that config keeps. */
export interface OwnedRef {
  readonly ref: ConfigRef<unknown>;
  readonly busy: number;
  tell(change: Change, value: unknown): void;
  clear(): void;
}

export function createRef(
  entry: Entry,
  refresh: ConfigRef<unknown>['refresh'],
  onFailed: (change: Change) => void,
): OwnedRef {
  // A listener that is busy hears only the latest value: the ones between are no longer true.
  const listeners = createSubscribers<{ readonly change: Change; readonly value: unknown }>(
    () => entry,
    ({ change }) => onFailed(change),
  );
  const { slot, key } = entry;
  const ref: ConfigRef<unknown> = {
    key,
    get current() {
      return slot.box.value;
    },
    get version() {
      return entry.version;
    },
    get stale() {
      return entry.failures > 0;
    },
    subscribe: (listener) => listeners.add(({ value }) => listener(value)),
    refresh,
    at: async (stage) => (await entry.at(stage))?.value,
  };
  // A ref is passed around in options, which get printed, serialised and spread.
  Object.defineProperty(ref, 'current', { enumerable: false });
  return {
    ref: Object.freeze(hide(ref)),
    get busy() {
      return listeners.busy;
    },
    tell: (change, value) => listeners.tell({ change, value }),
    clear: listeners.clear,
  };
}
