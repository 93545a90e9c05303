import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handlerOfArguments } from '../edge/handler.ts';
import { serving } from '../server-process.ts';

const server = createServer(await handlerOfArguments());
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => serving((server.address() as AddressInfo).port));
