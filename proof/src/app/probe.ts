import type { EventEmitter } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { RegionRouter } from '@regionkit/db-router';
import type { Sample } from '../soak/sample.ts';

/** Looks at this process from inside. */
export interface Probe {
  sample(): Sample;
}

export interface ProbeOptions {
  readonly router: Pick<RegionRouter, 'stats'>;
  /** Those that live as long as the process. */
  readonly emitters: Readonly<Record<string, EventEmitter>>;
}

const DESCRIPTORS = '/proc/self/fd';

/**
 * An unhandled error does not end the process. It is counted, so that a long run says how often it came.
 *
 * @throws {Error} the process was not started with `--expose-gc`.
 */
export function createProbe({ router, emitters }: ProbeOptions): Probe {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('a probed app is started with --expose-gc');
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const warnings: string[] = [];
  let unhandled = 0;
  const note = (error: unknown): void => {
    unhandled += 1;
    process.stderr.write(`unhandled: ${error instanceof Error ? error.stack : String(error)}\n`);
  };
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  process.on('warning', (warning) => {
    warnings.push(warning.name);
    process.stderr.write(`${warning.stack}\n`);
  });

  return {
    sample: () => {
      const eventLoopDelayMs = delay.max / 1e6;
      collect();
      const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
      const resources: Record<string, number> = {};
      for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
      const sample: Sample = {
        rssBytes: rss,
        heapUsedBytes: heapUsed,
        externalBytes: external,
        arrayBuffersBytes: arrayBuffers,
        resources,
        descriptors: existsSync(DESCRIPTORS) ? readdirSync(DESCRIPTORS).length : undefined,
        listeners: Object.fromEntries(
          Object.entries({ ...emitters, process }).map(([name, emitter]) => [name, listenersOf(emitter)]),
        ),
        router: router.stats(),
        eventLoopDelayMs,
        unhandled,
        warnings: [...warnings],
      };
      delay.reset();
      return sample;
    },
  };
}

function listenersOf(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}
