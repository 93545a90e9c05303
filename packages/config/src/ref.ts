import type { Change, ConfigRef } from './config.ts';
import type { Entry } from './entry.ts';
import { hide } from './seal.ts';
import { createSubscribers } from './subscribers.ts';

/** A ref, and the methods that only config uses. */
export interface OwnedRef {
  readonly ref: ConfigRef<unknown>;
  readonly busy: number;
  notify(change: Change, value: unknown): void;
  clear(): void;
}

export function createRef(
  entry: Entry,
  refresh: ConfigRef<unknown>['refresh'],
  onFailed: (change: Change) => void,
): OwnedRef {
  // A busy listener gets only the latest value. The values between are outdated.
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
  // Apps pass refs around in options, which are printed, serialised and spread. Such copies must show no value.
  Object.defineProperty(ref, 'current', { enumerable: false });
  return {
    ref: Object.freeze(hide(ref)),
    get busy() {
      return listeners.busy;
    },
    notify: (change, value) => listeners.notify({ change, value }),
    clear: listeners.clear,
  };
}
