/**
 * Compiled, never run: the instruments hear every event of every package, and read of it only what it has. An event that
 * is new, or is removed, makes this fail until `src/otel/instrumented-events.ts` and `src/otel/table.ts` say how it is recorded.
 */
import type { AffinityEvents } from '../../../affinity/src/events.ts';
import type { ConfigEvents } from '../../../config/src/config.ts';
import type { RouterEvents } from '../../../db-router/src/events.ts';
import type { WriteGateEvents } from '../../../db-router/src/http/events.ts';
import type { DrainEvents } from '../../../health/src/drain/drain.ts';
import type { HealthEvents } from '../../../health/src/events.ts';
import type { SessionEvents } from '../../../session/src/events.ts';
import type { SessionIssuerEvents } from '../../../session/src/issuer.ts';
import type { DeciderFailure } from '../../src/index.ts';
import type { InstrumentedEvents } from '../../src/otel/instrumented-events.ts';

type Of<Package extends string, Events> = {
  [Event in keyof Events & string as `${Package}:${Event}`]: Events[Event];
};

type Published = Of<'core', { failure: DeciderFailure }> &
  Of<'affinity', AffinityEvents> &
  Of<'gate', WriteGateEvents> &
  Of<'db-router', RouterEvents> &
  Of<'health', HealthEvents & DrainEvents> &
  Of<'session', SessionEvents> &
  Of<'session-issuer', SessionIssuerEvents> &
  Of<'config', ConfigEvents>;

/** Fails to compile with the names that are in one set and not in the other. */
type Nothing<Left extends never> = Left;
export type Unheard = Nothing<Exclude<keyof Published, keyof InstrumentedEvents>>;
export type Invented = Nothing<Exclude<keyof InstrumentedEvents, keyof Published>>;
export type Misread = Nothing<
  {
    [Event in keyof InstrumentedEvents & keyof Published]: Published[Event] extends InstrumentedEvents[Event]
      ? never
      : Event;
  }[keyof InstrumentedEvents & keyof Published]
>;
