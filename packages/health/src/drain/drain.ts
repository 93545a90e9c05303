import { createEvents, type EventSource } from '@regionkit/core';
import { type AnyServer, type Connections, watchConnections } from './connections.ts';
import { checkDrainOptions, checkHook, checkServer, type DrainHook, type DrainOptions } from './options.ts';

/** The state of a drain. */
export type DrainStep = 'serving' | 'not-ready' | 'closing' | 'hooks' | 'done';

export interface DrainEvents {
  /** A step begins. `cut` with `hooks`: how many connections were destroyed at the end of the grace. */
  'drain-step': { readonly step: DrainStep; readonly cut?: number };
  /** A hook failed or took too long. Its error is not included, because it may contain a secret. */
  'drain-hook-failed': { readonly name: string; readonly reason: 'threw' | 'timeout' };
}

/** Made by {@link createDrain}. */
export interface Drain extends EventSource<DrainEvents>, AsyncDisposable {
  readonly step: DrainStep;
  /**
   * Starts the drain, as a signal does. Resolves after the last hook, just before the process exits.
   *
   * @example
   * ```ts
   * await drain.start();
   * ```
   */
  start(): Promise<void>;
  /**
   * Adds a server, for example the one that the app's `listen` returned.
   *
   * @example
   * ```ts
   * drain.server(app.listen(3000));
   * ```
   *
   * @throws {TypeError} It is not a server.
   */
  server(server: AnyServer): void;
  /**
   * Adds a hook. It runs before the hooks that were added earlier.
   *
   * @example
   * ```ts
   * drain.hook('router', () => router.close({ pools: true }));
   * ```
   */
  hook(name: string, run: () => unknown): void;
  /**
   * Removes the signal listeners and stops watching the servers. If the drain has begun, it waits for its end, because the process
   * serves until then. In a hook it waits for nothing.
   *
   * @example
   * ```ts
   * await drain.close();
   * ```
   */
  close(): Promise<void>;
}

const TICK_MS = 50;

/**
 * Ends the process without losing a request. It fails health and informs the other regions, keeps serving for
 * `notReadyForMs` with `Connection: close` (HTTP/2: GOAWAY,
 * [RFC 9113 section 6.8](https://www.rfc-editor.org/rfc/rfc9113#section-6.8)), then accepts no new connections, waits
 * up to `graceMs` for running requests, destroys the remaining connections, runs the hooks in reverse order, and exits.
 * Liveness stays 200 all the time. A second signal exits at once.
 *
 * The orchestrator must allow `notReadyForMs + graceMs` plus the time of the hooks (Kubernetes:
 * `terminationGracePeriodSeconds`, see https://kubernetes.io/docs/concepts/workloads/pods/pod-termination/).
 *
 * @example
 * ```ts
 * const server = app.listen(3000);
 * createDrain({
 *   health,
 *   front: 'balancer',
 *   servers: [server],
 *   hooks: [{ name: 'router', run: () => router.close({ pools: true }) }],
 * });
 * ```
 *
 * @throws {TypeError | RangeError} An option is of the wrong type or out of range.
 */
export function createDrain(options: DrainOptions): Drain {
  const checked = checkDrainOptions(options);
  const { health, signals, notReadyForMs, graceMs, idleMs, hookTimeoutMs, exit, clock, ...lists } = checked;
  const events = createEvents<DrainEvents>('health', ['drain-step', 'drain-hook-failed']);
  const hooks: DrainHook[] = [...lists.hooks];
  const servers = new Map<AnyServer, Connections>();
  let step: DrainStep = 'serving';
  let under: Promise<void> | undefined;

  const enter = (next: DrainStep, more: { readonly cut?: number } = {}): void => {
    step = next;
    events.emit('drain-step', { step, ...more });
  };
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.schedule(resolve, ms));

  const watch = (server: AnyServer): void => {
    if (servers.has(checkServer(server))) return;
    const connections = watchConnections(server, clock);
    servers.set(server, connections);
    if (step !== 'serving') connections.refuseReuse();
    if (step !== 'serving' && step !== 'not-ready') connections.stopListening();
  };

  const emptied = async (): Promise<number> => {
    const endsAtMs = clock.now() + graceMs;
    const all = [...servers.values()];
    for (const connections of all) connections.stopListening();
    for (;;) {
      for (const connections of all) connections.endIdle(idleMs);
      if (all.every(({ open }) => open === 0)) return 0;
      if (clock.now() >= endsAtMs) return all.reduce((cut, connections) => cut + connections.destroy(), 0);
      await wait(TICK_MS);
    }
  };

  const runHook = async ({ name, run }: DrainHook): Promise<boolean> => {
    let cancel = (): void => {};
    const late = new Promise<'timeout'>((resolve) => {
      cancel = clock.schedule(() => resolve('timeout'), hookTimeoutMs);
    });
    const ran = (async () => run())().then(
      () => 'ran' as const,
      () => 'threw' as const,
    );
    const ended = await Promise.race([ran, late]);
    cancel();
    if (ended === 'ran') return true;
    events.emit('drain-hook-failed', { name, reason: ended });
    return false;
  };

  /** An error in the app's own code must not keep the process from ending. */
  const tried = async (run: () => unknown): Promise<void> => {
    try {
      await run();
    } catch {
      // Its events and its exit code report it.
    }
  };

  const leave = async (): Promise<void> => {
    // Our timers do not keep the process alive, but it must live until its hooks have run.
    const alive = setInterval(() => {}, 60_000);
    enter('not-ready');
    void tried(() => health.drain());
    for (const connections of servers.values()) connections.refuseReuse();
    await wait(notReadyForMs);
    enter('closing');
    const cut = await emptied();
    enter('hooks', { cut });
    let well = true;
    for (let hook = hooks.pop(); hook !== undefined; hook = hooks.pop()) well = (await runHook(hook)) && well;
    await tried(() => health.close());
    enter('done');
    clearInterval(alive);
    forget();
    await tried(() => exit(well ? 0 : 1));
  };

  const start = (): Promise<void> => {
    under ??= leave();
    return under;
  };
  const onSignal = (): void => {
    if (under === undefined) void start();
    else exit(1);
  };
  const forget = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
    for (const connections of servers.values()) connections.release();
  };
  const close = async (): Promise<void> => {
    if (under === undefined) forget();
    // A hook that waits for the end would wait for itself.
    else if (step === 'not-ready' || step === 'closing') await under;
  };

  for (const server of lists.servers) watch(server);
  for (const signal of signals) process.on(signal, onSignal);
  return {
    on: events.on,
    get step() {
      return step;
    },
    start,
    server: watch,
    hook: (name, run) => {
      hooks.push(checkHook({ name, run }));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
