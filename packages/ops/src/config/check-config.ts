import { isIP } from 'node:net';
import { check, type OptionCheck, readOptions, withDefault } from '@regionkit/core/kit';
import { OpsError } from '../errors.ts';
import { readInstanceArn } from '../failover/adapters/rds/arn.ts';
import type { Capacity } from '../failover/scale.ts';
import { checkFailover, type FailoverSettings } from './check-failover.ts';
import { checkGameday, type GamedaySettings } from './check-gameday.ts';
import type { Limits, OperationsConfig } from './config.ts';
import type { Secret } from './secret.ts';

/** A server to ask. `url` holds a password: it appears in no record and no message. */
export interface NodeTarget {
  /** `region/place`, as the router names it. */
  readonly id: string;
  readonly region: string;
  readonly url: string;
  /** The ARN of its DB instance. Every server has one if the adapter is `rds`. */
  readonly rds: string | undefined;
}

/** The configuration with all defaults and with the values of its environment variables. */
export interface Operations {
  readonly regions: readonly {
    readonly name: string;
    readonly origin: string | undefined;
    readonly patroni: string | undefined;
    /** As the app of this region logs in to its database. Holds a password. */
    readonly app: string | undefined;
    readonly capacity: Capacity | undefined;
  }[];
  readonly nodes: readonly NodeTarget[];
  readonly hosts: readonly string[];
  readonly operatorToken: string | undefined;
  readonly healthToken: string | undefined;
  readonly app: { readonly processes: number; readonly poolMax: number } | undefined;
  readonly front: {
    readonly path: string;
    readonly ttlSeconds: number;
    readonly intervalSeconds: number;
    readonly failures: number;
    readonly dnsServers: readonly string[];
  };
  readonly limits: Limits;
  readonly caFile: string | undefined;
  readonly failover: FailoverSettings;
  readonly gameday: GamedaySettings;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {OpsError} `ERR_OPS_CONFIG`: an option is missing, unknown or of the wrong type. The message names it. */
export function checkConfig(given: OperationsConfig, environment: Environment): Operations {
  try {
    return read(given, environment);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new OpsError('ERR_OPS_CONFIG', error.message);
    }
    if (error instanceof OpsError) throw error;
    throw new OpsError('ERR_OPS_CONFIG', 'the configuration threw an error while it was read', { cause: error });
  }
}

function read(given: OperationsConfig, environment: Environment): Operations {
  check.object('config', given, [
    'regions',
    'hosts',
    'operatorToken',
    'healthToken',
    'app',
    'front',
    'limits',
    'caFile',
    'failover',
    'gameday',
  ]);
  const byName = Object.entries(check.object('config: regions', given.regions));
  if (byName.length === 0) throw new RangeError('config: regions must name at least one region');
  for (const [name, region] of byName) {
    check.object(`config: regions['${name}']`, region, ['origin', 'databases', 'rds', 'patroni', 'app', 'capacity']);
  }
  const front = given.front ?? {};
  check.object('config: front', front, ['path', 'ttlSeconds', 'intervalSeconds', 'failures', 'dnsServers']);
  const positive = (name: 'ttlSeconds' | 'intervalSeconds' | 'failures', byDefault: number): number =>
    check.integer(`config: front.${name}`, front[name] ?? byDefault, { min: 1, max: 86_400 });
  const nodes = byName.flatMap(([name, { databases, rds }]) => {
    const arns = listOf(`config: regions['${name}'].rds`, rds).map((arn) => checkArn(name, arn));
    return listOf(`config: regions['${name}'].databases`, databases).map((one: Secret, place) => {
      const url = readSecret(`config: regions['${name}'].databases[${place}]`, one, environment);
      return {
        id: `${name}/${place}`,
        region: name,
        url: checkUrl(`${name}'].databases[${place}]`, url),
        rds: arns[place],
      };
    });
  });
  const failover = checkFailover(given.failover ?? {}, (option, secret) => readSecret(option, secret, environment));
  const without = failover.adapter === 'rds' ? nodes.find(({ rds }) => rds === undefined) : undefined;
  if (without !== undefined) {
    throw new RangeError(
      `config: regions['${without.region}'].rds must have the ARN of ${without.id}: the adapter is rds`,
    );
  }
  const unmeasured = byName.find(([, { capacity }]) => capacity === undefined)?.[0];
  if (failover.hooks.scale.length > 0 && unmeasured !== undefined) {
    throw new RangeError(`config: regions['${unmeasured}'].capacity is missing: failover.hooks.scale needs it`);
  }
  return {
    regions: byName.map(([name, region]) => {
      const option = `config: regions['${name}']`;
      const { origin, patroni, app, capacity } = region;
      return {
        name,
        origin: origin === undefined ? undefined : checkOrigin(`${option}.origin`, origin),
        patroni: patroni === undefined ? undefined : checkOrigin(`${option}.patroni`, patroni),
        app: app === undefined ? undefined : checkUrl(`${name}'].app`, readSecret(`${option}.app`, app, environment)),
        capacity: capacity === undefined ? undefined : checkCapacity(`${option}.capacity`, capacity),
      };
    }),
    nodes,
    hosts: listOf('config: hosts', given.hosts).map((host) => check.string('config: hosts', host)),
    operatorToken:
      given.operatorToken === undefined
        ? undefined
        : readSecret('config: operatorToken', given.operatorToken, environment),
    healthToken:
      given.healthToken === undefined ? undefined : readSecret('config: healthToken', given.healthToken, environment),
    app: given.app === undefined ? undefined : checkApp(given.app),
    front: {
      path: check.string('config: front.path', front.path ?? '/health'),
      ttlSeconds: positive('ttlSeconds', 60),
      intervalSeconds: positive('intervalSeconds', 30),
      failures: positive('failures', 3),
      dnsServers: listOf('config: front.dnsServers', front.dnsServers).map(checkDnsServer),
    },
    limits: readOptions<Limits>('config: limits', 'config: limits.', given.limits ?? {}, {
      behindBytes: atLeastOne(67_108_864),
      slotBytes: atLeastOne(1_073_741_824),
      idleTransactionSeconds: atLeastOne(300),
      clockMs: atLeastOne(2_000),
      certificateDays: atLeastOne(21),
      failoverSeconds: atLeastOne(300),
    }),
    caFile: given.caFile === undefined ? undefined : check.string('config: caFile', given.caFile),
    failover,
    gameday: checkGameday(given.gameday ?? {}, (option, secret) => readSecret(option, secret, environment)),
  };
}

