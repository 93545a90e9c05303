import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serving } from '../server-process.ts';

/**
 * The primary region's app: reads the whole body and answers with 1 KiB. `/source?bytes=` sends as many, `/slow` thinks
 * before it answers.
 */
const answer = Buffer.alloc(1_024, 'a');
const THINKING_MS = 100;
const block = Buffer.alloc(64 * 1_024, 'b');
/** Exchanges whose other side left before the answer was whole. */
let cutShort = 0;
const server = createServer((request, response) => {
  response.on('close', () => {
    if (!response.writableFinished) cutShort += 1;
  });
  if (request.url?.startsWith('/source')) {
    let left = Number(new URL(request.url, 'http://origin').searchParams.get('bytes'));
    response.writeHead(200, { 'Content-Length': left });
    const send = (): void => {
      while (left > 0) {
        const part = left >= block.length ? block : block.subarray(0, left);
        left -= part.length;
        if (!response.write(part)) {
          response.once('drain', send);
          return;
        }
      }
      response.end();
    };
    send();
    return;
  }
  request.resume();
  request.on('error', () => {});
  request.on('end', () => {
    if (request.url === '/slow') setTimeout(respond, THINKING_MS, response);
    else respond(response);
  });
});
function respond(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': answer.length });
  response.end(answer);
}

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => serving((server.address() as AddressInfo).port, () => ({ cutShort })));
