import type { HostAnswer } from './resolve.ts';

/** Where the global hosts lead. `lost`: to the lost region, or nowhere. `unknown`: to none of the known regions. */
export interface DnsSight {
  readonly leads: 'away' | 'lost' | 'silent' | 'unknown';
  readonly says: string;
}

const WORST = ['lost', 'silent', 'unknown', 'away'] as const;

/** Compares what resolvers say of the global hosts with the addresses of the regions' own hosts. Pure. */
export function judgeDns(
  hosts: readonly HostAnswer[],
  regions: { readonly lost: readonly string[]; readonly others: readonly string[] },
): DnsSight {
  // An address of both, such as that of a proxy in front, tells nothing.
  const lost = new Set(regions.lost.filter((address) => !regions.others.includes(address)));
  const others = new Set(regions.others.filter((address) => !regions.lost.includes(address)));
  const sights = hosts.map(({ host, server, addresses }): DnsSight => {
    const by = server === undefined ? host : `${host} (by ${server})`;
    if (addresses === undefined) return { leads: 'silent', says: `${by} could not be resolved` };
    if (addresses.length === 0) return { leads: 'lost', says: `${by} has no address` };
    if (addresses.some((address) => lost.has(address)))
      return { leads: 'lost', says: `${by} still leads to the lost region` };
    return addresses.every((address) => others.has(address))
      ? { leads: 'away', says: `${by} leads to the other regions` }
      : { leads: 'unknown', says: `${by} leads to an address of no region of the configuration` };
  });
  const leads = WORST.find((kind) => sights.some((sight) => sight.leads === kind)) ?? 'away';
  return { leads, says: sights.map(({ says }) => says).join('; ') };
}
