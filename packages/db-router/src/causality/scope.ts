import type { Epoch } from '@regionkit/core';
import { createContext, rareRefresh } from '@regionkit/core/kit';
import type { Emit } from '../events.ts';
import { type Issued, MAX_TOKENS, type RequestScope } from '../gate-seam.ts';
import { leftAt } from '../history/epoch.ts';
import { formatLsn } from '../history/lsn.ts';
import {
  isHigher,
  laterPosition,
  PRIMARY_ONLY,
  type RequiredPosition,
  requireAt,
  UNKNOWN_LSN,
} from '../history/required-position.ts';
import { fateOf } from './fate.ts';
import { GateScope, type GateScopeWork } from './gate-scope.ts';
import { runInside } from './inside.ts';
import type { Scope } from './scope-state.ts';
import { createTokenAge, type TokenAgeOptions } from './token-age.ts';
import { type Claim, createTokenJudge, type TokenJudgeOptions } from './token-judge.ts';

export interface Scopes {
  current(): Scope | undefined;
  open(options: {
    readonly tokens: readonly string[];
    readonly access: 'read' | 'write';
    readonly signal?: AbortSignal | undefined;
  }): Scope;
  run<T>(scope: Scope, fn: () => T): T;
  /** The scope in the form that the write gate uses. */
  forGate(scope: Scope): RequestScope;
  /** A write of this scope was committed at `lsn`. Undefined: its position could not be read. */
  noteWritten(scope: Scope, epoch: Epoch, lsn: bigint | undefined): void;
  /**
   * The position of a write of this scope is not known yet. Call the returned function when it is known, or cannot be
   * read.
   */
  awaitPosition(scope: Scope, epoch: Epoch): () => void;
  /** A read of this scope saw everything up to `lsn`. Undefined: its position could not be read. */
  noteSeen(scope: Scope, epoch: Epoch, lsn: bigint | undefined): void;
  /** The signed token for everything this scope must see. Undefined if there is nothing, or no secret. */
  tokenOf(scope: Scope): string | undefined;
  /** The position that a token requires, without a scope. */
  requiredPosition(token: string): RequiredPosition | undefined;
}

export interface ScopesOptions
  extends TokenAgeOptions,
    TokenJudgeOptions,
    Pick<GateScopeWork, 'isOutOfReach' | 'underWay'> {
  learnEpoch(epoch: Epoch): void;
  readonly emit: Emit;
}

const NOTHING_ISSUED: Issued = Object.freeze({});
const NO_CLAIMS: readonly Claim[] = Object.freeze([]);

