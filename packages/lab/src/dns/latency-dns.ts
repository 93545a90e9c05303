import { createEvents, type EventSource } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { Departure } from './departure.ts';
import { createEndpoint, type Endpoint, type EndpointStatus } from './endpoint.ts';
import { answerOf, byLatency } from './latency-records.ts';
import { type LookReason, look } from './look.ts';
import { checkLatencyDnsOptions, type LatencyDnsOptions } from './options.ts';
import { startPatrol } from './patrol.ts';
import { createResolver, type Resolver } from './resolver.ts';

/** What {@link LatencyDns.on} tells, mirrored on `node:diagnostics_channel` as `regionkit:lab:<event>`. */
export interface LatencyDnsEvents<Name extends string = string> {
  /** A checker has looked at an endpoint. */
  look: {
    readonly region: Name;
    readonly checker: number;
    readonly passed: boolean;
    readonly reason: LookReason;
    readonly durationMs: number;
  };
  /** An endpoint turned healthy or unhealthy; told after the look that turned it. */
  turn: { readonly region: Name } & EndpointStatus;
  /** A resolver's answer was too old and it asked for another. */
  answer: { readonly place: Name; readonly region: Name };
}

/** Latency records with health checks, as Route 53 serves them. Made by {@link createLatencyDns}. */
export interface LatencyDns<Name extends string = string> extends EventSource<LatencyDnsEvents<Name>> {
  readonly regions: readonly Name[];
  /** What the checkers make of a region, now. */
  status(region: Name): EndpointStatus;
  /** What a client in `place` that asks now is answered: the nearest healthy region, or the nearest if none is. */
  answer(place: Name): Name;
  /** A client in `place` with a cache of its own. */
  resolver(place: Name): Resolver<Name>;
  /**
   * Where the time went from a fault to the last connection that a resolver led to `region`. Ask when all caches have run
   * out; it stays until the region turns unhealthy again.
   *
   * @param sinceMs when the fault began, on `performance.now()`
   * @returns undefined while the region has not turned unhealthy since
   */
  departure(region: Name, sinceMs: number): Departure | undefined;
  /** Ends every checker. Answers stay as they are. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Plays Route 53 in front of an app of yours: checkers that ask each region's health endpoint over HTTP and do not
 * coordinate, a verdict by their number, and resolvers that keep an answer for its TTL. It starts at once, with every
 * region healthy. Nothing listens: ask a resolver where each new connection goes.
 *
 * ```ts
 * await using dns = createLatencyDns({
 *   endpoints: { 'us-east-1': 'http://127.0.0.1:3001/health', 'eu-west-1': 'http://127.0.0.1:3002/health' },
 *   intervalMs: 10_000,
 *   speed: 40,
 * });
 * const client = dns.resolver('us-east-1');
 * client.resolve(); // 'us-east-1', until it has failed and the answer has run out
 * ```
 *
 * Rules: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 *
 * @throws {TypeError | RangeError} An option is not what it must be.
 */
export function createLatencyDns<const Name extends string>(options: LatencyDnsOptions<Name>): LatencyDns<Name> {
  const settled = checkLatencyDnsOptions(options);
  const { regions, roundTripMs, allowances, searchString } = settled;
  const events = createEvents<LatencyDnsEvents<Name>>('lab', ['look', 'turn', 'answer']);
  const endpoints = new Map(regions.map((region) => [region, createEndpoint(settled)]));
  const orders = new Map(regions.map((place) => [place, byLatency(place, regions, roundTripMs)]));
  const known = (what: string, name: Name): Name => check.oneOf(what, name, regions);
  const endpointOf = (region: Name): Endpoint => endpoints.get(region) as Endpoint;
  const answer = (place: Name): Name => {
    const order = orders.get(known('dns.answer: place', place)) as readonly Name[];
    return answerOf(order, (region) => endpointOf(region).status.healthy);
  };

  const patrols = regions.map((region) => {
    const endpoint = endpointOf(region);
    const url = settled.endpoint(region);
    return startPatrol({
      ...settled,
      look: (signal) => look(url, { allowances, searchString, signal }),
      looked: (checker, reason, durationMs) => {
        const passed = reason === 'passed';
        const turned = endpoint.looked(checker, passed);
        events.emit('look', { region, checker, passed, reason, durationMs });
        if (turned) events.emit('turn', { region, ...endpoint.status });
      },
    });
  });
  const close = async (): Promise<void> => {
    for (const patrol of patrols) patrol.close();
  };

  return {
    regions,
    status: (region) => endpointOf(known('dns.status: region', region)).status,
    answer,
    resolver: (place) => {
      const ask = (): Name => {
        const region = answer(place);
        events.emit('answer', { place, region });
        return region;
      };
      const cache = createResolver({ ...settled, place: known('dns.resolver: place', place), ask });
      return {
        place,
        resolve: () => {
          const region = cache.resolve();
          endpointOf(region).led();
          return region;
        },
      };
    },
    departure: (region, sinceMs) =>
      endpointOf(known('dns.departure: region', region)).departure(check.number('dns.departure: sinceMs', sinceMs)),
    on: events.on,
    close,
    [Symbol.asyncDispose]: close,
  };
}
