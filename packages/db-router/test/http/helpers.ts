import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { defineRegions, type Epoch, type Regions } from '@regionkit/core';
import type { GateRouter, RequestScope } from '../../src/gate-seam.ts';

export const SECRET = 'a secret that is long enough for a mark';
export const EPOCH: Epoch = { system: '7301', timeline: 3, owner: 'us-east-1/pg-1' };

export type Name = 'us-east-1' | 'eu-west-1';

/** Both regions, on this machine. */
export function regionsOf(self: Name, origins: Readonly<Record<Name, string>>): Regions<Name> {
  return defineRegions({
    self: self as string,
    all: { 'us-east-1': { origin: origins['us-east-1'] }, 'eu-west-1': { origin: origins['eu-west-1'] } },
    hosts: ['app.example.com'],
    development: true,
  });
}

/** A router that says what it is told to, and notes what it is asked. */
export interface StubRouter extends GateRouter<Name> {
  primary: Name | undefined;
  writes: GateRouter['writes'];
  regions: Regions<Name>;
  issued: { written?: string; seen?: string };
  readonly scopes: { tokens: readonly string[]; access: 'read' | 'write' }[];
  readonly heard: Epoch[];
  doubts: number;
  unreached: number;
  /** What it says of every read: nothing here has what its token asks for; a promise: not known before a wait. */
  outOfReach: boolean | Promise<boolean>;
  /** The epochs under which something unknown was noted. */
  readonly unknown: Epoch[];
  /** How many requests are inside a scope now. */
  entered: number;
  hold: (signal: AbortSignal) => Promise<Name>;
}

export const ORIGINS = { 'us-east-1': 'https://us.example.com', 'eu-west-1': 'https://eu.example.com' } as const;

export function stubRouter(self: Name, primary: Name | undefined = 'us-east-1'): StubRouter {
  const router: StubRouter = {
    self,
    regions: regionsOf(self, ORIGINS),
    writes: 'forward',
    primary,
    issued: {},
    scopes: [],
    heard: [],
    doubts: 0,
    unreached: 0,
    outOfReach: false,
    unknown: [],
    entered: 0,
    hold: () => Promise.reject(new Error('nothing was held')),
    gate: {
      openScope: (options): RequestScope => {
        router.scopes.push({ tokens: [...options.tokens], access: options.access });
        return {
          run: (fn) => {
            router.entered += 1;
            return fn();
          },
          needsPrimary: () => router.outOfReach,
          noteUnknown: (epoch) => {
            router.unknown.push(epoch);
          },
          closeHead: () => router.issued,
          issue: () => router.issued,
          endHead: () => {},
        };
      },
      primaryNow: () => (router.primary === undefined ? undefined : { region: router.primary, epoch: EPOCH }),
      locatePrimary: async ({ signal }) => ({ region: await router.hold(signal), epoch: EPOCH }),
      learnEpoch: (epoch) => {
        router.heard.push(epoch);
      },
      highest: () => EPOCH,
      recheckPrimary: () => {
        router.doubts += 1;
      },
      notePrimaryUnreached: () => {
        router.unreached += 1;
      },
    },
  };
  return router;
}

/** A server on a free port of this machine, closed with everything on it. */
export interface Running {
  readonly origin: string;
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

export async function listen(server: Server): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export function serve(listener: RequestListener): Promise<Running> {
  return listen(createServer(listener));
}

/** Sends bytes as they are, and gives back all that comes until the other side ends, or `until` is in it. */
export function raw(port: number, bytes: string | Buffer, until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let got = '';
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      got += text;
      if (until?.test(got)) socket.destroy();
    });
    socket.on('close', () => resolve(got));
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(got) : reject(error)));
    socket.write(bytes);
  });
}

/** Resolves when `condition` holds, looked at each time the event loop turns. */
export async function eventually(condition: () => boolean, turns = 5_000): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('it never came true');
}
