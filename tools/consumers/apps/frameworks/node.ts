import { createServer, type Server } from 'node:http';
import type { Regional } from './regional.js';

export function start({ doors, place, list }: Regional): Server {
  const handler = doors.node(async (request, response) => {
    const isPost = request.method === 'POST';
    const answer = await (isPost ? place() : list());
    response.writeHead(isPost ? 201 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return createServer(handler).listen(0, '127.0.0.1');
}
