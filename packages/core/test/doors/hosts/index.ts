import { bareHosts } from './bare.ts';
import { expressHosts } from './express.ts';
import { fastifyHosts } from './fastify.ts';
import { honoHosts } from './hono.ts';
import type { Host } from './host.ts';
import { koaHosts } from './koa.ts';

export const hosts: readonly Host[] = [...bareHosts, ...expressHosts, ...koaHosts, ...fastifyHosts, ...honoHosts];
