import { Catch } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type express from 'express';
import type { FastifyInstance } from 'fastify';
import type { Hono } from 'hono';
import type Koa from 'koa';
import { type RegionKitError, regionKitErrorOf } from '../../src/index.ts';

// The recipes of docs/errors.md, to the letter but for the types. A test holds that.

export const problem = ({ status, code, message, expose }: RegionKitError): object => ({
  type: 'about:blank',
  status,
  code,
  ...(expose && { detail: message }),
});

export const expressHandler: express.ErrorRequestHandler = (error, _request, response, next) => {
  const known = regionKitErrorOf(error);
  if (known === undefined || response.headersSent) return next(error);
  response.status(known.status).set(known.headers).json(problem(known));
};

export const koaHandler: Koa.Middleware = async (context, next) => {
  try {
    await next();
  } catch (error) {
    const known = regionKitErrorOf(error);
    if (known === undefined) throw error;
    context.status = known.status;
    context.set(known.headers);
    context.body = problem(known);
  }
};

export const fastifyHandler: Parameters<FastifyInstance['setErrorHandler']>[0] = (error, _request, reply) => {
  const known = regionKitErrorOf(error);
  if (known === undefined) throw error;
  reply.code(known.status).headers(known.headers).send(problem(known));
};

export const honoHandler: Parameters<Hono['onError']>[0] = (error, context) => {
  const known = regionKitErrorOf(error);
  if (known === undefined) throw error;
  return context.json(problem(known), known.status as 503, known.headers);
};

export class RegionKitFilter extends BaseExceptionFilter {
  override catch(error: unknown, host: Parameters<BaseExceptionFilter['catch']>[1]): void {
    const known = regionKitErrorOf(error);
    if (known === undefined) super.catch(error, host);
    else host.switchToHttp().getResponse().status(known.status).set(known.headers).json(problem(known));
  }
}
Catch()(RegionKitFilter);
