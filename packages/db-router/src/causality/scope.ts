import { AsyncLocalStorage } from 'node:async_hooks';
import type { Epoch } from '@regionkit/core';
import type { Emit } from '../events.ts';
import { MAX_TOKENS, type RequestScope, type WriteNotice } from '../gate-seam.ts';
import { leftAt } from '../history/epoch.ts';
import { formatLsn } from '../history/lsn.ts';
import { higherNeed, isHigher, type Need, needAt, PRIMARY_ONLY, UNKNOWN_LSN } from '../history/need.ts';
import type { Topology } from '../topology/topology.ts';
import { fateOf } from './fate.ts';
import { runInside } from './inside.ts';
import { nameOfHash, type TokenClaims, type TokenCodec } from './token.ts';
import { createTokenAge, type TokenAgeOptions } from './token-age.ts';

/** What one request, job or message must see, and what it wrote. */
export interface Scope {
  readonly access: 'read' | 'write';
  readonly signal: AbortSignal | undefined;
  /** What its next read must see. */
  need: Need | undefined;
  /** The highest position it brought or made, as a token would say it. */
  position: { readonly kind: 'write' | 'seen'; readonly epoch: Epoch; readonly lsn: bigint } | undefined;
  wrote: boolean;
  seen: { readonly epoch: Epoch; readonly lsn: bigint } | undefined;
  headClosed: boolean;
  /** Where something was written whose position is on its way: until it is there, only the primary is known to have it. */
  readonly awaited: Epoch[];
  /** Its token stands for a write that is probably lost: it is replaced, so that this is said once. */
  replaceToken: boolean;
  /** What its tokens stand for, as far as that was in the history in force when it was judged. */
  readonly kept: Claim[];
  /** The topology its tokens were judged by. */
  judgedBy: Topology;
  notice: WriteNotice | undefined;
}

/** A position somebody was told of. */
interface Claim {
  readonly kind: 'write' | 'seen';
  readonly epoch: Epoch;
  readonly lsn: bigint;
}

export interface Scopes {
  current(): Scope | undefined;
  open(options: {
    readonly tokens: readonly string[];
    readonly access: 'read' | 'write';
    readonly signal?: AbortSignal | undefined;
  }): Scope;
  run<T>(scope: Scope, fn: () => T): T;
  /** The scope as the write gate sees it. */
  forGate(scope: Scope): RequestScope;
  /** A write of this scope was committed at `lsn`; undefined when its position could not be learnt. */
  noteWritten(scope: Scope, epoch: Epoch, lsn: bigint | undefined): void;
  /** The position of a write of this scope is on its way. What it returns is called once it is there, or is not to be had. */
  awaitPosition(scope: Scope, epoch: Epoch): () => void;
  /** A read of this scope saw everything up to `lsn`; undefined when its position could not be learnt. */
  noteSeen(scope: Scope, epoch: Epoch, lsn: bigint | undefined): void;
  /** Everything this scope must see, signed; undefined when there is nothing, or no secret. */
  tokenOf(scope: Scope): string | undefined;
  /** What a token asks for, without a scope. */
  needOf(token: string): Need | undefined;
}

export interface ScopesOptions extends TokenAgeOptions {
  readonly codec: TokenCodec | undefined;
  /** Owners there can be, so that a token's hash can be given its name back. */
  readonly owners: readonly string[];
  /** The epoch under the name by which its owner is known here: one server may have several. */
  known(epoch: Epoch): Epoch;
  /** Whether no node this process reaches has it; a promise while one that may have it in a moment is waited for. */
  isOutOfReach(need: Need | undefined): boolean | Promise<boolean>;
  /** Every database heard of. */
  systems(): readonly string[];
  hear(epoch: Epoch): void;
  readonly emit: Emit;
}

const REFRESH_SPACING_MS = 10_000;

