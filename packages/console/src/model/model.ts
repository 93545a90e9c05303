import { addEvent } from './events.ts';
import type { Fleet, FleetEvent } from './fleet.ts';
import { type LagHistory, takeSamples } from './lag-history.ts';
import { nodesOf } from './nodes.ts';

/** Everything that the page shows. */
export interface Model {
  readonly connection:
    | { readonly state: 'signed-out'; readonly why?: string }
    | { readonly state: 'connecting' }
    | { readonly state: 'connected' }
    | { readonly state: 'lost'; readonly sinceMs: number };
  readonly fleet: Fleet | undefined;
  readonly events: readonly FleetEvent[];
  /** Of which run of the console the events are. */
  readonly run: string;
  readonly lag: LagHistory;
}

export type Input =
  | { readonly type: 'sign-in' }
  | { readonly type: 'sign-out'; readonly why?: string }
  | { readonly type: 'fleet'; readonly fleet: Fleet; readonly atMs: number }
  | { readonly type: 'event'; readonly event: FleetEvent; readonly run: string }
  | { readonly type: 'lost'; readonly atMs: number };

export const MAX_EVENTS = 500;

export const EMPTY: Model = {
  connection: { state: 'signed-out' },
  fleet: undefined,
  events: [],
  run: '',
  lag: new Map(),
};

/** The model after one input. Signed out it knows nothing: the next operator may have another token. Pure. */
export function reduce(model: Model, input: Input): Model {
  switch (input.type) {
    case 'sign-in':
      return { ...EMPTY, connection: { state: 'connecting' } };
    case 'sign-out':
      return {
        ...EMPTY,
        connection: { state: 'signed-out', ...(input.why !== undefined && { why: input.why }) },
      };
    case 'lost':
      return {
        ...model,
        connection: model.connection.state === 'lost' ? model.connection : { state: 'lost', sinceMs: input.atMs },
      };
    case 'event': {
      // After a restart the console sends all events again, under new ids. What this run has sent twice counts once.
      const events = input.run === model.run ? model.events : [];
      if ((events.at(-1)?.id ?? 0) >= input.event.id) return model;
      return { ...model, events: addEvent(events, input.event, MAX_EVENTS), run: input.run };
    }
    case 'fleet':
      return {
        ...model,
        connection: { state: 'connected' },
        fleet: input.fleet,
        lag: takeSamples(model.lag, nodesOf(input.fleet), input.atMs),
      };
  }
}
