import {
  Agent,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import { listenOn } from './listen-on.ts';

/** In front of the processes of one region: each request goes to the next one, whichever client it comes from. */
export interface Balancer {
  open(): Promise<void>;
  close(): void;
}

/** A process that has ended refuses the connection: nothing was sent, so the next one is asked. */
const ABSENT = 'ECONNREFUSED';

export function createBalancer(port: number, processes: readonly number[]): Balancer {
  const agent = new Agent({ keepAlive: true });
  let next = 0;
  let server: Server | undefined;

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer, tries: number): void => {
    const target = processes[next % processes.length] as number;
    next += 1;
    const { method, url, rawHeaders } = incoming;
    const onward = send(
      { host: '127.0.0.1', port: target, method, path: url, headers: rawHeaders as never, agent, setHost: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      },
    );
    onward.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === ABSENT && tries < processes.length) pass(incoming, outgoing, body, tries + 1);
      // What became of it is not known: its client sees a connection that ends.
      else incoming.socket.destroy();
    });
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) onward.destroy();
    });
    onward.end(body);
  };

  return {
    open: async () => {
      server = createServer({ keepAliveTimeout: 120_000 }, (incoming, outgoing) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', () => {});
        incoming.on('end', () => pass(incoming, outgoing, Buffer.concat(chunks), 1));
      });
      if (!(await listenOn(server, port))) throw new Error(`port ${port} is taken`);
    },
    close: () => {
      server?.close();
      server?.closeAllConnections();
      agent.destroy();
    },
  };
}