export function createScopes(options: ScopesOptions): Scopes {
  const { codec, clock, emit } = options;
  const context = createContext<Scope>();
  const judge = createTokenJudge(options);
  const age = createTokenAge(options);
  const refresh = rareRefresh(clock, () => codec?.refresh());

  const invalid = (token: string): void => {
    emit('token-invalid', {});
    if (codec?.saysElsewhere(token) === true) emit('token-elsewhere', {});
    refresh();
  };

  const readToken = (scope: Scope, token: string): void => {
    const claims = codec?.decode(token);
    if (claims === undefined) {
      if (codec !== undefined) invalid(token);
      scope.need = PRIMARY_ONLY;
      return;
    }
    if (!claims.isHome) emit('token-elsewhere', {});
    const before = judge(claims);
    if (before.claim === undefined) {
      if (!age.isSpent(claims)) scope.need = PRIMARY_ONLY;
      return;
    }
    if (before.isNews && age.mayFence(claims)) options.learnEpoch(before.claim.epoch);
    const { claim = before.claim, fate, need } = judge(claims);
    if (fate === 'unknown' && age.isSpent(claims)) return;
    if (fate !== 'kept') {
      announce(scope, claim, fate);
      return;
    }
    scope.kept = scope.kept.length === 0 ? [claim] : [...scope.kept, claim];
    raise(scope, claim);
    scope.need = laterPosition(scope.need, need);
  };

  const announce = (scope: Scope, { kind, epoch, lsn }: Claim, fate: 'lost' | 'unknown'): void => {
    scope.need = PRIMARY_ONLY;
    if (kind === 'write') {
      tell(fate, epoch, lsn);
      if (scope.notice !== 'write-lost-suspected') {
        scope.notice = fate === 'lost' ? 'write-lost-suspected' : 'write-fate-unknown';
      }
    }
    if (fate === 'unknown' && mayBecomeKnown(epoch, lsn)) raise(scope, { kind, epoch, lsn });
    else {
      if (scope.position?.epoch === epoch && scope.position.lsn === lsn) scope.position = undefined;
      if (kind === 'write') scope.replaceToken = true;
    }
  };

  /**
   * The fork of a timeline may become known later. A position that was not read is never known. Such a write is reported
   * once, and its token is replaced. What remains of it is in the data of the present primary.
   */
  const mayBecomeKnown = ({ timeline }: Epoch, lsn: bigint): boolean =>
    lsn !== UNKNOWN_LSN || timeline >= (options.topology().top?.timeline ?? 0);

  /**
   * A primary may have been promoted since the scope was opened. The answer that shows the gap must also report the
   * loss.
   */
  const judgeAgain = (scope: Scope): void => {
    const topology = options.topology();
    if (scope.judgedBy === topology) return;
    scope.judgedBy = topology;
    const kept: Claim[] = [];
    for (const claim of scope.kept) {
      const fate = fateOf(claim.epoch, claim.lsn, topology);
      if (fate === 'kept') kept.push(claim);
      else announce(scope, claim, fate);
    }
    scope.kept = kept;
  };

  const tell = (fate: 'lost' | 'unknown', epoch: Epoch, lsn: bigint): void => {
    const { forks, top } = options.topology();
    if (fate === 'unknown') {
      emit('write-fate-unknown', { timeline: epoch.timeline, lsn: formatLsn(lsn) });
      return;
    }
    const fork = leftAt(forks, epoch.system, epoch.timeline, top?.timeline ?? 0) ?? 0n;
    emit('write-lost-suspected', { timeline: epoch.timeline, lsn: formatLsn(lsn), fork: formatLsn(fork) });
  };

  const sign = (kind: 'write' | 'seen', epoch: Epoch, lsn: bigint): string | undefined =>
    codec?.encode(kind, epoch, lsn, clock.wallMs());

  const writtenToken = (scope: Scope): string | undefined => {
    const [awaited] = scope.awaited;
    if (awaited !== undefined) return sign('write', awaited, UNKNOWN_LSN);
    if (scope.wrote && scope.position !== undefined) {
      return sign('write', scope.position.epoch, scope.position.lsn);
    }
    const { primary } = options.topology();
    return scope.replaceToken && primary !== undefined ? sign('seen', primary.epoch, primary.position) : undefined;
  };

  const issue = (scope: Scope): Issued => {
    judgeAgain(scope);
    const { notice } = scope;
    const written = writtenToken(scope);
    const seen = scope.seen === undefined ? undefined : sign('seen', scope.seen.epoch, scope.seen.lsn);
    if (written === undefined && seen === undefined && notice === undefined) return NOTHING_ISSUED;
    return {
      ...(written !== undefined && { written }),
      ...(seen !== undefined && { seen }),
      ...(notice !== undefined && { notice }),
    };
  };

  const noteWritten: Scopes['noteWritten'] = (scope, epoch, lsn = UNKNOWN_LSN) => {
    scope.wrote = true;
    raise(scope, { kind: 'write', epoch, lsn });
    scope.need = laterPosition(scope.need, requireAt(epoch, lsn));
    if (scope.headClosed) emit('token-late', {});
  };

  const run: Scopes['run'] = (scope, fn) => runInside(context, scope, fn);
  const forGate: GateScopeWork = {
    run,
    issue,
    noteUnknown: (scope, epoch) => noteWritten(scope, epoch, undefined),
    isOutOfReach: options.isOutOfReach,
    underWay: options.underWay,
  };

  return {
    current: () => context.get(),
    open: ({ tokens, access, signal }) => {
      const scope: Scope = {
        access,
        signal,
        need: undefined,
        position: undefined,
        wrote: false,
        seen: undefined,
        headClosed: false,
        awaited: [],
        replaceToken: false,
        kept: NO_CLAIMS,
        judgedBy: options.topology(),
        notice: undefined,
        admission: context.get()?.admission,
      };
      const count = Math.min(tokens.length, MAX_TOKENS);
      for (let at = 0; at < count; at += 1) readToken(scope, tokens[at] as string);
      if (tokens.length > MAX_TOKENS) scope.need = PRIMARY_ONLY;
      return scope;
    },
    run,
    forGate: (scope) => new GateScope(scope, forGate),
    noteWritten,
    awaitPosition: ({ awaited }, epoch) => {
      awaited.push(epoch);
      return () => void awaited.splice(awaited.indexOf(epoch), 1);
    },
    noteSeen: (scope, epoch, lsn = UNKNOWN_LSN) => {
      const { seen } = scope;
      if (seen === undefined || isHigher(epoch, lsn, seen.epoch, seen.lsn)) scope.seen = { epoch, lsn };
      scope.need = laterPosition(scope.need, requireAt(epoch, lsn));
      if (scope.headClosed) emit('token-late', {});
    },
    tokenOf: (scope) => {
      judgeAgain(scope);
      const { position, seen, awaited } = scope;
      if (awaited.length > 0) return writtenToken(scope);
      if (
        seen !== undefined &&
        (position === undefined || isHigher(seen.epoch, seen.lsn, position.epoch, position.lsn))
      ) {
        return sign('seen', seen.epoch, seen.lsn);
      }
      return position === undefined ? writtenToken(scope) : sign(position.kind, position.epoch, position.lsn);
    },
    requiredPosition: (token) => {
      const claims = codec?.decode(token);
      if (claims === undefined) return PRIMARY_ONLY;
      const { fate, need } = judge(claims);
      if (fate === 'kept') return need;
      return fate === 'unknown' && age.isSpent(claims) ? undefined : PRIMARY_ONLY;
    },
  };
}

/** The position that the next read of a scope must see. */
export function requiredPosition(scope: Scope | undefined): RequiredPosition | undefined {
  return scope !== undefined && scope.awaited.length > 0 ? PRIMARY_ONLY : scope?.need;
}

function raise(scope: Scope, claim: Claim): void {
  const { position } = scope;
  if (position === undefined || isHigher(claim.epoch, claim.lsn, position.epoch, position.lsn)) scope.position = claim;
}
