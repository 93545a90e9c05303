import http from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createEvents, defineRegions, type Regions } from '@regionkit/core';
import { createOperatorDoor, type OperatedRouter, type RouterEventName } from '@regionkit/health/operator';

export const TOKEN = 'an-operator-token-of-32-bytes-or-more';
export const NAMES = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;
export type Name = (typeof NAMES)[number];

const EVENTS: readonly RouterEventName[] = [
  'primary',
  'primary-lost',
  'node',
  'fenced',
  'epoch',
  'hold',
  'hold-ended',
  'writes-paused',
  'suspended',
];

export type Topology = ReturnType<OperatedRouter['topology']>;

/** Three databases of which `primary` takes the writes. */
export function topologyOf(primary: string | undefined, timeline = 1, lagMs = 40): Topology {
  return {
    state: primary === undefined ? 'no-primary' : 'ready',
    ...(primary !== undefined && {
      primary: { region: primary, node: `${primary}/0`, epoch: { system: '7', timeline, owner: `${primary}/0` } },
    }),
    highest: { system: '7', timeline, owner: `${primary ?? 'us-east-1'}/0` },
    forks: [],
    nodes: NAMES.map((region) => ({
      id: `${region}/0`,
      region,
      state: region === primary ? 'primary' : 'replica',
      readable: true,
      timeline,
      position: 0x3000148n,
      ...(region !== primary && { lagMs }),
      connections: 2,
    })),
  };
}

/** A door on a router that says what the test wants. */
export function fakeProcess(region: Name, regions: Regions<Name>, clean: (close: () => unknown) => void) {
  const events = createEvents<Record<RouterEventName, object>>('test-router', EVENTS);
  let topology = topologyOf('us-east-1');
  let stats: object = { holding: 0 };
  const router: OperatedRouter = {
    writes: 'forward',
    topology: () => topology,
    stats: () => stats,
    secrets: () => ({}),
    confirmPrimary: async () => {},
    resetEpoch: async () => {},
    recycle: () => {},
    pauseWrites: async () => ({ drained: true, underWay: 0, leftMs: 0, waitingFor: [] }),
    resumeWrites: () => false,
    on: (event, listener) => (EVENTS.includes(event) ? events.on(event, listener) : () => {}),
  };
  const door = createOperatorDoor({
    regions: { ...regions, self: region },
    token: TOKEN,
    router,
    heartbeatMs: 100,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const server = http.createServer(door.node((_request, response) => void response.writeHead(404).end()));
  clean(() => {
    door.close();
    closeServer(server);
  });
  return {
    server,
    emit: events.emit,
    knows: (next: Topology, counted: object = { holding: 0 }) => {
      topology = next;
      stats = counted;
    },
    die: () => closeServer(server),
  };
}

/** No door answers there. */
export const NO_PORTS: Readonly<Record<Name, number>> = { 'us-east-1': 1, 'eu-west-1': 2, 'ap-southeast-1': 3 };

export function closeServer(server: http.Server): void {
  server.closeAllConnections();
  server.close();
}

export async function listen(server: http.Server | ReturnType<typeof createServer>, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A balancer that leads each connection to the next of several ports. */
export async function balancer(ports: readonly number[], clean: (close: () => unknown) => void): Promise<number> {
  let next = 0;
  const server = createServer((client) => {
    const upstream = connect(ports[next % ports.length] as number, '127.0.0.1');
    next += 1;
    client.pipe(upstream).pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  clean(() => server.close());
  return listen(server);
}

export function regionsOn(ports: Readonly<Record<Name, number>>): Regions<Name> {
  return defineRegions({
    self: 'us-east-1' as string,
    all: {
      'us-east-1': { origin: `http://127.0.0.1:${ports['us-east-1']}` },
      'eu-west-1': { origin: `http://127.0.0.1:${ports['eu-west-1']}` },
      'ap-southeast-1': { origin: `http://127.0.0.1:${ports['ap-southeast-1']}` },
    },
    development: true,
  });
}
