import type { Clock } from '@regionkit/core/kit';

/** A client of the DNS, or a resolver that several clients share. It caches an answer until its TTL ends. */
export interface Resolver<Name extends string = string> {
  readonly place: Name;
  /** Returns the region for a connection that is opened now. Existing connections stay where they are. */
  resolve(): Name;
}

export interface ResolverOptions<Name extends string> {
  readonly place: Name;
  readonly ask: () => Name;
  readonly ttlMs: number;
  /** An expired answer is used for up to this time longer. The time is random for each answer. */
  readonly slackMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

export function createResolver<Name extends string>(options: ResolverOptions<Name>): Resolver<Name> {
  const { place, ask, ttlMs, slackMs, clock, random } = options;
  let cached: { readonly region: Name; readonly untilMs: number } | undefined;
  return {
    place,
    resolve: () => {
      if (cached === undefined || clock.now() >= cached.untilMs) {
        cached = { region: ask(), untilMs: clock.now() + ttlMs + slackMs * random() };
      }
      return cached.region;
    },
  };
}