export function createScopes(options: ScopesOptions): Scopes {
  const { codec, clock, emit } = options;
  const storage = new AsyncLocalStorage<Scope>();
  // A read may have been served where nobody knew who writes what it saw: that owner has no name.
  const names = ['', ...options.owners];
  const owners = new Map(codec === undefined ? [] : names.map((owner) => [codec.ownerHash(owner), owner]));
  const age = createTokenAge(options);
  let refreshedAtMs = Number.NEGATIVE_INFINITY;

  const invalid = (token: string): void => {
    emit('token-invalid', {});
    if (codec?.saysElsewhere(token) === true) emit('token-elsewhere', {});
    if (clock.now() - refreshedAtMs < REFRESH_SPACING_MS) return;
    refreshedAtMs = clock.now();
    void codec?.refresh().catch(() => {});
  };

  /** The epoch a token names, with the names this process knows; undefined when it is of no database heard of. */
  const epochOf = (claims: TokenClaims): Epoch | undefined => {
    const system = options.systems().find((known) => codec?.systemHash(known) === claims.systemHash);
    if (system === undefined) return undefined;
    const owner = owners.get(claims.ownerHash) ?? nameOfHash(claims.ownerHash);
    const { timeline, server } = claims;
    return options.known({ system, timeline, owner, ...(server !== undefined && { server }) });
  };

  const take = (scope: Scope, token: string): void => {
    const claims = codec?.decode(token);
    if (claims === undefined) {
      if (codec !== undefined) invalid(token);
      scope.need = PRIMARY_ONLY;
      return;
    }
    if (!claims.isHome) emit('token-elsewhere', {});
    const epoch = epochOf(claims);
    if (epoch === undefined) {
      if (!age.isSpent(claims)) scope.need = PRIMARY_ONLY;
      return;
    }
    if (age.mayFence(claims)) options.hear(epoch);
    const claim: Claim = { kind: claims.kind, epoch, lsn: claims.lsn };
    const fate = fateOf(epoch, claims.lsn, options.topology());
    if (fate === 'unknown' && age.isSpent(claims)) return;
    if (fate !== 'kept') {
      announce(scope, claim, fate);
      return;
    }
    scope.kept.push(claim);
    raise(scope, claims.kind, epoch, claims.lsn);
    scope.need = higherNeed(scope.need, needAt(epoch, claims.lsn));
  };

  const announce = (scope: Scope, { kind, epoch, lsn }: Claim, fate: 'lost' | 'unknown'): void => {
    scope.need = PRIMARY_ONLY;
    if (kind === 'write') {
      tell(fate, epoch, lsn);
      if (scope.notice !== 'write-lost-suspected') {
        scope.notice = fate === 'lost' ? 'write-lost-suspected' : 'write-fate-unknown';
      }
    }
    if (fate === 'unknown' && mayBecomeKnown(epoch, lsn)) raise(scope, kind, epoch, lsn);
    else {
      if (scope.position?.epoch === epoch && scope.position.lsn === lsn) scope.position = undefined;
      if (kind === 'write') scope.replaceToken = true;
    }
  };

  /**
   * Where a timeline was left may be learnt later, but a position that nobody could learn is never known: such a write is
   * told of once, and its token replaced. What is left of it is in what the primary has now.
   */
  const mayBecomeKnown = ({ timeline }: Epoch, lsn: bigint): boolean =>
    lsn !== UNKNOWN_LSN || timeline >= (options.topology().top?.timeline ?? 0);

  /** A primary may have been promoted since the scope was opened: the answer that shows the gap must also tell of it. */
  const judgeAgain = (scope: Scope): void => {
    const topology = options.topology();
    if (scope.judgedBy === topology) return;
    scope.judgedBy = topology;
    for (const claim of scope.kept.splice(0)) {
      const fate = fateOf(claim.epoch, claim.lsn, topology);
      if (fate === 'kept') scope.kept.push(claim);
      else announce(scope, claim, fate);
    }
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

  const noteWritten: Scopes['noteWritten'] = (scope, epoch, lsn = UNKNOWN_LSN) => {
    scope.wrote = true;
    raise(scope, 'write', epoch, lsn);
    scope.need = higherNeed(scope.need, needAt(epoch, lsn));
    if (scope.headClosed) emit('token-late', {});
  };

  return {
    current: () => storage.getStore(),
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
        kept: [],
        judgedBy: options.topology(),
        notice: undefined,
      };
      for (const token of tokens.slice(0, MAX_TOKENS)) take(scope, token);
      if (tokens.length > MAX_TOKENS) scope.need = PRIMARY_ONLY;
      return scope;
    },
    run: (scope, fn) => runInside(storage, scope, fn),
    forGate: (scope) => ({
      needsPrimary: () => options.isOutOfReach(scope.need),
      noteUnknown: (epoch) => noteWritten(scope, epoch, undefined),
      run: (fn) => runInside(storage, scope, fn),
      closeHead: () => {
        scope.headClosed = true;
        judgeAgain(scope);
        const { notice } = scope;
        const written = writtenToken(scope);
        const seen = scope.seen === undefined ? undefined : sign('seen', scope.seen.epoch, scope.seen.lsn);
        return {
          ...(written !== undefined && { written }),
          ...(seen !== undefined && { seen }),
          ...(notice !== undefined && { notice }),
        };
      },
    }),
    noteWritten,
    awaitPosition: ({ awaited }, epoch) => {
      awaited.push(epoch);
      return () => void awaited.splice(awaited.indexOf(epoch), 1);
    },
    noteSeen: (scope, epoch, lsn = UNKNOWN_LSN) => {
      const { seen } = scope;
      if (seen === undefined || isHigher(epoch, lsn, seen.epoch, seen.lsn)) scope.seen = { epoch, lsn };
      scope.need = higherNeed(scope.need, needAt(epoch, lsn));
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
    needOf: (token) => {
      const claims = codec?.decode(token);
      if (claims === undefined) return PRIMARY_ONLY;
      const epoch = epochOf(claims);
      const fate = epoch === undefined ? 'unknown' : fateOf(epoch, claims.lsn, options.topology());
      if (epoch !== undefined && fate === 'kept') return needAt(epoch, claims.lsn);
      return fate === 'unknown' && age.isSpent(claims) ? undefined : PRIMARY_ONLY;
    },
  };
}

/** What the next read of a scope must see. */
export function needOf(scope: Scope | undefined): Need | undefined {
  return scope !== undefined && scope.awaited.length > 0 ? PRIMARY_ONLY : scope?.need;
}

function raise(scope: Scope, kind: 'write' | 'seen', epoch: Epoch, lsn: bigint): void {
  const { position } = scope;
  if (position === undefined || isHigher(epoch, lsn, position.epoch, position.lsn))
    scope.position = { kind, epoch, lsn };
}
