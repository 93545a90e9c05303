import { channel } from 'node:diagnostics_channel';
import { check } from './kit/check.ts';
import { createListeners } from './kit/listeners.ts';

/** The subscribing half of an emitter. Packages offer it to users as `on`. */
export interface EventSource<All extends object> {
  /**
   * Calls `listener` synchronously at each `event`, until the returned function is called. Errors of the listener are
   * ignored.
   *
   * @example
   * ```ts
   * const stop = health.on('change', ({ from, to }) => console.log(`reads: ${from.reads}, now ${to.reads}`));
   * ```
   */
  on<E extends keyof All & string>(event: E, listener: (payload: All[E]) => void): () => void;
}

/** A typed emitter. Each event is also published on the `node:diagnostics_channel` `regionkit:<package>:<event>`. */
export interface Events<All extends object> extends EventSource<All> {
  emit<E extends keyof All & string>(event: E, payload: All[E]): void;
  /** Whether the event has a listener. Check it before you build an expensive payload. */
  wants(event: keyof All & string): boolean;
}

/**
 * Makes the emitter of one instance of a package. `names` lists all events, so that emitting needs no lookup in a
 * registry.
 */
export function createEvents<All extends object>(source: string, names: readonly (keyof All & string)[]): Events<All> {
  const channels = new Map(
    names.map((name) => [
      name,
      { listeners: createListeners<never>(), mirror: channel(`regionkit:${source}:${name}`) },
    ]),
  );
  const channelOf = (event: string) => {
    const found = channels.get(event as keyof All & string);
    if (found === undefined) {
      throw new RangeError(`there is no event ${JSON.stringify(event)}; there are ${names.join(', ')}`);
    }
    return found;
  };
  return {
    on: (event, listener) => channelOf(event).listeners.add(check.function(`on(${JSON.stringify(event)})`, listener)),
    wants: (event) => {
      const { listeners, mirror } = channelOf(event);
      return listeners.size > 0 || mirror.hasSubscribers;
    },
    emit: (event, payload) => {
      const { listeners, mirror } = channelOf(event);
      listeners.notify(payload as never);
      if (mirror.hasSubscribers) mirror.publish(payload);
    },
  };
}