const atLeastOne = (byDefault: number): OptionCheck<number> =>
  withDefault(byDefault, (option, given: number) => check.integer(option, given, { min: 1 }));

function listOf<T>(option: string, given: readonly T[] | undefined): readonly T[] {
  if (given !== undefined && !Array.isArray(given)) throw new TypeError(`${option} must be a list`);
  return given ?? [];
}

function checkApp(given: NonNullable<OperationsConfig['app']>): NonNullable<Operations['app']> {
  check.object('config: app', given, ['processes', 'poolMax']);
  return {
    processes: check.integer('config: app.processes', given.processes, { min: 1, max: 10_000 }),
    poolMax: check.integer('config: app.poolMax', given.poolMax, { min: 1, max: 10_000 }),
  };
}

function readSecret(option: string, given: Secret, environment: Environment): string {
  if (typeof given === 'string') return check.string(option, given);
  check.object(option, given, ['env']);
  const value = environment[check.string(`${option}.env`, given.env)];
  if (value === undefined || value === '') throw new RangeError(`${option}: the environment has no ${given.env}`);
  return value;
}

function checkOrigin(option: string, given: string): string {
  if (!URL.canParse(check.string(option, given))) throw new RangeError(`${option} must be a URL`);
  const { origin, protocol } = new URL(given);
  if (protocol !== 'https:' && protocol !== 'http:') throw new RangeError(`${option} must begin with https://`);
  return origin;
}

function checkCapacity(option: string, given: Capacity): Capacity {
  check.object(option, given, ['current', 'peak', 'max']);
  const { current, peak, max } = given;
  return {
    current: check.integer(`${option}.current`, current, { min: 0, max: 100_000 }),
    peak: check.number(`${option}.peak`, peak, { max: 100_000 }),
    max: check.integer(`${option}.max`, max, { min: current, max: 100_000 }),
  };
}

function checkArn(region: string, given: string): string {
  const option = `config: regions['${region}'].rds`;
  if (readInstanceArn(check.string(option, given)) === undefined) {
    throw new RangeError(`${option} must be ARNs of DB instances: arn:aws:rds:eu-west-1:123456789012:db:app-eu`);
  }
  return given;
}

function checkDnsServer(given: string): string {
  const option = 'config: front.dnsServers';
  if (isIP(check.string(option, given)) !== 0) return given;
  const [, address = '', port = '53'] = /^\[?([^\]]*?)\]?(?::(\d{1,5}))?$/.exec(given) ?? [];
  if (isIP(address) === 0 || Number(port) > 65_535) {
    throw new RangeError(`${option} must be IP addresses, such as 192.0.2.53 or 192.0.2.53:5353`);
  }
  return given;
}

/** The message must not contain the value: it holds a password. */
function checkUrl(option: string, given: string): string {
  if (!URL.canParse(given) || !/^postgres(?:ql)?:$/.test(new URL(given).protocol)) {
    throw new RangeError(`config: regions['${option} must be a connection string: postgresql://role:password@host/db`);
  }
  const url = new URL(given);
  if (url.hostname === '') {
    if (url.searchParams.has('host')) return given;
    throw new RangeError(`config: regions['${option} must name its host: without one PGHOST would choose the server`);
  }
  if (url.port !== '') return given;
  // Else PGPORT would choose it.
  url.port = '5432';
  return url.href;
}
