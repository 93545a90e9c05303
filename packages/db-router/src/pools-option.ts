import type { Regions } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { Pool } from 'pg';

/** One pool of the option `pools`, under the name of its node. */
export interface GivenNode<Name extends string = string> {
  /** `region/place`. */
  readonly id: string;
  readonly region: Name;
  readonly pool: Pool;
}

/** Sets of nodes are bits of one integer. */
const MAX_NODES = 30;

/** Before 8.22 a client does not tell whether its transaction is open. Its connection cannot be shared safely. */
function isOlderThanSupported(pool: Pool): boolean {
  const { prototype } = (pool as { readonly Client?: { readonly prototype?: object } }).Client ?? {};
  return prototype !== undefined && 'query' in prototype && !('getTransactionStatus' in prototype);
}

/** @throws {TypeError | RangeError} A pool is not one, is too old, was given twice, or stands under no region. */
export function checkPools<Name extends string>(
  given: { readonly [Region in Name]?: Pool | readonly Pool[] },
  regions: Regions<Name>,
): readonly GivenNode<Name>[] {
  check.object('createRegionRouter: pools', given);
  if (typeof (given as { connect?: unknown }).connect === 'function') {
    throw new TypeError(
      `createRegionRouter: pools must be an object of pools by region, such as { '${regions.self}': pool }; got a pool`,
    );
  }
  const seen = new Set<Pool>();
  const nodes = Object.keys(given).flatMap((name) => {
    const option = `createRegionRouter: pools['${name}']`;
    const region = regions.get(name)?.name;
    if (region === undefined)
      throw new RangeError(`${option} must be a region of the map; got ${JSON.stringify(name)}`);
    const pools = given[region] as Pool | readonly Pool[] | undefined;
    return (pools === undefined ? [] : Array.isArray(pools) ? (pools as readonly Pool[]) : [pools as Pool]).map(
      (pool, place) => {
        check.object(option, pool);
        if (typeof pool.connect !== 'function' || typeof pool.on !== 'function' || typeof pool.options !== 'object') {
          throw new TypeError(`${option} must be a pg Pool, or a list of them`);
        }
        if (isOlderThanSupported(pool)) throw new RangeError(`${option} must come from pg 8.22 or newer`);
        if (pool.options.pipeline === true) throw new RangeError(`${option} must not have pipeline: true`);
        if (seen.has(pool)) throw new RangeError(`${option} must be a pool of its own: the same one was given twice`);
        seen.add(pool);
        return { id: `${region}/${place}`, region, pool };
      },
    );
  });
  if (nodes.length === 0) throw new RangeError('createRegionRouter: pools must hold at least one pool');
  if (nodes.length > MAX_NODES) throw new RangeError(`createRegionRouter: pools must hold at most ${MAX_NODES} pools`);
  return nodes;
}
