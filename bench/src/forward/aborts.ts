import { once } from 'node:events';
import { connect } from 'node:net';
import type { ServerProcess } from '../server-process.ts';
import { judge, type TrialResult } from '../trial.ts';

const ABORTS = 10_000;
/** Before memory is looked at: what is made once, compiled code above all, is no growth. */
const WARM_UP = 500;
const AT_ONCE = 50;
/** Idle connections to the origin are given up by then. */
const SETTLE_MS = 6_000;

interface Leaving {
  readonly request: string;
  /** Leaves when the answer has begun; else a moment after the request was sent. */
  readonly onceAnswered: boolean;
}

/** In turn: a part of the body is sent; the answer is awaited; a part of the answer was read. Then the client is gone. */
const LEAVING: readonly Leaving[] = [
  {
    request: 'POST /orders HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 65536\r\n\r\npart',
    onceAnswered: false,
  },
  {
    request: 'POST /slow HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\n{}',
    onceAnswered: false,
  },
  {
    request: 'POST /source?bytes=1048576 HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 0\r\n\r\n',
    onceAnswered: true,
  },
];
/** Long enough for a request to be on its way to the origin. */
const MOMENT_MS = 5;
/** The origin has noticed the last of them by then. */
const NOTICED_MS = 500;

/** Clients that leave in the middle, and what is left of them afterwards. */
export async function aborting(
  origin: ServerProcess,
  forwarders: readonly (readonly [name: string, server: ServerProcess])[],
): Promise<TrialResult> {
  for (const [, server] of forwarders) await leaveInTheMiddle(server.port, WARM_UP);
  await pause(SETTLE_MS);
  const before = await Promise.all(forwarders.map(([, server]) => server.ask({ collected: true })));
  const secondsTaken: number[] = [];
  const cutShort: number[] = [];
  for (const [, server] of forwarders) {
    const { cutShort: cutBefore = Number.NaN } = await origin.ask();
    const begin = performance.now();
    await leaveInTheMiddle(server.port, ABORTS);
    secondsTaken.push((performance.now() - begin) / 1_000);
    await pause(NOTICED_MS);
    cutShort.push(((await origin.ask())['cutShort'] ?? Number.NaN) - cutBefore);
  }
  await pause(SETTLE_MS);
  const samples = await Promise.all(
    forwarders.map(async ([name, server], at) => {
      const {
        heapMiB = Number.NaN,
        sockets = Number.NaN,
        inFlight = Number.NaN,
      } = await server.ask({ collected: true });
      const was = before[at] as (typeof before)[number];
      const sample = {
        inFlight,
        socketsLeft: sockets - (was['sockets'] ?? Number.NaN),
        heapGrowthMiB: heapMiB - (was['heapMiB'] ?? Number.NaN),
        cutShort: cutShort[at] ?? Number.NaN,
        seconds: secondsTaken[at] ?? Number.NaN,
      };
      return [name, [sample]] as const;
    }),
  );
  return judge(
    {
      title: `${ABORTS.toLocaleString('en-US')} clients that leave in the middle`,
      baseline: 'regionkit',
      metrics: ['heapGrowthMiB', 'socketsLeft', 'inFlight', 'cutShort', 'seconds'],
      bars: [
        { contender: 'regionkit', metric: 'inFlight', atMost: 0 },
        { contender: 'regionkit', metric: 'socketsLeft', atMost: 0 },
        { contender: 'regionkit', metric: 'heapGrowthMiB', atMost: 5 },
        // Or else they left before there was anything to leave behind: these are the third that leaves in its body. A write
        // that the origin has whole goes on to its answer (HTTP.md), and the origin gives the large answer to the kernel at once.
        { contender: 'regionkit', metric: 'cutShort', atLeast: ABORTS / 4 },
      ],
      notes: [
        `One third of the clients leave after a part of the body, one third while they wait for the answer, and one third after a part of the answer. The forwarders run one after the other. Measured ${SETTLE_MS / 1_000} s later, after garbage collection. Growth is compared with the memory after ${WARM_UP} others left before them. \`cutShort\`: the exchanges the origin saw end early, those that had reached it and were not answered whole yet. \`socketsLeft\` counts connections to the origin that are kept alive.`,
      ],
    },
    new Map(samples),
  );
}

async function leaveInTheMiddle(port: number, clients: number): Promise<void> {
  let left = clients;
  const leave = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await abort(port, LEAVING[left % LEAVING.length] as Leaving);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, leave));
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function abort(port: number, { request, onceAnswered }: Leaving): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    socket.write(request);
    const answered = once(socket, 'data') as Promise<[Buffer]>;
    const moment = pause(MOMENT_MS);
    const closed = once(socket, 'close').then((): never => {
      throw new Error('the connection was closed');
    });
    for (const outcome of [answered, closed]) outcome.catch(() => {});
    const heard = await Promise.race(onceAnswered ? [answered, closed] : [answered, closed, moment]);
    const head = heard?.[0].toString('latin1', 0, 80);
    // A refusal would leave nothing behind, and prove nothing.
    if (head !== undefined && !head.startsWith('HTTP/1.1 200')) throw new Error(`unexpected answer: ${head}`);
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}
