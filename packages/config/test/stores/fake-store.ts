import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of secrets, over the wire. A test sets its answer or its fault. */
export interface FakeStore {
  readonly url: string;
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  /** What it answers. */
  body: unknown;
  status: number;
  fault: ((response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
}

export async function fakeStore(): Promise<FakeStore> {
  const server = createServer((request, response) => {
    store.requests.push({ path: request.url ?? '', headers: request.headers });
    if (store.fault !== undefined) store.fault(response);
    else response.writeHead(store.status, { 'content-type': 'application/json' }).end(JSON.stringify(store.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const store: FakeStore = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    body: {},
    status: 200,
    fault: undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return store;
}
