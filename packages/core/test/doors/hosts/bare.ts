import http from 'node:http';
import http2 from 'node:http2';
import type { NodeHandler, NodeRequest, NodeResponse } from '../../../src/index.ts';
import { overFetch, overHttp, overHttp2 } from './clients.ts';
import { collect, type Host, handling, ORIGIN, refusal, store } from './host.ts';

const cors: readonly (readonly [string, string])[] = [
  ['access-control-allow-origin', ORIGIN],
  ['access-control-expose-headers', 'X-Own'],
  ['vary', 'Origin'],
];

function listener(request: NodeRequest, response: NodeResponse): void {
  handling(request);
  const answer = response as http.ServerResponse;
  if (request.url === '/hello') {
    answer.writeHead(200, { 'Set-Cookie': 'app=1', 'Content-Type': 'text/plain' });
    answer.end('hello');
  } else if (request.url === '/echo') {
    collect(request, (body) => answer.end(`${store.getStore()} ${body}`));
  } else if (request.url === '/refuse') {
    const error = refusal();
    answer.writeHead(error.status, error.headers);
    answer.end();
  } else if (request.url === '/part') {
    answer.write('part');
  }
}

const http2Listener: NodeHandler<http2.Http2ServerRequest, http2.Http2ServerResponse> = listener;

function withCors<Req extends NodeRequest, Res extends NodeResponse>(next: (request: Req, response: Res) => unknown) {
  return (request: Req, response: Res): void => {
    for (const [name, value] of cors) response.setHeader(name, value);
    next(request, response);
  };
}

export const bareHosts: readonly Host[] = [
  {
    name: 'node:http',
    mount: '',
    transport: 'http',
    start: (door) => overHttp(http.createServer(withCors(door.node(listener)))),
  },
  {
    name: 'node:http2',
    mount: '',
    transport: 'http2',
    start: (door) => overHttp2(http2.createServer(withCors(door.node(http2Listener)))),
  },
  {
    name: 'a fetch handler',
    mount: '',
    transport: 'fetch',
    start: async (door) => {
      const handler = door.fetch(async (request) => {
        handling(request);
        const { pathname } = new URL(request.url);
        if (pathname === '/echo') return new Response(`${store.getStore()} ${await request.text()}`);
        if (pathname === '/refuse') return refusal().getResponse();
        if (pathname === '/hang') return new Promise<Response>(() => {});
        if (pathname === '/part')
          return new Response(new ReadableStream({ start: (part) => part.enqueue(Buffer.from('part')) }));
        return new Response(request.method === 'HEAD' ? null : 'hello', { headers: { 'set-cookie': 'app=1' } });
      });
      return overFetch(async (request) => {
        const response = await handler(request);
        const withIt = new Response(response.body, response);
        for (const [name, value] of cors) withIt.headers.append(name, value);
        return withIt;
      });
    },
  },
];
