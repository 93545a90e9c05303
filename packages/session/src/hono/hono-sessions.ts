import type { Decider, WithDoors } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { MiddlewareHandler } from 'hono';
import type { Session } from '../session.ts';
import type { RequiredRoles } from '../session-doors.ts';
import type { SessionVerifier } from '../verifier.ts';

export interface HonoSessionsOptions<Variable extends string> {
  /** The name of the variable in Hono's context. Two verifiers in one app need two names. @default 'session' */
  readonly variable?: Variable;
}

/** The doors of a verifier as middlewares of Hono that put the session into Hono's context. */
export interface HonoSessions<Claims, Variable extends string = 'session'> {
  /**
   * Returns the middleware of `sessions.optional()`. `c.var.session` is the session, or undefined.
   *
   * @example
   * ```ts
   * new Hono().get('/greeting', auth.optional(), (c) => c.text(`hello ${c.var.session?.sub ?? 'stranger'}`));
   * ```
   */
  optional(): MiddlewareHandler<{ Variables: Record<Variable, Session<Claims> | undefined> }>;
  /**
   * Returns the middleware of `sessions.require(…)`: a request without a session that has the roles is answered, so
   * `c.var.session` is always a session in a handler. One request comes without a session: a CORS preflight, if the
   * verifier has `preflight: 'pass'`.
   *
   * @example
   * ```ts
   * new Hono().get('/admin', auth.require('admin'), (c) => c.json({ user: c.var.session.sub }));
   * ```
   *
   * @throws {TypeError | RangeError} The roles are not non-empty strings, or `anyOf` is empty.
   */
  require(...roles: RequiredRoles): MiddlewareHandler<{ Variables: Record<Variable, Session<Claims>> }>;
}

/**
 * Returns the doors of a verifier for Hono 4, with the session as a typed variable of Hono's context. They do the same
 * as `sessions.optional().hono()` and `sessions.require(…).hono()`; after another door of the same verifier they take
 * over its result, so the token is not verified again.
 *
 * @example
 * ```ts
 * const auth = honoSessions(sessions);
 * new Hono().get('/me', auth.require(), (c) => c.json({ user: c.var.session.sub }));
 * ```
 *
 * @throws {TypeError | RangeError} An option is unknown, or `variable` is not a non-empty string.
 */
export function honoSessions<Claims, Variable extends string = 'session'>(
  sessions: Pick<SessionVerifier<Claims>, 'optional' | 'require' | 'peek'>,
  options: HonoSessionsOptions<Variable> = {},
): HonoSessions<Claims, Variable> {
  const { variable = 'session' } = check.object('honoSessions: options', options, ['variable']);
  check.string('honoSessions: variable', variable);
  const middleware = (door: WithDoors<Decider>): MiddlewareHandler => {
    const decide = door.hono();
    return (context, next) =>
      decide(context, () => {
        context.set(variable, sessions.peek(context));
        return next();
      });
  };
  return {
    optional: () => middleware(sessions.optional()),
    require: (...roles) => middleware(sessions.require(...roles)),
  };
}
