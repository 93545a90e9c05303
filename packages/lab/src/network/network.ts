import { createLink, type Flow, type Link } from './link.ts';

export interface NetworkOptions<Name extends string> {
  readonly regions: readonly Name[];
  readonly roundTripMs: (from: Name, to: Name) => number;
  /** Returns the fixed port of a region's own link, if it has one. */
  readonly port: (region: Name) => number | undefined;
}

/** All paths from a region to the database of another, and to its own. Without `from`: from every region. */
export interface Network<Name extends string> {
  link(from: Name, to: Name): Link;
  setFlow(flow: Flow, to: Name, from?: Name): Promise<void>;
  /** Cuts a region off from all others, in both directions. Inside the region nothing changes. */
  isolate(region: Name): Promise<void>;
  /** Ends faults: on the path from one region, or on every path to and from this one. */
  heal(region: Name, from?: Name): Promise<void>;
  setExtraMs(ms: number, to: Name, from?: Name): void;
  reset(to: Name, from?: Name): void;
  /** Sets where the region's server listens. Undefined while it is down. */
  setServer(region: Name, port: number | undefined): Promise<void>;
  close(): void;
}

interface Way<Name extends string> {
  readonly from: Name;
  readonly to: Name;
  readonly link: Link;
}

export async function createNetwork<Name extends string>(options: NetworkOptions<Name>): Promise<Network<Name>> {
  const { regions, roundTripMs, port } = options;
  const ways: Way<Name>[] = [];
  const links = (wanted: (way: Way<Name>) => boolean): readonly Link[] => ways.filter(wanted).map(({ link }) => link);
  const into = (region: Name, from?: Name): readonly Link[] =>
    links((way) => way.to === region && (from === undefined || way.from === from));
  const setAll = async (chosen: readonly Link[], flow: Flow): Promise<void> => {
    await Promise.all(chosen.map((link) => link.setFlow(flow)));
  };
  const close = (): void => {
    for (const { link } of ways) link.close();
  };

  try {
    for (const to of regions) {
      for (const from of regions) {
        const fixed = from === to ? port(to) : undefined;
        ways.push({ from, to, link: await createLink({ to, roundTripMs: roundTripMs(from, to), port: fixed }) });
      }
    }
  } catch (error) {
    close();
    throw error;
  }

  return {
    link: (from, to) => into(to, from)[0] as Link,
    setFlow: (flow, to, from) => setAll(into(to, from), flow),
    isolate: (region) =>
      setAll(
        links(({ from, to }) => (from === region) !== (to === region)),
        'cut',
      ),
    heal: (region, from) =>
      setAll(
        from === undefined ? links((way) => way.from === region || way.to === region) : into(region, from),
        'pass',
      ),
    setExtraMs: (ms, to, from) => {
      for (const link of into(to, from)) link.setExtraMs(ms);
    },
    reset: (to, from) => {
      for (const link of into(to, from)) link.reset();
    },
    setServer: async (region, server) => {
      await Promise.all(into(region).map((link) => link.setServer(server)));
    },
    close,
  };
}
