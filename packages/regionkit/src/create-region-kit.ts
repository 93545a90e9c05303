import { randomBytes } from 'node:crypto';
import { createAffinity } from '@regionkit/affinity';
import { compose, type Doors } from '@regionkit/core';
import { createNotices } from '@regionkit/core/kit';
import { createRegionRouter } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { checks, createHealth, type Drain } from '@regionkit/health';
import { createSessionVerifier } from '@regionkit/session';
import { Pool } from 'pg';
import { type Closing, closeAll, startDrain } from './closing.ts';
import { explainKit } from './explain.ts';
import { named } from './named.ts';
import type { ConfigOption, RegionKitOptions, SessionsOption } from './options.ts';
import { type Part, type Plan, planKit } from './plan.ts';
import { poolConfigOf } from './pool-config.ts';
import type { RegionKit } from './region-kit.ts';

const NOT_MOUNTED =
  'regionkit: kit.drain was called, and the kit is mounted nowhere: no write is forwarded, and no probe answered. Mount it before: app.use(kit.express())';

/**
 * Makes everything that an app needs in several regions, and wires it: health, router, write gate and affinity, and
 * sessions and config where they are asked for. Every part can be reached, configured under its name, or replaced by the
 * app's own.
 *
 * @example
 * ```ts
 * const kit = createRegionKit({
 *   self: process.env.REGION,
 *   regions: { 'us-east-1': 'https://app-us.example.com', 'eu-west-1': 'https://app-eu.example.com' },
 *   databaseUrl: process.env.DATABASE_URL, // this region's server
 *   secret: process.env.REGION_SECRET, // the same in every region
 *   cookieDomain: 'example.com',
 * });
 * app.use(kit.express());
 * app.get('/orders', async (_request, response) => {
 *   response.json((await kit.router.read('select * from orders')).rows);
 * });
 * kit.drain(app.listen(3000));
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong: the message names it as it is written here.
 * @throws {KeySetError} The keys of the sessions must not be used.
 */
export function createRegionKit<
  const Name extends string,
  const Self extends string | undefined,
  const Sessions extends SessionsOption | undefined = undefined,
  Config extends ConfigOption | undefined = undefined,
>(options: RegionKitOptions<Name, Self, Sessions, Config>): RegionKit<Name, Sessions, Config> {
  const plan = planKit<Name>(options as RegionKitOptions<Name>, () => randomBytes(32).toString('base64url'));
  const made: Closing[] = [];
  try {
    return wire(plan, made) as RegionKit<Name, Sessions, Config>;
  } catch (error) {
    // A mistake in one part must not leave the probes and pools of another behind. What the app made stays open.
    const own = made.filter(({ isOwn }) => isOwn);
    void closeAll(own, { pools: plan.databases.from === 'urls' }).catch(() => {});
    throw error;
  }
}

/** @param closing gets each part, in the order in which they end */
function wire<Name extends string>(plan: Plan<Name>, closing: Closing[]): RegionKit<Name> {
  const { regions, logger, config } = plan;
  const ends = (name: Closing['name'], from: Part<object, object>['from'], close: Closing['close']): void => {
    closing.unshift({ name, isOwn: from === 'kit', close });
  };
  const explanation = explainKit(plan);

  const health = partOr(plan.health, (own) => named(() => createHealth<Name>(own)));
  ends('health', plan.health.from, () => health.close());
  if (config !== undefined) {
    ends('config', 'app', () => config.close());
    health.check(
      'config',
      checks.config(() => config),
      { severity: 'degraded' },
    );
  }
  const pools = poolsOf(plan);
  const router = partOr(plan.router, (own) =>
    named(() => createRegionRouter<Name>({ view: health.view, ...own, pools: pools ?? {} })),
  );
  ends('router', plan.router.from, (pools) => router.close(pools));
  named(
    () => health.follow(router),
    [
      [
        /^health\.follow: a router is followed already.*/,
        'createRegionKit: health follows a router already: leave health.follow() to the kit',
      ],
    ],
  );
  const gate = partOr(plan.gate, (own) => named(() => createWriteGate<Name>({ view: health.view, ...own, router })));
  ends('gate', plan.gate.from, () => gate.close());
  const affinity =
    typeof plan.affinity === 'string'
      ? undefined
      : partOr(plan.affinity, (own) =>
          named(
            () => createAffinity<Name>({ view: health.view, ...own }),
            [[/^createAffinity: cookie\.domain(?= must cover every global host)/, 'createRegionKit: cookieDomain']],
          ),
        );
  const sessions = plan.sessions && partOr(plan.sessions, (own) => named(() => createSessionVerifier(own)));
  if (sessions !== undefined) {
    ends('sessions', plan.sessions?.from ?? 'app', () => sessions.close());
    health.check(
      'session-keys',
      checks.sessionKeys(() => sessions),
      { severity: 'degraded' },
    );
  }

  const door = compose(...[health, affinity, sessions, gate].filter((decider) => decider !== undefined));
  const endsPools = plan.databases.from === 'urls';
  let isMounted = false;
  let drain: Drain | undefined;
  let closed: Promise<void> | undefined;
  let arePoolsEnded = false;
  logger?.info(`regionkit: ${regions.self} passes requests through ${explanation.doors.join(', ')}`);

  const mounting = <Kind extends keyof Doors>(kind: Kind): Doors[Kind] =>
    ((...given: never[]) => {
      isMounted = true;
      return (door[kind] as (...all: never[]) => unknown)(...given);
    }) as Doors[Kind];
  const close: RegionKit<Name>['close'] = ({ pools = endsPools } = {}) => {
    if (closed === undefined) {
      closed = (drain?.close() ?? Promise.resolve()).then(() => closeAll(closing, { pools }));
    } else if (pools && !arePoolsEnded) closed = closed.finally(() => router.close({ pools }));
    arePoolsEnded ||= pools;
    return closed;
  };
  return {
    decide: (request) => {
      isMounted = true;
      return door.decide(request);
    },
    express: mounting('express'),
    node: mounting('node'),
    koa: mounting('koa'),
    fastify: mounting('fastify'),
    hono: mounting('hono'),
    fetch: mounting('fetch'),
    regions,
    health,
    router,
    pools,
    get gate() {
      // An app may mount the parts itself.
      isMounted = true;
      return gate;
    },
    affinity,
    sessions: sessions as never,
    config,
    drain: (server, options) => {
      if (closed !== undefined) throw new TypeError('kit.drain: the kit is closed; call it before kit.close()');
      if (!isMounted) createNotices(logger)('REGIONKIT_NOT_MOUNTED', NOT_MOUNTED);
      drain = startDrain({ drain, server, options, health, closing, logger });
      return drain;
    },
    explain: () => explanation,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function partOr<Instance, Options>(part: Part<Instance, Options>, make: (options: Options) => Instance): Instance {
  return part.from === 'app' ? part.part : make(part.options);
}

/** The pools of the router that the kit makes. Making one opens no connection. */
function poolsOf<Name extends string>({ databases, poolConfig }: Plan<Name>): RegionKit<Name>['pools'] {
  if (databases.from === 'router') return undefined;
  if (databases.from === 'pools') return databases.pools;
  const urls = Object.entries(databases.urls) as [Name, readonly string[]][];
  return Object.fromEntries(
    urls.map(([region, list]) => [
      region,
      list.map((connectionString) => new Pool(poolConfigOf(connectionString, poolConfig))),
    ]),
  ) as { [Region in Name]?: Pool[] };
}
