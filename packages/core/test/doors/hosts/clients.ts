import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Answer, Running, Sent } from './host.ts';

/** Listens on loopback and talks HTTP/1.1 to it. */
export async function overHttp(server: http.Server): Promise<Running> {
  if (!server.listening) server.listen(0, '127.0.0.1');
  if (!server.listening) await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  const request = ({ method = 'GET', path, headers = {} }: Sent): http.ClientRequest =>
    http.request({ host: '127.0.0.1', port, method, path, headers: flat(headers), agent: false });

  return {
    send: (sent) =>
      new Promise<Answer>((resolve, reject) => {
        const call = request(sent).on('error', reject);
        call.on('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              all: (name) => response.headersDistinct[name] ?? [],
              body: Buffer.concat(chunks).toString(),
            }),
          );
        });
        // In two pieces and not at once, so that no parser finds the whole body waiting.
        if (sent.body === undefined) call.end();
        else {
          const { body } = sent;
          call.write(body.slice(0, 2));
          setTimeout(() => call.end(body.slice(2)), 5);
        }
      }),
    open: (sent) => {
      const call = request(sent).on('error', () => {});
      const headCame = new Promise<void>((resolve) => call.on('response', () => resolve()));
      call.end();
      return { headCame, abandon: () => call.destroy() };
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** As `rawHeaders` has it, so that any field can be sent twice. */
function flat(headers: NonNullable<Sent['headers']>): string[] {
  const all = Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]));
  return 'Host' in headers ? all : ['Host', 'app.example.com', ...all];
}

/** The same over HTTP/2 without TLS. */
export async function overHttp2(server: http2.Http2Server): Promise<Running> {
  if (!server.listening) server.listen(0, '127.0.0.1');
  if (!server.listening) await new Promise((listening) => server.once('listening', listening));
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const request = ({ method = 'GET', path, headers = {}, body }: Sent): http2.ClientHttp2Stream => {
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const { host = 'app.example.com', ...rest } = lower;
    return session.request(
      { ':method': method, ':path': path, ':authority': String(host), ...rest },
      { endStream: body === undefined },
    );
  };

  return {
    send: (sent) =>
      new Promise<Answer>((resolve, reject) => {
        const call = request(sent).on('error', reject);
        let head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
        const chunks: Buffer[] = [];
        call.on('response', (headers) => {
          head = headers;
        });
        call.on('data', (chunk) => chunks.push(chunk));
        call.on('end', () =>
          resolve({
            status: head[':status'] ?? 0,
            all: (name) => [head[name] ?? []].flat(),
            body: Buffer.concat(chunks).toString(),
          }),
        );
        if (sent.body !== undefined) {
          const { body } = sent;
          call.write(body.slice(0, 2));
          setTimeout(() => call.end(body.slice(2)), 5);
        }
      }),
    open: (sent) => {
      const call = request(sent).on('error', () => {});
      call.resume();
      const headCame = new Promise<void>((resolve) => call.on('response', () => resolve()));
      return { headCame, abandon: () => call.close(http2.constants.NGHTTP2_CANCEL) };
    },
    close: () =>
      new Promise((closed) => {
        session.destroy();
        server.close(() => closed());
      }),
  };
}

/** Calls a fetch handler in process, as a runtime would. */
export function overFetch(handler: (request: Request) => Response | Promise<Response>): Running {
  const toRequest = ({ method = 'GET', path, headers = {}, body }: Sent, signal?: AbortSignal): Request => {
    const fields = new Headers();
    for (const [name, value] of Object.entries(headers)) for (const one of [value].flat()) fields.append(name, one);
    if (!fields.has('host')) fields.set('host', 'app.example.com');
    return new Request(`http://${fields.get('host')?.split(',')[0]}${path}`, {
      method,
      headers: fields,
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal }),
    });
  };
  return {
    send: async (sent) => {
      const response = await handler(toRequest(sent));
      return {
        status: response.status,
        all: (name) =>
          name === 'set-cookie' ? response.headers.getSetCookie() : [response.headers.get(name) ?? []].flat(),
        body: await response.text(),
      };
    },
    open: (sent) => {
      const gone = new AbortController();
      const answer = Promise.resolve(handler(toRequest(sent, gone.signal)));
      answer.then((response) => response.body?.getReader().read()).catch(() => {});
      return { headCame: answer.then(() => {}), abandon: () => gone.abort() };
    },
    close: async () => {},
  };
}
