import { createServer } from 'node:http';
import { router } from './router.ts';

// What a service does before it listens.
await router.ready();
await router.write('CREATE TABLE IF NOT EXISTS booted (id int)');
const server = createServer((_request, response) => response.end('hello'));
server.listen(0, '127.0.0.1', () => {
  console.log('listening');
  server.close();
});
