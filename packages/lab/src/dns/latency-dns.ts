import { createEvents, type EventSource } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { startCheckers } from './checkers.ts';
import { createEndpoint, type Endpoint, type EndpointStatus } from './endpoint.ts';
import type { FailoverTimes } from './failover-times.ts';
import { checkHealth, type HealthCheckReason } from './health-check.ts';
import { answerOf, byLatency } from './latency-records.ts';
import { checkLatencyDnsOptions, type LatencyDnsOptions } from './options.ts';
import { createResolver, type Resolver } from './resolver.ts';

/**
 * The events of {@link LatencyDns}. Each is also published on the `node:diagnostics_channel` `regionkit:lab:<event>`.
 */
export interface LatencyDnsEvents<Name extends string = string> {
  /** A checker has checked an endpoint. */
  'health-check': {
    readonly region: Name;
    readonly checker: number;
    readonly passed: boolean;
    readonly reason: HealthCheckReason;
    readonly durationMs: number;
  };
  /** An endpoint became healthy or unhealthy. Emitted after the check that changed it. */
  change: { readonly region: Name } & EndpointStatus;
  /** A resolver's cached answer had expired, so it asked for another. */
  answer: { readonly place: Name; readonly region: Name };
}

/** Latency records with health checks, as in Route 53. Made by {@link createLatencyDns}. */
export interface LatencyDns<Name extends string = string> extends EventSource<LatencyDnsEvents<Name>> {
  readonly regions: readonly Name[];
  /** Returns what the checkers find about a region now. */
  status(region: Name): EndpointStatus;
  /**
   * Returns the DNS answer for a client in `place` now: the nearest healthy region, or the nearest one if none is
   * healthy.
   */
  answer(place: Name): Name;
  /** Makes a client in `place` with its own cache. */
  resolver(place: Name): Resolver<Name>;
  /**
   * Returns how long the failover away from `region` took, by cause: from a fault to the last connection that a
   * resolver sent there. Call it after all caches have expired. The result stays until the region becomes unhealthy
   * again.
   *
   * @param sinceMs when the fault began, on `performance.now()`
   * @returns undefined if the region has not become unhealthy since
   */
  failoverTimes(region: Name, sinceMs: number): FailoverTimes | undefined;
  /** Stops every checker. The answers stay as they are. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Simulates Route 53 in front of your app. Independent checkers request each region's health endpoint over HTTP, enough
 * failing checkers make a region unhealthy, and resolvers cache an answer for its TTL. It starts at once, with every
 * region healthy. It opens no port: ask a resolver for the target of each new connection.
 *
 * @example
 * ```ts
 * await using dns = createLatencyDns({
 *   endpoints: { 'us-east-1': 'http://127.0.0.1:3001/health', 'eu-west-1': 'http://127.0.0.1:3002/health' },
 *   intervalMs: 10_000,
 *   speed: 40,
 * });
 * const client = dns.resolver('us-east-1');
 * client.resolve(); // 'us-east-1', until it is unhealthy and the cached answer has expired
 * ```
 *
 * Rules: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function createLatencyDns<const Name extends string>(options: LatencyDnsOptions<Name>): LatencyDns<Name> {
  const settled = checkLatencyDnsOptions(options);
  const { regions, roundTripMs, allowances, searchString } = settled;
  const events = createEvents<LatencyDnsEvents<Name>>('lab', ['health-check', 'change', 'answer']);
  const endpoints = new Map(regions.map((region) => [region, createEndpoint(settled)]));
  const orders = new Map(regions.map((place) => [place, byLatency(place, regions, roundTripMs)]));
  const known = (what: string, name: Name): Name => check.oneOf(what, name, regions);
  const endpointOf = (region: Name): Endpoint => endpoints.get(region) as Endpoint;
  const answer = (place: Name): Name => {
    const order = orders.get(known('dns.answer: place', place)) as readonly Name[];
    return answerOf(order, (region) => endpointOf(region).status.healthy);
  };

  const checkerGroups = regions.map((region) => {
    const endpoint = endpointOf(region);
    const url = settled.endpoint(region);
    return startCheckers({
      ...settled,
      runCheck: (signal) => checkHealth(url, { allowances, searchString, signal }),
      onChecked: (checker, reason, durationMs) => {
        const passed = reason === 'passed';
        const changed = endpoint.recordCheck(checker, passed);
        events.emit('health-check', { region, checker, passed, reason, durationMs });
        if (changed) events.emit('change', { region, ...endpoint.status });
      },
    });
  });
  const close = async (): Promise<void> => {
    for (const group of checkerGroups) group.close();
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
          endpointOf(region).recordConnection();
          return region;
        },
      };
    },
    failoverTimes: (region, sinceMs) =>
      endpointOf(known('dns.failoverTimes: region', region)).failoverTimes(
        check.number('dns.failoverTimes: sinceMs', sinceMs),
      ),
    on: events.on,
    close,
    [Symbol.asyncDispose]: close,
  };
}
