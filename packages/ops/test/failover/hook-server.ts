import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where hooks of a test are posted to. */
export interface HookServer extends AsyncDisposable {
  readonly url: string;
  readonly events: readonly {
    readonly event: string;
    readonly run?: string;
    readonly target?: string;
    readonly region?: string;
    readonly wanted?: number;
  }[];
}

/** `answer` returns the status, or `hang`. */
export async function startHookServer(
  answer: (event: string) => number | 'hang' | Promise<number | 'hang'> = () => 200,
): Promise<HookServer> {
  const events: { event: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const message = JSON.parse(Buffer.concat(chunks).toString()) as { event: string };
    events.push(message);
    const status = await answer(message.event);
    if (status !== 'hang') response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    events,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
