import { tmpdir } from 'node:os';
import { check } from '@regionkit/core/kit';
import type { Settings } from './postgres/settings.ts';
import { byRegion, type RoundTrips, readRoundTrips } from './round-trips.ts';

/** The options of {@link createLab}. Only `regions` is required. */
export interface LabOptions<Name extends string = string> {
  /** The names of the regions: lower-case DNS labels of at most 40 characters. The literal names become types. */
  readonly regions: readonly Name[];
  /** The region that starts as the primary. @default the first */
  readonly primary?: NoInfer<Name>;
  /**
   * The round trip from clients in one region to the database of another, in milliseconds: one number for all pairs, or
   * a number for each pair. Replication has the same delay. Inside a region it is 0. @default 0
   */
  readonly roundTripMs?: number | RoundTrips<NoInfer<Name>>;
  /**
   * The directory of the programs `postgres` and `initdb` (15 or later). @default REGIONKIT_PG_BIN, else the embedded
   * one
   */
  readonly binDir?: string;
  /** Settings of postgresql.conf for every server. They override the lab's own. @default {} */
  readonly settings?: Settings;
  /**
   * Whether the application's role has `pg_monitor` (https://www.postgresql.org/docs/current/predefined-roles.html).
   * Without it a standby hides its timeline. @default true
   */
  readonly monitor?: boolean;
  /** A fixed port for the connection string of each region. @default a free one */
  readonly ports?: { readonly [A in NoInfer<Name>]?: number };
  /** The directory in which the lab makes its own directory. @default os.tmpdir() */
  readonly directory?: string;
  /** An existing directory for the servers' logs, as `<region>.log`. @default they are removed with the lab */
  readonly logDir?: string;
  /** How long a server may take to accept connections, in milliseconds. @default 60_000 */
  readonly startTimeoutMs?: number;
  /** Called for each step of the start, with a short text. @default writes to stderr if it is a terminal */
  readonly onProgress?: (step: string) => void;
}

export interface CheckedOptions<Name extends string> {
  readonly regions: readonly Name[];
  readonly primary: Name;
  readonly roundTripMs: (from: Name, to: Name) => number;
  readonly binDir: string | undefined;
  readonly settings: Settings;
  readonly monitor: boolean;
  readonly ports: { readonly [A in Name]?: number };
  readonly directory: string;
  readonly logDir: string | undefined;
  readonly startTimeoutMs: number;
  readonly onProgress: (step: string) => void;
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const KNOWN = [
  'regions',
  'primary',
  'roundTripMs',
  'binDir',
  'settings',
  'monitor',
  'ports',
  'directory',
  'logDir',
  'startTimeoutMs',
  'onProgress',
] as const;

const toTerminal = (step: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`lab: ${step}\n`);
};

export function checkOptions<Name extends string>(options: LabOptions<Name>): CheckedOptions<Name> {
  check.object('createLab: options', options, [...KNOWN]);
  const { regions, primary, roundTripMs = 0, settings = {}, ports = {}, binDir, logDir } = options;
  if (!Array.isArray(regions)) throw new TypeError(`createLab: regions must be an array; got ${typeof regions}`);
  if (regions.length === 0) throw new RangeError('createLab: regions must name at least one region; got none');
  for (const [at, name] of regions.entries()) {
    check.string(`createLab: regions[${at}]`, name);
    if (!NAME.test(name)) {
      throw new RangeError(
        `createLab: regions[${at}] must be a lower-case DNS label of at most 40 characters; got ${JSON.stringify(name)}`,
      );
    }
    if (regions.indexOf(name) !== at) {
      throw new RangeError(`createLab: regions must name each region once; got ${JSON.stringify(name)} twice`);
    }
  }
  for (const [name, port] of byRegion('createLab: ports', ports, regions)) {
    check.integer(`createLab: ports['${name}']`, port, { min: 1, max: 65_535 });
  }
  for (const [name, value] of Object.entries(check.object('createLab: settings', settings))) {
    const fits = ['string', 'number', 'boolean'].includes(typeof value) && !String(value).includes('\0');
    if (!fits || !/^[a-z_][a-z0-9_.]*$/i.test(name)) {
      throw new TypeError(
        `createLab: settings must be names of postgresql.conf with a string, number or boolean; got ${JSON.stringify(name)}: ${typeof value}`,
      );
    }
  }
  const chosen = binDir ?? process.env['REGIONKIT_PG_BIN'];
  return {
    regions: [...regions],
    primary: primary === undefined ? (regions[0] as Name) : check.oneOf('createLab: primary', primary, regions),
    roundTripMs: readRoundTrips('createLab: roundTripMs', roundTripMs, regions),
    binDir: binDir !== undefined ? check.string('createLab: binDir', binDir) : chosen || undefined,
    settings,
    monitor: check.boolean('createLab: monitor', options.monitor ?? true),
    ports,
    directory: check.string('createLab: directory', options.directory ?? tmpdir()),
    logDir: logDir === undefined ? undefined : check.string('createLab: logDir', logDir),
    startTimeoutMs: check.integer('createLab: startTimeoutMs', options.startTimeoutMs ?? 60_000, { min: 1 }),
    onProgress: check.function('createLab: onProgress', options.onProgress ?? toTerminal),
  };
}
