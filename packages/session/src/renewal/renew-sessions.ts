import {
  type Decider,
  type NextDecision,
  type RequestView,
  type ResponseHead,
  type WithDoors,
  withDoors,
} from '@regionkit/core';
import {
  type Clock,
  check,
  cookieValues,
  createNotices,
  integer,
  keepPrivate,
  type OptionTable,
  optional,
  readOptions,
  systemClock,
  withDefault,
} from '@regionkit/core/kit';
import type { SessionGrant, SessionIssuer } from '../issuer.ts';
import type { Session } from '../session.ts';
import type { SessionCookie } from '../session-cookie.ts';
import type { FrozenObject } from '../strict-json.ts';
import type { SessionVerifier } from '../verifier.ts';

export interface RenewSessionsOptions {
  readonly sessions: Pick<SessionVerifier<FrozenObject>, 'optional' | 'peek' | 'verify'>;
  readonly issuer: Pick<SessionIssuer, 'issue'>;
  readonly cookie: SessionCookie;
  /** The `lifetimeMs` of the issuer: what each renewal adds. A session that was made shorter stays so. @default 3_600_000 */
  readonly lifetimeMs?: number;
  /**
   * How long a session lasts from its sign-in, with all renewals, in milliseconds. At most the `maxLifetimeMs` of the
   * verifiers. @default 86_400_000
   */
  readonly maxSessionMs?: number;
  /** A session is renewed when this share of its lifetime has passed: 0.1 to 0.9. @default 0.5 */
  readonly afterShare?: number;
  /**
   * Returns what the renewed session grants, for roles that may have changed; undefined: it is not renewed. `sub`,
   * `sid` and the time of the sign-in stay. @default the same
   */
  readonly grant?: (session: Session<FrozenObject>) => Renewal | undefined | Promise<Renewal | undefined>;
  readonly clock?: Clock;
}

/** What a renewed session grants. */
export type Renewal = Pick<SessionGrant, 'roles' | 'claims'>;

const NAME = 'renewSessions';
const OF_THE_ISSUER = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sid', 'roles']);

/** What differs between two sessions, unless their tokens were made in one second by an issuer that sets no `jti`. */
const IDENTITY = ['sub', 'sid', 'jti', 'iat', 'exp', 'kid'] as const;

const SHORT =
  'renewSessions: a session that is shorter than lifetimeMs is not renewed. If all sessions are so short, set lifetimeMs to that of the issuer';
const FAILED =
  'renewSessions: a session could not be renewed and ends at its time. Look at grant, the size of the cookie and the lifetimeMs of the issuer';

interface Rules {
  readonly sessions: RenewSessionsOptions['sessions'];
  readonly issuer: RenewSessionsOptions['issuer'];
  readonly cookie: SessionCookie;
  readonly lifetimeMs: number;
  readonly maxSessionMs: number;
  readonly afterShare: number;
  readonly grant: RenewSessionsOptions['grant'];
  readonly clock: Clock;
}

const OPTIONS: OptionTable<Rules> = {
  sessions: (option, given: RenewSessionsOptions['sessions']) => check.methods(option, given, ['peek', 'verify']),
  issuer: (option, given: RenewSessionsOptions['issuer']) => check.methods(option, given, ['issue']),
  cookie: (option, given: SessionCookie) => check.methods(option, given, ['set']),
  lifetimeMs: integer(3_600_000, { min: 1_000 }),
  maxSessionMs: integer(86_400_000, { min: 1_000 }),
  afterShare: (option, given = 0.5) => check.number(option, given, { min: 0.1, max: 0.9 }),
  grant: optional((option, given: NonNullable<RenewSessionsOptions['grant']>) => check.function(option, given)),
  clock: withDefault(systemClock, check.clock),
};

