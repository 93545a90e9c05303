import type { Regions } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { Pool } from 'pg';
import type { RegionKitOptions } from './options.ts';

/** Where the databases come from: URLs, for which the kit makes pools; pools of the app; or the pools of a given router. */
export type Databases<Name extends string> =
  | { readonly from: 'urls'; readonly urls: { readonly [Region in Name]?: readonly string[] } }
  | { readonly from: 'pools'; readonly pools: { readonly [Region in Name]?: Pool | readonly Pool[] } }
  | { readonly from: 'router' };

const OPTIONS = ['databaseUrl', 'databaseUrls', 'pools'] as const;
const SEVERAL = `createRegionKit: ${OPTIONS.join(', ')}: give one of them`;

/**
 * @throws {TypeError | RangeError} No option names the databases, or more than one does; or a URL is wrong. No message
 * contains a URL.
 */
export function readDatabases<Name extends string>(
  given: Pick<RegionKitOptions<Name>, (typeof OPTIONS)[number] | 'poolConfig' | 'environment'>,
  regions: Regions<Name>,
  hasRouter: boolean,
): Databases<Name> {
  const [first, ...more] = OPTIONS.filter((name) => given[name] !== undefined);
  if (hasRouter) {
    if (given.environment !== undefined) {
      throw new TypeError('createRegionKit: environment must be left out: the router that was given has its own');
    }
    if (first === undefined) {
      checkNoPoolConfig(given, 'the router that was given has its own pools');
      return { from: 'router' };
    }
    throw new TypeError(`createRegionKit: ${first} must be left out: the router that was given has its own pools`);
  }
  if (first === undefined) {
    const empty = OPTIONS.find((name) => name in given) ?? 'databaseUrl';
    throw new TypeError(`createRegionKit: ${empty} must be set; it is not set`);
  }
  if (more.length > 0) throw new TypeError(`${SEVERAL}; got ${[first, ...more].join(' and ')}`);
  switch (first) {
    case 'databaseUrl':
      return { from: 'urls', urls: { [regions.self]: [checkUrl('databaseUrl', given.databaseUrl)] } as never };
    case 'databaseUrls':
      return { from: 'urls', urls: readUrls(given.databaseUrls as object, regions) };
    case 'pools':
      checkNoPoolConfig(given, 'the pools that were given have options of their own');
      return { from: 'pools', pools: checkPools(given.pools as object) as never };
  }
}

function checkNoPoolConfig({ poolConfig }: Pick<RegionKitOptions, 'poolConfig'>, why: string): void {
  if (poolConfig !== undefined) throw new TypeError(`createRegionKit: poolConfig must be left out: ${why}`);
}

function readUrls<Name extends string>(given: object, regions: Regions<Name>) {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(
      `createRegionKit: databaseUrls must be an object of URLs by region, such as { '${regions.self}': url }`,
    );
  }
  const seen = new Map<string, string>();
  const urls: { [Region in Name]?: readonly string[] } = {};
  for (const [name, value] of Object.entries(given)) {
    const option = `databaseUrls['${name}']`;
    const region = regions.get(name);
    if (region === undefined) {
      const names = regions.list.map((each) => each.name).join(', ');
      throw new RangeError(`createRegionKit: ${option} must be under the name of a region: ${names}`);
    }
    urls[region.name] = (Array.isArray(value) ? value : [value]).map((url: unknown) => {
      const checked = checkUrl(option, url);
      const other = seen.get(checked);
      if (other !== undefined) {
        throw new RangeError(`createRegionKit: ${option} must lead to a server of its own; it is also ${other}`);
      }
      seen.set(checked, option);
      return checked;
    });
  }
  return urls;
}

function checkUrl(option: string, given: unknown): string {
  if (given === undefined) throw new TypeError(`createRegionKit: ${option} must be set; it is not set`);
  if (typeof given === 'object') {
    throw new TypeError(
      `createRegionKit: ${option} must be one URL; databaseUrls takes URLs by region, pools takes pools`,
    );
  }
  const url = check.string(`createRegionKit: ${option}`, given);
  if (!/^postgres(?:ql)?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new RangeError(
      `createRegionKit: ${option} must be a URL such as postgres://user:password@host:5432/database, with the special characters of the password percent-encoded`,
    );
  }
  return url;
}

function checkPools(given: object): object {
  const isText = (value: unknown): boolean => typeof value === 'string';
  if (isText(given) || Object.values(given ?? {}).some((value) => [value].flat().some(isText))) {
    throw new TypeError('createRegionKit: pools must be pools of pg by region; databaseUrls takes URLs');
  }
  return given;
}
