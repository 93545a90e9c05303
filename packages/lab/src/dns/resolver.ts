import type { Clock } from '@regionkit/core/kit';

/** A client of the DNS, or the resolver that several clients share: it uses an answer until its time is up. */
export interface Resolver<Name extends string = string> {
  readonly place: Name;
  /** Where a connection that is opened now goes. Connections there are already stay where they are. */
  resolve(): Name;
}

export interface ResolverOptions<Name extends string> {
  readonly place: Name;
  readonly ask: () => Name;
  readonly ttlMs: number;
  /** Up to so much longer is an answer used: anew by chance for each. */
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