/**
 * Returns a door that renews the session cookie of an active user. It sets a new cookie only when the token is older
 * than a share of its life, and never past `maxSessionMs` after the sign-in. The new token keeps `iat`, the time of the
 * sign-in, so a sign-out that the renewing region does not know yet ends it as well. It renews only what came in the
 * cookie: a session that came as a bearer token makes no cookie, whatever cookie comes with it. It never answers a
 * request itself.
 *
 * @example
 * ```ts
 * app.use(renewSessions({ sessions, issuer, cookie: sessionCookie }).express());
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function renewSessions(options: RenewSessionsOptions): WithDoors<Decider> {
  const { sessions, issuer, cookie, lifetimeMs, maxSessionMs, afterShare, grant, clock } = readOptions(
    NAME,
    `${NAME}: `,
    options,
    OPTIONS,
  );
  const door = sessions.optional();
  const notice = createNotices();

  /** The new lifetime counts from now. Undefined: the session is young, or cannot be longer. */
  const leftMs = ({ iat, exp }: Session<FrozenObject>): number | undefined => {
    const nowMs = clock.wallMs();
    // The app wanted a short session. A renewed one lasts longer, for it keeps its `iat`. `exp` is a whole second.
    if ((exp - iat + 1) * 1_000 < lifetimeMs) {
      notice('REGIONKIT_SHORT_SESSION', SHORT);
      return undefined;
    }
    const renewedAtMs = exp * 1_000 - lifetimeMs;
    const endsMs = Math.min(nowMs + lifetimeMs, iat * 1_000 + maxSessionMs);
    const isOld = nowMs - renewedAtMs >= afterShare * lifetimeMs;
    const gains = endsMs - exp * 1_000 >= 1_000 && endsMs - nowMs >= 1_000;
    return isOld && gains ? Math.floor(endsMs - nowMs) : undefined;
  };

  /** The session in the cookie, if it is that of the request, which may have come in another token. */
  const inCookie = async (
    request: RequestView,
    session: Session<FrozenObject>,
  ): Promise<Session<FrozenObject> | undefined> => {
    const tokens = new Set(cookieValues(request.header('cookie'), cookie.name));
    const [token = ''] = tokens;
    if (token === '' || tokens.size > 1) return undefined;
    const own = await sessions.verify(token).catch(() => undefined);
    return IDENTITY.every((name) => own?.[name] === session[name]) ? own : undefined;
  };

  const renewed = async (session: Session<FrozenObject>, forMs: number): Promise<readonly string[] | undefined> => {
    const { sub, sid, iat, roles, claims } = session;
    const next = grant === undefined ? same(roles, claims) : await grant(session);
    if (next === undefined) return undefined;
    const token = await issuer.issue({
      ...next,
      sub,
      ...(sid !== undefined && { sid }),
      signedInAt: iat,
      lifetimeMs: Math.min(forMs, lifetimeMs),
    });
    return cookie.set(token);
  };

  return withDoors<Decider>({
    kind: 'session',
    decide: async (request) => {
      const decision = await door.decide(request);
      const session = sessions.peek(request.raw);
      const forMs = session && leftMs(session);
      if (session === undefined || forMs === undefined) return decision;
      const own = await inCookie(request, session);
      if (own === undefined) return decision;
      // A renewal that fails is tried with the next request. The session is still valid.
      const fields = await renewed(own, forMs).catch(() => notice('REGIONKIT_NOT_RENEWED', FAILED));
      if (!fields) return decision;
      return { ...(decision as NextDecision), onHead: (head) => setUnlessSet(head, fields, cookie.name) };
    },
  });
}

/** The app has signed in or out in this request: its own cookie counts. */
function setUnlessSet(head: ResponseHead, fields: readonly string[], name: string): void {
  if (head.get('set-cookie').some((field) => field.startsWith(`${name}=`))) return;
  if (keepPrivate(head)) for (const field of fields) head.append('set-cookie', field);
}

function same(roles: ReadonlySet<string>, claims: FrozenObject): Renewal {
  return {
    roles: [...roles],
    claims: Object.fromEntries(Object.entries(claims).filter(([name]) => !OF_THE_ISSUER.has(name))),
  };
}
