import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type PipeTransform,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { InsufficientRoleError, type Session, type SessionVerifier } from '@regionkit/session';
import { REGION_SESSIONS } from './tokens.ts';

/**
 * Guards a controller or a handler: a request without a session is answered 401, and one whose session lacks a role 403.
 * All the named roles are required.
 *
 * @example
 * ```ts
 * RequireSession('admin')(AdminController);
 * ```
 */
export function RequireSession(...roles: readonly string[]): ClassDecorator & MethodDecorator {
  return applyDecorators(UseGuards(guardFor(roles)));
}

/**
 * The session of the request, as a parameter of a handler with {@link RequireSession}: `me(@CurrentSession() session: Session)`.
 */
export const CurrentSession = (): ParameterDecorator => requestOf(SessionPipe);

function guardFor(roles: readonly string[]): Type<CanActivate> {
  class SessionGuard implements CanActivate {
    readonly #sessions: SessionVerifier;

    constructor(sessions: SessionVerifier | undefined) {
      this.#sessions = present(sessions);
    }

    canActivate(context: ExecutionContext): true {
      const session = this.#sessions.of(context.switchToHttp().getRequest());
      if (roles.every((role) => session.roles.has(role))) return true;
      throw new InsufficientRoleError();
    }
  }
  Injectable()(SessionGuard);
  Inject(REGION_SESSIONS)(SessionGuard, undefined, 0);
  return SessionGuard;
}

/** A parameter decorator has no providers, but its pipe has. */
const requestOf = createParamDecorator((_data: unknown, context: ExecutionContext): unknown =>
  context.switchToHttp().getRequest(),
);

class SessionPipe implements PipeTransform<unknown, Session> {
  readonly #sessions: SessionVerifier;

  constructor(sessions: SessionVerifier | undefined) {
    this.#sessions = present(sessions);
  }

  transform(request: unknown): Session {
    return this.#sessions.of(request);
  }
}
Injectable()(SessionPipe);
Inject(REGION_SESSIONS)(SessionPipe, undefined, 0);

/** @throws {TypeError} at the start of the app, and not with its first request */
function present(sessions: SessionVerifier | undefined): SessionVerifier {
  if (sessions !== undefined) return sessions;
  throw new TypeError('RequireSession and CurrentSession need the option sessions of createRegionKit; it is not set');
}
