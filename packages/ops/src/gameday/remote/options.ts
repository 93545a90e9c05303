import { randomInt } from 'node:crypto';
import type { Context } from '../../command.ts';
import type { Operations } from '../../config/check-config.ts';
import { readCa } from '../../config/read-ca.ts';
import { OpsError } from '../../errors.ts';
import { durationOption } from '../../options/duration.ts';
import { list } from '../../options/text.ts';
import { DEFAULT_OBJECTIVE_MS, DEFAULT_RPO_MS, outOption } from '../options.ts';

export interface RemoteOptions {
  readonly scenario: string;
  readonly mode: 'observe' | 'hooks';
  readonly seed: string;
  readonly out: string;
  readonly objectiveMs: number;
  readonly rpoMs: number;
  /** Where clients come in, by name. */
  readonly places: ReadonlyMap<string, string>;
  readonly path: string;
  readonly withinMs: number;
  readonly stableMs: number;
  readonly ca: string | undefined;
}

const WITHIN_MS = 1_800_000;
const STABLE_MS = 30_000;

/** @throws {OpsError} `ERR_OPS_USAGE` or `ERR_OPS_CONFIG` */
export async function readRemoteOptions({ values, directory }: Context, config: Operations): Promise<RemoteOptions> {
  const { path, without, inject, serve, seed, scenario = ['observed'] } = values;
  if (typeof path !== 'string' || !/^\/[\x21-\x7e]*$/.test(path)) {
    throw usage(
      'without --local, --path must be a path of the app that writes and reads rows: POST PATH, GET PATH?id=',
    );
  }
  if (serve !== undefined || seed !== undefined) throw usage('--serve and --seed are for --local');
  if (inject !== undefined && inject !== 'hooks') throw usage('--inject must be hooks');
  if (inject === 'hooks' && config.gameday.inject.length === 0) {
    throw new OpsError('ERR_OPS_CONFIG', '--inject hooks needs gameday.inject in the configuration');
  }
  const names = scenario as readonly string[];
  const [name = ''] = names;
  if (names.length !== 1 || !/^[a-z0-9][a-z0-9-]{0,60}$/.test(name)) {
    throw usage('without --local, --scenario must be one name for the journal: letters, digits and -');
  }
  const regions = config.regions.map((region) => region.name);
  if (without !== undefined && !regions.includes(String(without)))
    throw usage(`--without must be one of ${list(regions)}`);
  return {
    scenario: name,
    mode: inject === 'hooks' ? 'hooks' : 'observe',
    seed: String(randomInt(1_000_000)),
    out: outOption(values['out'], directory),
    objectiveMs: durationOption('objective', values['objective'], DEFAULT_OBJECTIVE_MS),
    rpoMs: durationOption('rpo', values['rpo'], DEFAULT_RPO_MS),
    places: placesOf(config, without === undefined ? undefined : String(without)),
    path,
    withinMs: durationOption('within', values['within'], WITHIN_MS),
    stableMs: durationOption('stable', values['stable'], STABLE_MS),
    ca: await readCa(config.caFile, directory),
  };
}

/** The global hosts, as clients use them. Without any, the origin of each region but the one that is lost. */
function placesOf({ hosts, regions }: Operations, without: string | undefined): ReadonlyMap<string, string> {
  const places =
    hosts.length > 0
      ? hosts.map((host) => [host, `https://${host}`] as const)
      : regions.flatMap(({ name, origin }) =>
          origin === undefined || name === without ? [] : [[name, origin] as const],
        );
  if (places.length === 0) {
    throw new OpsError(
      'ERR_OPS_CONFIG',
      'config: without hosts, and without an origin of a region, no client can come in',
    );
  }
  return new Map(places);
}

const usage = (message: string): OpsError => new OpsError('ERR_OPS_USAGE', message);
