import type { Context } from '../command.ts';
import type { Operations } from '../config/check-config.ts';
import { readCa } from '../config/read-ca.ts';
import { OpsError } from '../errors.ts';
import { durationOption } from '../options/duration.ts';
import { list } from '../options/text.ts';
import type { Layer } from './layer.ts';
import { app } from './layers/app.ts';
import { dns } from './layers/dns.ts';
import { read } from './layers/read.ts';
import { tls } from './layers/tls.ts';
import { write } from './layers/write.ts';
import type { ObservationLimits } from './observation.ts';
import { type Resolved, readResolve } from './resolve.ts';

const LAYERS: readonly Layer[] = [dns, tls, app, read, write];

export interface SmokeOptions extends ObservationLimits {
  readonly regions: readonly string[];
  /** Undefined: those for which the configuration of a region has what they need. */
  readonly layers: readonly Layer[] | undefined;
  readonly resolved: Resolved;
  readonly expectVersion: string | undefined;
  readonly path: string | undefined;
  readonly ca: string | undefined;
  readonly observeMs: number;
  readonly intervalMs: number;
}

/** @throws {OpsError} `ERR_OPS_USAGE` */
export async function readOptions({ values, directory }: Context, config: Operations): Promise<SmokeOptions> {
  const names = config.regions.map(({ name }) => name);
  const regions = (values['region'] as readonly string[] | undefined) ?? names;
  if (regions.some((name) => !names.includes(name))) throw usage(`--region must be one of ${list(names)}`);
  const path = values['path'] as string | undefined;
  if (path !== undefined && !/^\/[\x21-\x7e]*$/.test(path)) throw usage('--path must be a path of the app: /smoke');
  const observeMs = durationOption('observe', values['observe'], 0);
  const intervalMs = durationOption('interval', values['interval'], 10_000);
  if (intervalMs < 1) throw usage('--interval must be longer than nothing');
  return {
    regions,
    layers: readLayers(values['layers'] as string | undefined, regions, config),
    resolved: readResolve(values['resolve'] as readonly string[] | undefined),
    expectVersion: values['expect-version'] as string | undefined,
    path,
    ca: await readCa(config.caFile, directory),
    observeMs,
    intervalMs,
    minSamples: count('min-samples', values['min-samples'], 20),
    failureLimit: count('failure-limit', values['failure-limit'], 0),
  };
}

const usage = (message: string): OpsError => new OpsError('ERR_OPS_USAGE', message);

function readLayers(
  given: string | undefined,
  regions: readonly string[],
  config: Operations,
): readonly Layer[] | undefined {
  if (given === undefined) return undefined;
  const asked = given.split(',');
  const unknown = asked.find((name) => !LAYERS.some((layer) => layer.name === name));
  if (unknown !== undefined) throw usage(`--layers must be a list of ${list(LAYERS.map(({ name }) => name))}`);
  const layers = LAYERS.filter(({ name }) => asked.includes(name));
  for (const region of regions) {
    const lacking = layers.find((layer) => !available(region, config).includes(layer));
    if (lacking !== undefined) {
      throw usage(`--layers: ${lacking.name} needs regions['${region}'].${lacking.needs} in the configuration`);
    }
  }
  return layers;
}

/** The layers for which the configuration of a region has what they need. TLS needs an origin that has it. */
export function available(region: string, { regions, nodes }: Operations, byDefault = false): readonly Layer[] {
  const origin = regions.find(({ name }) => name === region)?.origin;
  return LAYERS.filter((layer) => {
    if (layer.needs === 'databases') return nodes.some((node) => node.region === region);
    return origin !== undefined && !(byDefault && layer === tls && origin.startsWith('http:'));
  });
}

function count(name: string, given: unknown, byDefault: number): number {
  if (given === undefined) return byDefault;
  if (!/^\d{1,6}$/.test(String(given))) throw usage(`--${name} must be a number: ${byDefault}`);
  return Number(given);
}
