import { get } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What plays DNS here: for each place a client may be in, the regions from the nearest to the farthest. */
export interface EdgeOptions<Name extends string> {
  readonly nearest: Readonly<Record<Name, readonly Name[]>>;
  /** The port on which a region's app listens. */
  readonly portOf: (region: Name) => number;
  /** How often each region's `/health` is asked: Route 53 asks every 10 or 30 s, the demo has less time. */
  readonly everyMs: number;
  /** Answers in a row that change a verdict, both ways, as with Route 53. */
  readonly threshold: number;
}

/** A listener for each place, that leads each new connection to the nearest healthy region, as a latency DNS would. */
export interface Edge<Name extends string> {
  /** The port a client in `place` uses for the global name. */
  port(place: Name): number;
  healthy(region: Name): boolean;
  /** When the verdict on a region last changed, on `performance.now()`. */
  changedAtMs(region: Name): number;
  /** Where a new connection from `place` is led. */
  resolve(place: Name): Name;
  close(): Promise<void>;
}

export async function createEdge<Name extends string>(options: EdgeOptions<Name>): Promise<Edge<Name>> {
  const places = Object.keys(options.nearest) as Name[];
  const verdicts = new Map(places.map((name) => [name, { healthy: true, against: 0, changedAtMs: performance.now() }]));

  const look = async (region: Name): Promise<void> => {
    const verdict = verdicts.get(region);
    if (verdict === undefined) return;
    const healthy = await answersHealth(options.portOf(region));
    verdict.against = healthy === verdict.healthy ? 0 : verdict.against + 1;
    if (verdict.against >= options.threshold)
      Object.assign(verdict, { healthy, against: 0, changedAtMs: performance.now() });
  };
  const timers = places.map((region) => setInterval(() => void look(region), options.everyMs));

  const resolve = (place: Name): Name => {
    const order = options.nearest[place];
    // All unhealthy means all healthy: Route 53 answers as if nothing were wrong rather than with nothing.
    return order.find((region) => verdicts.get(region)?.healthy) ?? (order[0] as Name);
  };

  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  const listeners = await Promise.all(
    places.map(async (place) => {
      const server = createServer((client) => {
        const region = connect(options.portOf(resolve(place)), '127.0.0.1');
        keep(client);
        keep(region);
        client.setNoDelay(true);
        region.setNoDelay(true);
        client.pipe(region).pipe(client);
        client.on('error', () => region.destroy());
        region.on('error', () => client.destroy());
        client.on('close', () => region.destroy());
        region.on('close', () => client.destroy());
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return [place, server] as const;
    }),
  );
  const servers = Object.fromEntries(listeners) as Record<Name, Server>;

  return {
    port: (place) => (servers[place].address() as AddressInfo).port,
    healthy: (region) => verdicts.get(region)?.healthy ?? false,
    changedAtMs: (region) => verdicts.get(region)?.changedAtMs ?? 0,
    resolve,
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      await Promise.all(Object.values<Server>(servers).map((server) => new Promise((done) => server.close(done))));
    },
  };
}

/** One checker's look: a 2xx or 3xx within a second. */
function answersHealth(port: number): Promise<boolean> {
  return new Promise((done) => {
    const request = get({ port, host: '127.0.0.1', path: '/health', timeout: 1_000, agent: false }, (response) => {
      response.resume();
      done((response.statusCode ?? 500) < 400);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => done(false));
  });
}
