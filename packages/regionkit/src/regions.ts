import { defineRegions, type Regions } from '@regionkit/core';
import { named } from './named.ts';
import type { RegionKitOptions } from './options.ts';

/** @throws {TypeError | RangeError} As `defineRegions`; or the app gave a map of regions, and an option that is in it. */
export function readRegions<Name extends string>(
  given: Pick<RegionKitOptions<Name>, 'self' | 'regions' | 'hosts' | 'development'>,
): Regions<Name> {
  const { self, regions, hosts, development } = given;
  if (isRegions(regions)) {
    for (const name of ['self', 'hosts', 'development'] as const) {
      if (given[name] !== undefined) {
        throw new TypeError(
          `createRegionKit: ${name} must be left out: regions comes from defineRegions, which takes it`,
        );
      }
    }
    return regions;
  }
  if (Array.isArray(regions) || typeof regions !== 'object' || regions === null) {
    throw new TypeError(
      "createRegionKit: regions must be an object of origins by region, such as { 'eu-west-1': 'https://app-eu-west-1.example.com' }",
    );
  }
  const all = Object.fromEntries(
    Object.entries(regions).map(([name, region]) => [name, typeof region === 'string' ? { origin: region } : region]),
  ) as Record<Name, { readonly origin: string }>;
  return named(() =>
    defineRegions<Name, string | undefined>({
      self: self as string | undefined,
      all,
      ...(hosts !== undefined && { hosts }),
      ...(development !== undefined && { development }),
    }),
  );
}

function isRegions<Name extends string>(given: RegionKitOptions<Name>['regions']): given is Regions<Name> {
  return typeof given === 'object' && given !== null && Array.isArray((given as Regions).list);
}
