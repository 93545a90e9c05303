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
import { hostOf, type Resolved, readResolve } from './resolve.ts';

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
  const resolved = readResolve(values['resolve'] as readonly string[] | undefined);
  const layers = readLayers(values['layers'] as string | undefined, regions, config);
  mustHaveEffect(values, { regions, layers, resolved, path }, config);
  const observeMs = durationOption('observe', values['observe'], 0);
  const intervalMs = durationOption('interval', values['interval'], 10_000);
  if (intervalMs < 1) throw usage('--interval must be longer than nothing');
  return {
    regions,
    layers,
    resolved,
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

/** An option that nothing uses would look as if it had been tested. @throws {OpsError} `ERR_OPS_USAGE` */
function mustHaveEffect(
  values: Context['values'],
  { regions, layers, resolved, path }: Pick<SmokeOptions, 'regions' | 'layers' | 'resolved' | 'path'>,
  config: Operations,
): void {
  const needs = (option: string, name: Layer['name']): void => {
    const lacking = regions.find(
      (region) => !layersOf({ layers }, region, config).some((layer) => layer.name === name),
    );
    if (values[option] !== undefined && lacking !== undefined)
      throw usage(`--${option}: the layer ${name} is not tested in ${lacking} (--layers, or the configuration)`);
  };
  const originOf = (region: string): string | undefined => config.regions.find(({ name }) => name === region)?.origin;
  const without = regions.find((region) => originOf(region) === undefined);
  if (path !== undefined && without !== undefined) throw usage(`--path needs regions['${without}'].origin`);
  needs('path', 'write');
  needs('expect-version', 'app');
  const origins = regions.flatMap((region) => originOf(region) ?? []);
  const unused = [...resolved.keys()].find((host) => !origins.some((origin) => hostOf(origin) === host));
  if (unused !== undefined) throw usage(`--resolve: no region that is tested has the origin ${unused}`);
  const alone = ['interval', 'min-samples', 'failure-limit'].find((option) => values[option] !== undefined);
  if (alone !== undefined && values['observe'] === undefined) throw usage(`--${alone} needs --observe`);
}

/** The layers that are tested in a region. */
export const layersOf = (
  { layers }: Pick<SmokeOptions, 'layers'>,
  region: string,
  config: Operations,
): readonly Layer[] => layers ?? available(region, config, true);

/** The layers that this region cannot have, each with what its configuration lacks. Undefined if it can have all. */
export function leftOut(region: string, config: Operations): string | undefined {
  const layers = available(region, config, true);
  const missing = LAYERS.filter((layer) => !layers.includes(layer));
  const reasons = missing.map(({ needs }) => {
    const isThere = needs === 'origin' && layers.some((layer) => layer.needs === needs);
    return `regions['${region}'].${needs} is ${isThere ? 'http' : 'not configured'}`;
  });
  const says = [...new Set(reasons)].map((reason) => {
    const names = missing.filter((_, at) => reasons[at] === reason).map(({ name }) => name);
    return `${list(names)} ${names.length === 1 ? 'was' : 'were'} not tested (${reason})`;
  });
  return says.length === 0 ? undefined : `${region}: ${says.join(', ')}.`;
}

/** The layers for which the configuration of a region has what they need. TLS needs an origin that has it. */
function available(region: string, { regions, nodes }: Operations, byDefault = false): readonly Layer[] {
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
