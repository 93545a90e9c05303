import { channel } from 'node:diagnostics_channel';
import { createAudience } from './kit/audience.ts';
import { check } from './kit/check.ts';

/** What a `logger` option takes: pino, winston, console, Fastify's. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The listening half of an emitter: what a package gives its users as `on`. */
export interface EventSource<All extends object> {
  /** Calls `listener` at each `event`, synchronously, until the returned function is called. What it throws is dropped. */
  on<E extends keyof All & string>(event: E, listener: (payload: All[E]) => void): () => void;
}

/** A typed emitter whose events are mirrored on `node:diagnostics_channel` as `regionkit:<package>:<event>`. */
export interface Events<All extends object> extends EventSource<All> {
  emit<E extends keyof All & string>(event: E, payload: All[E]): void;
  /** Whether anybody listens: ask before building a payload that costs. */
  wants(event: keyof All & string): boolean;
}

/** Events of one instance of a package. `names` is every event there is, so that nothing is looked up on a hot path. */
export function createEvents<All extends object>(source: string, names: readonly (keyof All & string)[]): Events<All> {
  const rooms = new Map(
    names.map((name) => [name, { audience: createAudience<never>(), mirror: channel(`regionkit:${source}:${name}`) }]),
  );
  const roomOf = (event: string) => {
    const room = rooms.get(event as keyof All & string);
    if (room === undefined) {
      throw new RangeError(`there is no event ${JSON.stringify(event)}; there are ${names.join(', ')}`);
    }
    return room;
  };
  return {
    on: (event, listener) => roomOf(event).audience.join(check.function(`on(${JSON.stringify(event)})`, listener)),
    wants: (event) => {
      const { audience, mirror } = roomOf(event);
      return audience.size > 0 || mirror.hasSubscribers;
    },
    emit: (event, payload) => {
      const { audience, mirror } = roomOf(event);
      audience.tell(payload as never);
      if (mirror.hasSubscribers) mirror.publish(payload);
    },
  };
}
