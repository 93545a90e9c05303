import type { Decider, DeciderKind, Decision, NextDecision, RequestView, ResponseHead } from '../http/decision.ts';
import { check } from '../kit/check.ts';
import { afterHead } from './after-head.ts';
import { attempt, isPromise } from './attempt.ts';
import { reportFailure } from './failure.ts';
import { isAdditive } from './head-rules.ts';
import { ORDER } from './order.ts';
import { inScope } from './scope.ts';
import type { WithDoors } from './types.ts';
import { wantsHead } from './wants-head.ts';
import { withDoors } from './with-doors.ts';

const CONTINUE: NextDecision = Object.freeze({ action: 'next', reason: 'composed' });
const NONE: readonly NextDecision[] = Object.freeze([]);

/**
 * Joins several deciders into one, with one middleware and one hook on the head of the answer. The first decider that
 * responds or proxies decides. The hooks and scopes of the deciders before it still run. `onHead` runs from the
 * innermost decider to the outermost, as with separate middlewares.
 *
 * The order is health, affinity, session, gate: a gate before the session would forward anonymous requests. If you pass
 * another order, `compose` sorts the deciders and emits a process warning with code `REGIONKIT_ORDER`. Deciders without
 * a kind keep their place. Mount CORS before the composed door and body parsers after it.
 *
 * @example
 * ```ts
 * app.use(compose(health, affinity, sessions, gate).express());
 * ```
 *
 * @throws {TypeError} An argument is not a decider: for example a router, or a door such as `health.express()`.
 */
export function compose(...deciders: readonly Decider[]): WithDoors<Decider> {
  for (const [at, decider] of deciders.entries()) {
    check.object(`compose: decider ${at + 1}`, decider);
    check.function(`compose: decider ${at + 1}: decide`, decider.decide);
  }
  const ordered = inOrder(deciders);
  return withDoors({ decide: (request) => decideFrom(ordered, 0, NONE, request) });
}

function decideFrom(
  deciders: readonly Decider[],
  from: number,
  hooked: readonly NextDecision[],
  request: RequestView,
): Decision | Promise<Decision> {
  let before = hooked;
  for (let at = from; at < deciders.length; at += 1) {
    const decision = attempt(deciders[at] as Decider, request);
    if (isPromise(decision)) {
      const sofar = before;
      return decision.then((late) =>
        late.action === 'next' ? decideFrom(deciders, at + 1, withHooks(sofar, late), request) : joined(sofar, late),
      );
    }
    if (decision.action !== 'next') return joined(before, decision);
    before = withHooks(before, decision);
  }
  if (before.length <= 1) return before[0] ?? CONTINUE;
  return joined(before, CONTINUE);
}

function withHooks(before: readonly NextDecision[], decision: NextDecision): readonly NextDecision[] {
  if (decision.onHead === undefined && decision.onDone === undefined && decision.scope === undefined) return before;
  // Not by `push`: an array that grows from nothing takes the space of 17 decisions.
  return before.length === 0 ? [decision] : [...before, decision];
}

/** Returns `last` with the hooks of the deciders before it. */
function joined(before: readonly NextDecision[], last: Decision): Decision {
  if (before.length === 0) return last;
  const all: readonly Decision[] = last === CONTINUE ? before : [...before, last];
  let wanting: readonly Decision[] | undefined;
  const hooks = {
    ...(all.some((decision) => decision.onHead !== undefined) && {
      wantsHead: () => {
        wanting = all.filter(wantsHead);
        return wanting.length > 0;
      },
      onHead: (head: ResponseHead) => runHeadHooks(wanting ?? all.filter(wantsHead), last, head),
      afterHead: () => all.forEach(afterHead),
    }),
    ...(all.some((decision) => decision.onDone !== undefined) && {
      onDone: (outcome: Parameters<NonNullable<Decision['onDone']>>[0]) => runDoneHooks(all, outcome),
    }),
  };
  if (last.action === 'respond') return { ...last, ...hooks };
  if (last.action === 'proxy') {
    return {
      action: 'proxy',
      reason: last.reason,
      node: (request, response) => last.node(request, response),
      fetch: (request) => last.fetch(request),
      ...hooks,
    };
  }
  const scoped = before.filter((decision) => decision.scope !== undefined);
  return { ...last, ...hooks, ...(scoped.length > 0 && { scope: (run) => nested(scoped, 0, run) }) };
}

function nested<T>(scoped: readonly NextDecision[], at: number, run: () => T): T {
  const decision = scoped[at];
  return decision === undefined ? run() : inScope(decision, () => nested(scoped, at + 1, run));
}

function runHeadHooks(all: readonly Decision[], last: Decision, head: ResponseHead): void {
  for (let at = all.length - 1; at >= 0; at -= 1) {
    const decision = all[at] as Decision;
    try {
      decision.onHead?.(last.action === 'next' || decision === last ? head : guarded(head));
    } catch (error) {
      reportFailure('onHead', error);
    }
  }
}

/**
 * A decider or another region has given a complete answer. Deciders before it may add to the head, but not replace
 * fields.
 */
function guarded(head: ResponseHead): ResponseHead {
  const free = (name: string): boolean => isAdditive(name) || head.get(name).length === 0;
  return {
    status: head.status,
    get: (name) => head.get(name),
    set: (name, value) => {
      if (free(name)) head.set(name, value);
    },
    append: (name, value) => {
      if (free(name)) head.append(name, value);
    },
  };
}

function runDoneHooks(all: readonly Decision[], outcome: Parameters<NonNullable<Decision['onDone']>>[0]): void {
  for (const decision of all) {
    try {
      decision.onDone?.(outcome);
    } catch (error) {
      reportFailure('onDone', error);
    }
  }
}

/** Sorts the deciders that have a kind. Deciders without a kind keep their place. */
function inOrder(deciders: readonly Decider[]): readonly Decider[] {
  const rank = ({ kind }: Decider): number => ORDER.indexOf(kind as DeciderKind);
  const kinded = deciders.filter((decider) => rank(decider) !== -1);
  const sorted = kinded.toSorted((left, right) => rank(left) - rank(right));
  if (sorted.every((decider, at) => decider === kinded[at])) return [...deciders];
  process.emitWarning(
    `compose: deciders run in the order ${ORDER.join(', ')}; they were given as ${kinded.map(({ kind }) => kind).join(', ')}`,
    { code: 'REGIONKIT_ORDER' },
  );
  let place = 0;
  return deciders.map((decider) => {
    if (rank(decider) === -1) return decider;
    place += 1;
    return sorted[place - 1] as Decider;
  });
}
