import { createLink, type Flow, type Link } from './link.ts';

export interface NetworkOptions<Name extends string> {
  readonly regions: readonly Name[];
  readonly roundTripMs: (from: Name, to: Name) => number;
  readonly port: (region: Name) => number | undefined;
}

/** Every way from one region to the database of another, and to its own. `from` left out means every region. */
export interface Network<Name extends string> {
  link(from: Name, to: Name): Link;
  setFlow(flow: Flow, to: Name, from?: Name): void;
  /** Cuts a region off from all others, both ways. Within itself nothing changes. */
  isolate(region: Name): void;
  /** Lets everything pass: on the way from one region, or on every way to and from this one. */
  heal(region: Name, from?: Name): void;
  setExtraMs(ms: number, to: Name, from?: Name): void;
  reset(to: Name, from?: Name): void;
  setServer(region: Name, port: number | undefined): Promise<void>;
  close(): void;
}

export async function createNetwork<Name extends string>(options: NetworkOptions<Name>): Promise<Network<Name>> {
  const { regions, roundTripMs, port } = options;
  const links = new Map<Name, Map<Name, Link>>(); // to -> from -> link
  for (const to of regions) {
    const inbound = new Map<Name, Link>();
    links.set(to, inbound);
    for (const from of regions) {
      const fixed = from === to ? port(to) : undefined;
      inbound.set(from, await createLink({ roundTripMs: roundTripMs(from, to), port: fixed }));
    }
  }
  const inbound = (to: Name): Map<Name, Link> => links.get(to) as Map<Name, Link>;
  const link = (from: Name, to: Name): Link => inbound(to).get(from) as Link;
  const to = (region: Name, from?: Name): readonly Link[] =>
    from === undefined ? [...inbound(region).values()] : [link(from, region)];
  const others = (region: Name): readonly Name[] => regions.filter((name) => name !== region);

  return {
    link,
    setFlow: (flow, region, from) => {
      for (const each of to(region, from)) each.setFlow(flow);
    },
    isolate: (region) => {
      for (const other of others(region)) {
        link(other, region).setFlow('cut');
        link(region, other).setFlow('cut');
      }
    },
    heal: (region, from) => {
      const ways =
        from === undefined ? [...to(region), ...others(region).map((other) => link(region, other))] : to(region, from);
      for (const each of ways) each.setFlow('pass');
    },
    setExtraMs: (ms, region, from) => {
      for (const each of to(region, from)) each.setExtraMs(ms);
    },
    reset: (region, from) => {
      for (const each of to(region, from)) each.reset();
    },
    setServer: async (region, server) => {
      await Promise.all(to(region).map((each) => each.setServer(server)));
    },
    close: () => {
      for (const region of regions) for (const each of to(region)) each.close();
    },
  };
}
